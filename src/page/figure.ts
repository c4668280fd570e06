import { isSequence, stepSizesText } from '../report/dims.js';
import type { LayerRow, ShapesResult } from '../run/result.js';
import { changes, el, replace, scrolling, svg } from './dom.js';
import { BOX, box, GAP, stripsOn, WAY_GAP } from './figureBox.js';
import { type Column, type Columns, columnsOf, LEFT, MOST_PITCH, stepsAround, stepsText } from './figureColumns.js';
import { arrowHead, columnsAt, dimsText, endsOf, type Giver, indexed, kindText, label, line } from './figureParts.js';
import type { Figure, FigureActions, FigureView } from './figureView.js';
import { drawWhenVisible, widthOf } from './inSight.js';
import { shownName } from './text.js';

/** The picture in a frame that keeps its scroll position when the content is redrawn. */
export interface NetworkFigure {
  readonly node: HTMLElement;
  /** Scrolls the selected step into view. */
  show(shapes: ShapesResult, view: FigureView): void;
}

/**
 * The network unrolled: time to the right, layers upwards, a shape on every arrow. For a long sequence, only the steps around the selected
 * one are drawn. Every box is a button that selects its layer and step.
 */
export function networkFigure(actions: FigureActions): NetworkFigure {
  const node = scrolling('figure-scroll', 'the network unrolled over time');
  const isOther = changes();
  const isPaintedOtherwise = changes();
  let figure: Figure | undefined;
  let columns: Columns;
  let latest: readonly [ShapesResult, FigureView] | undefined;
  const strips = el('canvas', { 'aria-hidden': true });
  const paint = drawWhenVisible(
    node,
    () => figure && stripsOn(strips, figure),
    () => latest && show(...latest),
  );
  const show = (shapes: ShapesResult, view: FigureView) => {
    latest = [shapes, view];
    const room = widthOf(node) || 900;
    const lengths = shapes.layers.map(({ name }) => view.steps(name));
    const given = shapes.layers.flatMap(({ output }) => (isSequence(output) && output.shape[1] !== null ? [output.shape[1]] : []));
    // room for the longest shape on the right
    const margin = 24 + 6.6 * Math.max(...[shapes.input, ...shapes.layers.map(({ output }) => output)].map(of => dimsText(of).length));
    const next = columnsOf([...lengths, ...given], view.step, room - LEFT - margin - 4);
    const rows = layersShown(shapes, view.layer);
    if (isOther(shapes, room, next.pattern, rows.join()) || !figure) {
      columns = next;
      figure = drawn(shapes, { view, actions, columns, lengths, rows, width: columns.right + margin });
      replace(node, el('div', { class: 'figure' }, figure.drawing, strips));
    } else columns.become(next);
    figure.view = view;
    for (const mark of figure.marks) mark(view);
    // when moving through time by keys, the focus stays on the selected box
    const { activeElement } = document;
    if (activeElement?.matches('.box:not(.here)') && node.contains(activeElement)) node.querySelector<SVGElement>('.box.here')?.focus();
    if (isPaintedOtherwise(figure, next.steps, ...(view.values ?? []))) paint();
    const now = columns.columns(view.steps(view.layer)).find(({ step }) => step === view.step)?.x;
    if (now === undefined || figure.width <= room) return;
    if (now - MOST_PITCH < node.scrollLeft || now + MOST_PITCH > node.scrollLeft + room) node.scrollLeft = Math.max(0, now - room / 2);
  };
  return { node, show };
}

/** Height of the gap for omitted layers, in pixels. */
const LEFT_OUT = 22;

/** With more layers, only those around the selected one are drawn. */
const MOST_LAYERS = 24;

/** Indices of the layers to draw; null: omitted layers. */
function layersShown({ layers }: ShapesResult, chosen: string): (number | null)[] {
  if (layers.length <= MOST_LAYERS) return layers.map((_, i) => i);
  const at = layers.findIndex(({ name }) => name === chosen);
  return stepsAround(Math.max(0, at), layers.length, MOST_LAYERS / 2);
}

interface Place {
  readonly view: FigureView;
  readonly actions: FigureActions;
  readonly columns: Columns;
  readonly lengths: readonly (number | null)[];
  /** indices of the layers, from the bottom; null: omitted layers */
  readonly rows: readonly (number | null)[];
  readonly width: number;
}

function drawn(shapes: ShapesResult, { view, actions, columns: grid, lengths, rows, width }: Place): Figure {
  const T = view.steps(shapes.layers[0].name);
  const sequence = isSequence(shapes.input);
  const columns = sequence ? grid.columns(T) : grid.columns(T).slice(-1);
  const heights = shapes.layers.map(layer => (layer.bidirectional ? 2 * BOX.height + WAY_GAP : BOX.height));
  const height = 34 + GAP + rows.reduce<number>((sum, i) => sum + (i === null ? LEFT_OUT : heights[i]) + GAP, 0) + 34;
  const drawing = svg('svg', {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'group',
    'aria-label': `${shapes.title}, unrolled over time: steps ${stepsText(columns)} of ${T ?? 'T'}`,
  });
  const figure: Figure = { drawing, width, height, view, actions, marks: [], strips: [] };
  drawing.append(arrowHead());
  drawNow(figure, grid);
  let y = height - 34;
  drawInput(figure, columns, y, sequence);
  y -= 12;
  let giver: Giver = {
    top: y,
    columns,
    ends: 'each',
    label: dimsText(shapes.input),
    step: stepSizesText(shapes.input),
    names: new Set([shapes.model.inputName]),
  };
  for (const [at, i] of rows.entries()) {
    if (i === null) {
      const [below, above] = [rows[at - 1]!, rows[at + 1]!];
      drawRise(figure, giver, y - GAP, grid.right);
      drawing.append(label(24, y - GAP - 8, `⋮ ${above - below - 1} more layers`, 'note'));
      y -= GAP + LEFT_OUT;
      giver = giverOf(shapes.layers[above - 1], y, grid, lengths[above - 1], grid.columns(lengths[above - 1]));
    } else {
      giver = drawLayer(figure, shapes, { index: i, base: y - GAP, top: y - GAP - heights[i], length: lengths[i] }, giver, grid);
      y = giver.top;
    }
  }
  drawOutput(figure, giver, y, grid.right);
  return figure;
}

interface Band {
  /** which layer, from the bottom */
  readonly index: number;
  readonly base: number;
  readonly top: number;
  /** steps of the layer; null: symbolic, or no sequence */
  readonly length: number | null;
}

/** Draws a layer and what it reads. @returns what it gives to the layer above */
function drawLayer(figure: Figure, shapes: ShapesResult, { index, base, top, length }: Band, giver: Giver, grid: Columns): Giver {
  const layer = shapes.layers[index];
  const apart = layer.returnSequences === null && !isSequence(layer.input) && !isSequence(layer.output);
  const all = [grid.columns(length), ...(isSequence(layer.output) ? [grid.columns(layer.output.shape[1])] : [])];
  const own = apart ? columnsAt(giver.ends, giver.columns) : all.reduce((a, b) => (b[b.length - 1].x > a[a.length - 1].x ? b : a));
  const straight = layer.inputs.some(name => giver.names.has(name)) || (index === 0 && layer.inputs.length === 1);
  if (straight) drawRise(figure, giver, base, grid.right);
  const others = layer.inputs.filter(name => !giver.names.has(name));
  const shown = others.map(name => {
    const from = shapes.layers.find(l => l.name === name);
    return `${shownName(name, 11)}${from ? ` ${stepSizesText(from.output)}` : ''}`;
  });
  if (shown.length > 0 && !(index === 0 && straight)) drawOthers(figure, shown, straight, own[0].x, base);
  drawBand(figure, layer, base, top, own);
  drawStart(figure, figure.view.states(layer.name), own, base);
  return giverOf(layer, top, grid, length, apart ? own.slice(-1) : own);
}

function giverOf(layer: LayerRow, top: number, grid: Columns, length: number | null, own: readonly Column[]): Giver {
  return {
    top,
    columns: isSequence(layer.output) ? grid.columns(layer.output.shape[1] ?? length) : own,
    ends: endsOf(layer),
    label: dimsText(layer.output),
    step: stepSizesText(layer.output),
    names: new Set([layer.name]),
  };
}

/** Highlights the selected step, behind everything else. */
function drawNow({ drawing, marks, height }: Figure, { columns, pitch }: Columns): void {
  const now = svg('rect', { class: 'now', y: 4, width: pitch - 8, height: height - 8, rx: 10 });
  drawing.append(now);
  marks.push(view => {
    const here = columns(view.steps(view.layer)).find(({ step }) => step === view.step);
    now.setAttribute('visibility', here ? 'visible' : 'hidden');
    if (here) now.setAttribute('x', String(here.x - pitch / 2 + 4));
  });
}

function drawInput({ drawing, marks }: Figure, columns: readonly Column[], y: number, sequence: boolean): void {
  drawing.append(label(24, y + 6, 'input', 'name'), label(66, y + 7, 'x', 'maths'));
  if (!sequence) {
    drawing.append(label(columns[0].x, y + 7, 'x', 'maths middle'));
    return;
  }
  for (const column of columns) {
    const text = column.step === null ? label(column.x, y + 6, '⋯', 'dots middle') : indexed(column, y + 8, 'x', marks);
    drawing.append(text);
    if (column.step !== null) marks.push(view => text.classList.toggle('chosen', column.step === view.step));
  }
}

/** Draws arrows straight up from what is below. */
function drawRise({ drawing }: Figure, from: Giver, base: number, right: number): void {
  const middle = (from.top + base) / 2 + 4;
  for (const { x } of columnsAt(from.ends, from.columns))
    drawing.append(line(x, from.top, x, base), label(x + 6, middle, from.step, 'shape'));
  drawing.append(label(right + 12, middle, from.label, 'whole'));
}

function drawBand(figure: Figure, layer: LayerRow, base: number, top: number, columns: readonly Column[]): void {
  const { drawing, marks } = figure;
  const middle = (base + top) / 2;
  const name = label(24, middle - 3, shownName(layer.name, 15), 'name');
  drawing.append(name, label(24, middle + 13, kindText(layer), 'note'));
  marks.push(view => name.classList.toggle('chosen', layer.name === view.layer));
  const recurrent = layer.returnSequences !== null;
  const stepByStep = isSequence(layer.input) && isSequence(layer.output) && layer.input.dims[1] === layer.output.dims[1];
  if (!recurrent && !stepByStep) {
    const [from, to] = [columns[0].x - BOX.width / 2, columns[columns.length - 1].x + BOX.width / 2];
    box(figure, { layer, way: 0, column: null, x: from, y: top, width: to - from });
    return;
  }
  const ways = layer.bidirectional ? [0, 1] : [0];
  for (const way of ways) {
    const y = base - BOX.height - way * (BOX.height + WAY_GAP);
    columns.forEach((column, i) => {
      const { step, x } = column;
      if (step === null) drawing.append(label(x, y + BOX.height / 2 + 5, '⋯', 'dots middle'));
      else box(figure, { layer, way, column, x: x - BOX.width / 2, y, width: BOX.width });
      if (recurrent && i > 0) drawState(figure, layer, way, columns[i - 1], columns[i], y);
    });
  }
}

/** Names what a layer reads beside, or instead of, what is right below it, with its shape. */
function drawOthers({ drawing }: Figure, names: readonly string[], straight: boolean, x: number, base: number): void {
  const [from, to] = [x - BOX.width / 2 - 16, x - BOX.width / 2 + 6];
  const lines = names.length > MOST_READ ? [...names.slice(0, MOST_READ - 1), `and ${names.length - MOST_READ + 1} more`] : names;
  [straight ? 'also reads' : 'reads', ...lines].forEach((text, i) => {
    drawing.append(label(24, base + 14 + 12 * i, text, 'note'));
  });
  drawing.append(line(from, base + 12, to, base));
}

/** Most lines of such names between two bands. */
const MOST_READ = 2;

/** Names the initial states if another layer gives them. */
function drawStart({ drawing }: Figure, states: readonly string[], columns: readonly Column[], base: number): void {
  if (states.length === 0) return;
  const { x } = columns[0];
  const names = states.map(name => shownName(name, 14)).join(', ');
  drawing.append(
    label(24, base + 40, `starts with ${names}`, 'note'),
    line(x - BOX.width / 2 - 20, base - BOX.height / 2, x - BOX.width / 2, base - BOX.height / 2),
  );
}

/** Draws the state passed from one step to the next. */
function drawState({ drawing }: Figure, layer: LayerRow, way: number, from: Column, to: Column, y: number): void {
  const backwards = (way === 1) !== (layer.options.goBackwards === true);
  const half = (at: Column) => (at.step === null ? 14 : BOX.width / 2);
  const [a, b] = [from.x + half(from), to.x - half(to)];
  const middle = y + BOX.height / 2;
  drawing.append(backwards ? line(b, middle, a, middle) : line(a, middle, b, middle));
  if (from.step === null || to.step === null) return;
  drawing.append(label((a + b) / 2, middle - 6, layer.kind === 'lstm' ? 'h, c' : 'h', 'maths middle small'));
  const shape = `${layer.output.shape[0] ?? 'N'}×${layer.units ?? 'M'}`;
  if (shape.length * 6 < b - a) drawing.append(label((a + b) / 2, middle + 14, shape, 'shape middle'));
}

function drawOutput({ drawing, marks }: Figure, from: Giver, y: number, right: number): void {
  const top = y - GAP + 22;
  const ends = from.ends === 'both' ? 'last' : from.ends;
  for (const column of columnsAt(ends, from.columns)) {
    const { x } = column;
    drawing.append(line(x, y, x, top), label(x + 6, (y + top) / 2 + 4, from.step, 'shape'));
    drawing.append(from.ends === 'each' ? indexed(column, top - 8, 'y', marks) : label(x, top - 8, 'y', 'maths middle'));
  }
  drawing.append(label(24, top - 6, 'output', 'name'), label(right + 12, (y + top) / 2 + 4, from.label, 'whole'));
}
