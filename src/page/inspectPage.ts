import { bytesText } from '../report/numbers.js';
import type { InspectPage, TensorFigures } from '../run/page/pageData.js';
import type { InspectTensor } from '../run/result.js';
import { bothSides } from './colours.js';
import { dataTable } from './dataTable.js';
import { el, oncePerFrame, replace, svg } from './dom.js';
import { networkFigure } from './figure.js';
import { NAMES } from './frameworkTable.js';
import type { Axis, Grid } from './grid.js';
import { heatMap } from './heatMap.js';
import { countText, layerTable, markLayer } from './layerTable.js';
import { pageFoot, pageHead } from './pageParts.js';
import { sequencesIn } from './sequencesIn.js';
import { numberText, shownName } from './text.js';
import { unpack } from './unpack.js';

/** `inspect --html`: the tensors of a file with their roles and gates, small ones as heat maps, large ones by figures; the network in it. */
export function inspectPage(root: HTMLElement, data: InspectPage): void {
  const { result } = data;
  let chosen = Math.max(
    0,
    result.tensors.findIndex(({ role }) => role !== null),
  );
  let layer = result.network?.layers[0]?.name ?? '';
  let filter = '';
  const list = el('div', {});
  const pick = (name: string) => {
    layer = name;
    const own = result.tensors.findIndex(tensor => tensor.name.includes(name));
    if (own >= 0) chosen = own;
    draw();
  };
  const picture = networkFigure({ choose: pick });
  const detail = el('section', { class: 'hand tensor', 'aria-label': 'the chosen tensor' });
  const network = el('section', { 'aria-label': 'the network' });
  const map = heatMap({
    title: el('span', {}, 'numbers'),
    label: () => `numbers of ${shownName(result.tensors[chosen]?.name ?? '')}`,
    onSelect: at,
  });
  let cursor: readonly [number, number] = [0, 0];
  function at(row: number, column: number): void {
    cursor = [row, column];
    drawDetail();
  }
  const choose = (i: number) => {
    chosen = i;
    cursor = [0, 0];
    draw();
  };
  let listed: (ReturnType<typeof tensorTable> & { readonly filter: string }) | undefined;
  const draw = oncePerFrame(() => {
    if (listed?.filter !== filter) {
      listed = { filter, ...tensorTable(data, filter, choose) };
      replace(list, listed.node);
    }
    listed.mark(chosen);
    drawDetail();
    drawNetwork();
    root.dataset.ready = '';
  });
  const drawDetail = () => {
    const tensor = result.tensors[chosen];
    const { values, figures } = data.tensors[chosen] ?? {};
    if (!tensor || !figures) {
      replace(detail, el('p', { class: 'note' }, 'There is no tensor in this file.'));
      return;
    }
    const parts = [el('h2', {}, shownName(tensor.name, 120)), factsOf(tensor, figures), histogram(figures)];
    replace(
      detail,
      ...parts,
      values ? map.node : el('p', { class: 'note' }, `${countText(tensor.count)} numbers: too many to be drawn one by one.`),
    );
    if (values) map.show({ grid: gridOf(tensor, unpack(values).data, result.framework), selected: cursor, marks: [] });
  };
  const drawNetwork = () => {
    if (!result.network) {
      replace(
        network,
        el('h2', {}, 'The network'),
        el('p', { class: 'note' }, result.reason ?? 'This file does not say which network it is for.'),
      );
      return;
    }
    const view = { layer, way: 0, step: -1, ...sequencesIn(result.network, data.spec), strip: () => undefined };
    if (picture.node.parentElement !== network)
      replace(network, el('h2', {}, `The network: ${result.network.title}`), picture.node, layerTable(result.network, pick));
    markLayer(network, layer);
    picture.show(result.network, view);
  };
  const search = el('input', {
    type: 'search',
    placeholder: 'a part of a name',
    'aria-label': 'tensors whose name has',
    'data-key': 'filter',
  });
  search.addEventListener('input', () => {
    filter = search.value;
    draw();
  });

  root.append(
    pageHead(
      data,
      'inspect',
      el('h1', {}, shownName(result.file, 100)),
      stateOf(data),
      el('p', { class: 'verdict-line' }, ...factLine(data)),
    ),
    el(
      'main',
      { id: 'main' },
      el(
        'div',
        { class: 'bench' },
        el(
          'section',
          { 'aria-label': 'tensors' },
          el(
            'div',
            { class: 'list-head' },
            el('h2', {}, `Tensors: ${countText(result.totals.tensors)}`),
            result.tensors.length > 12 && search,
          ),
          list,
        ),
        detail,
      ),
      graphSection(data),
      network,
      result.skipped.length > 0 &&
        el(
          'p',
          { class: 'note' },
          `Beside the weights: ${result.skipped.slice(0, 20).join(', ')}${result.skipped.length > 20 ? ' …' : ''}`,
        ),
    ),
    pageFoot(data, result.notes, result.assumptions, []),
  );
  draw();
}

function stateOf({ result: { runs, reason } }: InspectPage): HTMLElement {
  const words = runs ? 'this network runs here' : (reason ?? 'it does not run here');
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

/** The list, and what marks the chosen tensor in it. */
function tensorTable(
  { result, tensors }: InspectPage,
  filter: string,
  choose: (i: number) => void,
): { node: HTMLElement; mark(chosen: number): void } {
  const found = result.tensors.flatMap((tensor, i) => (tensor.name.toLowerCase().includes(filter.toLowerCase()) ? [i] : []));
  const rows = found.slice(0, MOST_ROWS).map(i => {
    const { name, role, shape, dtype, count, gates } = result.tensors[i];
    return el(
      'tr',
      { on: { click: () => choose(i) } },
      el('th', { scope: 'row' }, el('button', { type: 'button', class: 'quiet name', 'data-key': `tensor-${i}` }, shownName(name, 70))),
      el('td', {}, roleText(role), gates ? el('span', { class: 'gates' }, ` ${gates.join(' ')}`) : ''),
      el('td', { class: 'sizes' }, shape.join('×') || 'scalar'),
      el('td', {}, dtype),
      el('td', { class: 'number' }, countText(count)),
      el('td', {}, spark(tensors[i].figures)),
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

/** The histogram as a line of bars. */
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

/** The tensor as a matrix, as written in the file: leading axes are rows. */
function gridOf({ shape, gates }: InspectTensor, data: ArrayLike<number>, framework: string | null): Grid {
  const C = shape.length === 0 ? 1 : shape[shape.length - 1];
  const R = C === 0 ? 0 : data.length / C;
  const rows: Axis = { name: 'row', index: 'i', letter: '', length: R };
  const columns: Axis = { name: 'column', index: 'j', letter: '', length: C };
  // Keras keeps its gates side by side, PyTorch and ONNX one below the other
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
  const shapeText = (shape: readonly (number | string | null)[] | null) => (shape ? `[${shape.map(n => n ?? '?').join(', ')}]` : '');
  const operators = Object.entries(graph.operators).map(([name, count]) =>
    el(
      'li',
      { class: graph.unsupported.includes(name) ? 'bad' : '' },
      `${name} × ${count}${graph.unsupported.includes(name) ? ', not run here' : ''}`,
    ),
  );
  return el(
    'section',
    { 'aria-label': 'the graph' },
    el('h2', {}, `The graph: ${countText(graph.nodes)} nodes`),
    el(
      'p',
      {},
      `reads ${graph.inputs.map(({ name, shape }) => `${name} ${shapeText(shape)}`).join(', ')}; gives ${graph.outputs.map(({ name, shape }) => `${name} ${shapeText(shape)}`).join(', ')}`,
    ),
    el('ul', { class: 'operators' }, ...operators),
  );
}
