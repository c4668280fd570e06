import { bytesText } from '../report/numbers.js';
import type { InspectPage, TensorFigures } from '../run/page/pageData.js';
import type { InspectTensor } from '../run/result.js';
import { bothSides } from './colours.js';
import { dataTable } from './dataTable.js';
import { cell, el, oncePerFrame, replace, section, svg, tableRow } from './dom.js';
import { networkFigure } from './figure.js';
import { NAMES } from './frameworkTable.js';
import type { Axis, Grid } from './grid.js';
import { heatMap } from './heatMap.js';
import { countText, layerTable, markLayer } from './layerTable.js';
import { pageFoot, pageHead } from './pageParts.js';
import { sequencesIn } from './sequencesIn.js';
import { numberText, shownName } from './text.js';
import { unpack } from './unpack.js';

/**
 * `inspect --html`: the tensors of a file with their roles and gates, small ones as heat maps, large ones as figures; and the network in
 * the file.
 */
export function inspectPage(root: HTMLElement, data: InspectPage): void {
  const { result } = data;
  const named = result.tensors.findIndex(({ role }) => role !== null);
  let chosen = Math.max(0, named);
  let layer = result.network?.layers[0]?.name ?? '';
  const choose = (i: number) => {
    chosen = i;
    detail.fromTheStart();
    draw();
  };
  const pick = (name: string) => {
    layer = name;
    const own = result.tensors.findIndex(tensor => tensor.name.includes(name));
    if (own >= 0) chosen = own;
    draw();
  };
  const draw = oncePerFrame(() => {
    list.show(chosen);
    detail.show(chosen);
    network.show(layer);
    root.dataset.ready = '';
  });
  const list = tensorList(data, choose, () => draw());
  const detail = tensorDetail(data);
  const network = networkSection(data, pick);
  const { skipped } = result;
  const facts = el('p', { class: 'verdict-line' }, ...factLine(data));
  const rest = `Beside the weights: ${skipped.slice(0, 20).join(', ')}${skipped.length > 20 ? ' …' : ''}`;
  root.append(
    pageHead(data, 'inspect', el('h1', {}, shownName(result.file, 100)), stateOf(data), facts),
    el(
      'main',
      { id: 'main' },
      el('div', { class: 'bench' }, list.node, detail.node),
      graphSection(data),
      network.node,
      skipped.length > 0 && el('p', { class: 'note' }, rest),
    ),
    pageFoot(data, result.notes, result.assumptions, []),
  );
  draw();
}

/** The list of tensors, with a field to search for part of a name. */
function tensorList(data: InspectPage, choose: (i: number) => void, draw: () => void) {
  const { totals, tensors } = data.result;
  let filter = '';
  let listed: (ReturnType<typeof tensorTable> & { readonly filter: string }) | undefined;
  const words = { placeholder: 'a part of a name', 'aria-label': 'tensors whose name has', 'data-key': 'filter' };
  const search = el('input', { type: 'search', ...words });
  search.addEventListener('input', () => {
    filter = search.value;
    draw();
  });
  const list = el('div', {});
  const heading = el('h2', {}, `Tensors: ${countText(totals.tensors)}`);
  return {
    node: section('tensors', null, el('div', { class: 'list-head' }, heading, tensors.length > 12 && search), list),
    show(chosen: number): void {
      if (listed?.filter !== filter) {
        listed = { filter, ...tensorTable(data, filter, choose) };
        replace(list, listed.node);
      }
      listed.mark(chosen);
    },
  };
}

/** What is known of the chosen tensor, and its numbers if they are few. */
function tensorDetail({ result, tensors }: InspectPage) {
  const node = el('section', { class: 'hand tensor', 'aria-label': 'the chosen tensor' });
  let shown = 0;
  let cursor: readonly [number, number] = [0, 0];
  const map = heatMap({
    title: el('span', {}, 'numbers'),
    label: () => `numbers of ${shownName(result.tensors[shown]?.name ?? '')}`,
    onSelect(row, column) {
      cursor = [row, column];
      show(shown);
    },
  });
  const show = (chosen: number) => {
    shown = chosen;
    const tensor = result.tensors[chosen];
    const { values, figures } = tensors[chosen] ?? {};
    if (!tensor || !figures) {
      replace(node, el('p', { class: 'note' }, 'There is no tensor in this file.'));
      return;
    }
    const numbers = values ? map.node : el('p', { class: 'note' }, `${countText(tensor.count)} numbers: too many to be drawn one by one.`);
    replace(node, el('h2', {}, shownName(tensor.name, 120)), factsOf(tensor, figures), histogram(figures), numbers);
    if (values) map.show({ grid: gridOf(tensor, unpack(values).data, result.framework), selected: cursor, marks: [] });
  };
  const fromTheStart = () => {
    cursor = [0, 0];
  };
  return { node, show, fromTheStart };
}

/** The network in the file, or why it is not known. */
function networkSection({ result: { network, reason }, spec }: InspectPage, pick: (layer: string) => void) {
  const picture = networkFigure({ choose: pick });
  const why = el('p', { class: 'note' }, reason ?? 'This file does not say which network it is for.');
  const parts = network ? [picture.node, layerTable(network, pick)] : [why];
  const node = section('the network', network ? `The network: ${network.title}` : 'The network', ...parts);
  return {
    node,
    show(layer: string): void {
      if (!network) return;
      markLayer(node, layer);
      picture.show(network, { layer, way: 0, step: -1, ...sequencesIn(network, spec), strip: () => undefined });
    },
  };
}

function stateOf({ result: { runs, reason } }: InspectPage): HTMLElement {
  const words = runs ? 'rnn-cli can run this network' : (reason ?? 'rnn-cli cannot run it');
  return el(
    'div',
    { class: `badge ${runs ? 'equal' : 'changed'}` },
    el('span', { class: 'dot', 'aria-hidden': true }),
    el('span', { class: 'words' }, words.length > 90 ? `${words.slice(0, 89)}…` : words),
  );
}

function factLine({ result }: InspectPage): string[] {
  const { format, framework, frameworkVersion, bytes, totals, sha256, reason, runs } = result;
  const digest = sha256 ? ` sha256 ${sha256}.` : '';
  const why = !runs && reason ? ` ${reason}.` : '';
  return [
    `Format ${format}${framework ? ` (${[NAMES[framework] ?? framework, frameworkVersion].filter(Boolean).join(' ')})` : ''}; ${bytesText(bytes)}, ${counted(totals.numbers, 'number')} in ${counted(totals.tensors, 'tensor')}.${why}${digest}`,
  ];
}

function counted(n: number | bigint, what: string): string {
  return `${countText(n)} ${what}${Number(n) === 1 ? '' : 's'}`;
}

/** 'recurrent kernel' */
function roleText(role: string | null): string {
  return (role ?? '').replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
}

const MOST_ROWS = 400;

/** The table of tensors, and a function that marks the chosen one. */
function tensorTable(
  { result, tensors }: InspectPage,
  filter: string,
  choose: (i: number) => void,
): { node: HTMLElement; mark(chosen: number): void } {
  const found = result.tensors.flatMap((tensor, i) => (tensor.name.toLowerCase().includes(filter.toLowerCase()) ? [i] : []));
  const rows = found.slice(0, MOST_ROWS).map(i => {
    const { name, role, shape, dtype, count, gates } = result.tensors[i];
    return tableRow(
      { on: { click: () => choose(i) } },
      el('button', { type: 'button', class: 'quiet name', 'data-key': `tensor-${i}` }, shownName(name, 70)),
      cell('', roleText(role), gates ? el('span', { class: 'gates' }, ` ${gates.join(' ')}`) : ''),
      cell('sizes', shape.join('×') || 'scalar'),
      cell('', dtype),
      cell('number', countText(count)),
      cell('', spark(tensors[i].figures)),
    );
  });
  const more = found.length - rows.length;
  const rest = more > 0 && el('tr', {}, el('td', { colspan: 6 }, `… ${countText(more)} more; a part of a name finds them`));
  const heads = ['name', 'role', 'shape', 'type', 'numbers', 'spread'];
  const node = dataTable({ label: 'list of tensors', kind: 'list', heads, number: 'numbers', rows: [...rows, rest] });
  const mark = (chosen: number) => {
    for (const [at, row] of rows.entries()) {
      row.className = found[at] === chosen ? 'chosen' : '';
      row.querySelector('button')!.setAttribute('aria-pressed', String(found[at] === chosen));
    }
  };
  return { node, mark };
}

/** The histogram as small bars. */
function spark({ histogram: bins }: TensorFigures): SVGElement {
  const most = Math.max(1, ...bins);
  const bars = bins.map((count, i) => (count === 0 ? '' : `M${2 * i + 0.8} 16v${((-15 * count) / most).toFixed(1)}`)).join('');
  return svg('svg', { class: 'spark', viewBox: '0 0 64 16', width: 64, height: 16, 'aria-hidden': true }, svg('path', { d: bars }));
}

function factsOf({ shape, dtype, count, role, gates }: InspectTensor, figures: TensorFigures): HTMLElement {
  const { least, greatest, mean, deviation, zeros, notFinite } = figures;
  const row = (name: string, value: string) => [el('dt', {}, name), el('dd', {}, value)];
  return el(
    'dl',
    { class: 'work' },
    ...row('shape', `${shape.join(' × ') || 'scalar'}, ${dtype}, ${counted(count, 'number')}`),
    ...(role ? row('role', roleText(role) + (gates ? `, gates ${gates.join(' ')}` : '')) : []),
    ...row('from, to', `${numberText(least, 4)} … ${numberText(greatest, 4)}`),
    ...row('mean', `${numberText(mean, 4)}, deviation ${numberText(deviation, 4)}`),
    ...row('zeros', `${countText(zeros)}${notFinite > 0 ? `; not finite: ${countText(notFinite)}` : ''}`),
  );
}

function histogram({ histogram: bins, least, greatest }: TensorFigures): HTMLElement | null {
  if (bins.length === 0) return null;
  const most = Math.max(1, ...bins);
  const [width, height] = [320, 70];
  const each = width / bins.length;
  const bars = bins.map((count, i) =>
    svg('rect', { x: i * each, y: height - (height * count) / most, width: each - 1, height: (height * count) / most }),
  );
  const label = `how the numbers are spread from ${numberText(least, 3)} to ${numberText(greatest, 3)}; the fullest of ${bins.length} intervals has ${countText(most)}`;
  return el(
    'figure',
    { class: 'histogram' },
    svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label, preserveAspectRatio: 'none' }, ...bars),
    el('figcaption', {}, el('span', {}, numberText(least, 3)), el('span', {}, numberText(greatest, 3))),
  );
}

/** The tensor as a matrix, as in the file: the leading axes become rows. */
function gridOf({ shape, gates }: InspectTensor, data: ArrayLike<number>, framework: string | null): Grid {
  const C = shape.length === 0 ? 1 : shape[shape.length - 1];
  const R = C === 0 ? 0 : data.length / C;
  const rows: Axis = { name: 'row', index: 'i', letter: '', length: R };
  const columns: Axis = { name: 'column', index: 'j', letter: '', length: C };
  // Keras places gates side by side, PyTorch and ONNX one below the other
  const across = gates && C % gates.length === 0 && (shape.length === 1 || !/torch|onnx/.test(framework ?? ''));
  const groups = gates ?? undefined;
  return {
    rows,
    columns,
    scale: bothSides(data),
    value: (row, column) => data[row * C + column],
    ...(across ? { groups } : gates && R % gates.length === 0 ? { rowGroups: groups } : {}),
  };
}

function graphSection({ result: { graph } }: InspectPage): HTMLElement | false {
  if (!graph) return false;
  const valuesText = (values: typeof graph.inputs | typeof graph.outputs) =>
    values.map(({ name, shape }) => `${name} ${shape ? `[${shape.map(n => n ?? '?').join(', ')}]` : ''}`).join(', ');
  const operators = Object.entries(graph.operators).map(([name, count]) => {
    const isRun = !graph.unsupported.includes(name);
    return el('li', { class: isRun ? '' : 'bad' }, `${name} × ${count}${isRun ? '' : ', not supported'}`);
  });
  return section(
    'the graph',
    `The graph: ${countText(graph.nodes)} nodes`,
    el('p', {}, `reads ${valuesText(graph.inputs)}; gives ${valuesText(graph.outputs)}`),
    el('ul', { class: 'operators' }, ...operators),
  );
}
