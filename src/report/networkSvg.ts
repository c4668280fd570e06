import type { DimsJson, LayerRow, ShapesResult } from '../run/result.js';
import { isSequence, sizesText, stepSizesText, symbolsText } from './dims.js';
import { drawArrows } from './networkArrows.js';
import {
  BOTTOM,
  BOX,
  bar,
  box,
  type Canvas,
  type Column,
  cut,
  dots,
  type Exit,
  FILL,
  GUTTER,
  OTHER_FILL,
  PITCH,
  shapeLabel,
  stepsOf,
  TOP,
  ZONE,
} from './networkCanvas.js';
import { paramsText, totalText } from './paramsText.js';
import { FAINT, path, svgDocument, text } from './svg.js';

/**
 * The network unrolled over time: steps to the right, layers upwards from the input to y, with a shape on every arrow. A layer with one
 * output per step is drawn once for each step shown; a layer that reads a whole sequence is a bar across the steps.
 */
export function networkSvg(result: ShapesResult): string {
  const axes = [result.input, ...result.layers.flatMap(layer => [layer.input, layer.output])].filter(isSequence).map(columnsOf);
  const right = Math.max(...axes.map(columns => columns[columns.length - 1].x)) + PITCH / 2;
  const heights = result.layers.map(bandHeight);
  const height = TOP + BOTTOM + heights.reduce((sum, h) => sum + h + ZONE, ZONE);
  let canvas: Canvas = { columns: columnsOf(result.input), right, body: [] };
  drawTitle(result, canvas);
  let y = height - BOTTOM;
  const exits = new Map<string, Exit>([[inputName(result), drawInput(result, y, canvas)]]);
  for (const other of result.inputs.slice(1)) exits.set(other.name, furtherInput(other, canvas));
  result.layers.forEach((layer, i) => {
    const base = y - ZONE;
    const below = i === 0 ? inputName(result) : result.layers[i - 1].name;
    drawArrows(layer, base, { below, input: inputName(result) }, exits, canvas);
    if (isSequence(layer.output)) canvas = { ...canvas, columns: columnsOf(layer.output) };
    exits.set(layer.name, drawBand(layer, base, heights[i], canvas));
    y = base - heights[i];
  });
  drawOutput(result, exits.get(result.layers[result.layers.length - 1].name)!, canvas);
  return svgDocument(right + GUTTER.right, height, `${result.title}, unrolled over time`, canvas.body);
}

/** The name under which layers read the model's input, which is what the first layer of a chain reads. */
function inputName({ model, layers }: ShapesResult): string {
  return layers[0]?.inputs[0] ?? model.inputName;
}

const MOST_STEPS = 5;

/** The steps of axis 1 to draw. */
function columnsOf({ dims, shape }: DimsJson): Column[] {
  const T = shape[1];
  const labels =
    T !== null && T <= MOST_STEPS
      ? Array.from({ length: T }, (_, t) => String(t + 1))
      : ['1', '2', '3', '', T === null ? dims[1] : String(T)];
  return labels.map((label, i) => ({ label, x: GUTTER.left + PITCH / 2 + i * PITCH }));
}

function drawTitle({ title, dims, totals }: ShapesResult, { body }: Canvas): void {
  const sizes = Object.entries(dims).map(([letter, size]) => (size === null ? letter : `${letter} = ${size}`));
  body.push(text(24, 34, `${title}, unrolled over time`, { size: 17, bold: true }));
  body.push(text(24, 54, `${sizes.join(', ')}; ${totalText(totals, true)} parameters`, { size: 12, colour: FAINT }));
}

function drawInput(result: ShapesResult, y: number, { columns, body }: Canvas): Exit {
  for (const { x, label } of columns) {
    if (label === '') body.push(dots(x, y + 18));
    else body.push(text(x, y + 20, 'x', { size: 14, anchor: 'middle', bold: true, sub: label }));
  }
  body.push(text(24, y + 20, 'input x', { size: 13, bold: true }));
  return { y: y + 2, xs: stepsOf(columns).map(column => column.x), shape: shapesOf(result.input) };
}

function furtherInput(dims: DimsJson, { columns }: Canvas): Exit {
  const xs = stepsOf(isSequence(dims) ? columnsOf(dims) : columns).map(column => column.x);
  return { y: 0, xs: isSequence(dims) ? xs : xs.slice(-1), shape: shapesOf(dims), apart: true };
}

function isRecurrent(layer: LayerRow): boolean {
  return layer.returnSequences !== null;
}

const MERGE = 22;

function bandHeight(layer: LayerRow): number {
  return isRecurrent(layer) && layer.bidirectional ? 2 * BOX.height + 2 * 22 + MERGE : BOX.height;
}

function drawBand(layer: LayerRow, base: number, height: number, canvas: Canvas): Exit {
  const top = base - height;
  const middle = (base + top) / 2;
  canvas.body.push(text(24, middle - 2, cut(layer.name, 22), { size: 13, bold: true }));
  canvas.body.push(text(24, middle + 13, note(layer), { size: 11, colour: FAINT }));
  const shape = shapesOf(layer.output);
  if (isRecurrent(layer)) return { ...drawRecurrent(layer, base, top, canvas), shape };
  const fill = FILL[layer.kind] ?? OTHER_FILL;
  if (isSequence(layer.input) && isSequence(layer.output)) {
    for (const { x, label } of canvas.columns) canvas.body.push(...(label === '' ? [dots(x, middle)] : box(x, top, boxName(layer), fill)));
    return { y: top, xs: stepsOf(canvas.columns).map(step => step.x), shape };
  }
  const last = stepsOf(canvas.columns)[stepsOf(canvas.columns).length - 1].x;
  if (isSequence(layer.input) || isSequence(layer.output)) {
    canvas.body.push(...bar(canvas, top, BOX.height, boxName(layer), fill));
    return { y: top, xs: isSequence(layer.output) ? stepsOf(canvas.columns).map(step => step.x) : [last], shape };
  }
  canvas.body.push(...box(last, top, boxName(layer), fill));
  return { y: top, xs: [last], shape };
}

function drawRecurrent(layer: LayerRow, base: number, top: number, canvas: Canvas): Omit<Exit, 'shape'> {
  const all = stepsOf(canvas.columns).map(step => step.x);
  const first = all[0];
  const last = all[all.length - 1];
  if (!layer.bidirectional) {
    const backwards = layer.options.goBackwards === true;
    drawChain(layer, base - BOX.height, backwards, canvas);
    return { y: top, xs: layer.returnSequences ? all : [backwards ? first : last] };
  }
  const forward = base - BOX.height;
  const backward = forward - 22 - BOX.height;
  const bars = backward - 22;
  // x_t runs behind the lower box to the upper one, and h of the lower box behind the upper one to the merge
  for (const x of all) {
    const riser = path([x, base + 10, x - 24, base + 10, x - 24, backward + BOX.height], FAINT);
    canvas.body.push(riser);
    if (layer.returnSequences || x === last) canvas.body.push(path([x + 24, forward, x + 24, bars]));
    if (layer.returnSequences || x === first) canvas.body.push(path([x, backward, x, bars]));
  }
  drawChain(layer, forward, false, canvas);
  drawChain(layer, backward, true, canvas);
  canvas.body.push(
    ...bar(canvas, bars - MERGE, MERGE, layer.merge === 'concat' || layer.merge === null ? 'side by side' : layer.merge, '#ede9fe'),
  );
  return { y: top, xs: layer.returnSequences ? all : [last] };
}

/** The boxes of one direction, and the state passed from each to the next. */
function drawChain(layer: LayerRow, top: number, backwards: boolean, { columns, body }: Canvas): void {
  const state = layer.kind === 'lstm' ? 'h, c' : 'h';
  const width = stateShape(layer);
  const middle = top + BOX.height / 2;
  columns.forEach(({ x, label }, i) => {
    body.push(...(label === '' ? [dots(x, middle)] : box(x, top, boxName(layer), FILL[layer.kind])));
    if (i === 0) return;
    const half = (at: Column) => (at.label === '' ? 16 : BOX.width / 2);
    const [from, to] = [columns[i - 1].x + half(columns[i - 1]), x - half(columns[i])];
    body.push(path(backwards ? [to, middle, from, middle] : [from, middle, to, middle]));
    body.push(text((from + to) / 2, middle - 6, state, { size: 10, anchor: 'middle' }));
    body.push(text((from + to) / 2, middle + 14, width, { size: 9.5, anchor: 'middle', colour: FAINT }));
  });
}

/** Shape of h of one direction, 'N×5'; a projected LSTM passes on h of width P. */
function stateShape({ units, options }: LayerRow): string {
  return typeof options.projection === 'number' ? `N×${options.projection}` : `N×${units}`;
}

function drawOutput({ output }: ShapesResult, exit: Exit, { body, right, columns }: Canvas): void {
  const top = exit.y - ZONE + 14;
  for (const x of exit.xs) {
    const sub = isSequence(output) ? columns.find(column => column.x === x)?.label : undefined;
    body.push(path([x, exit.y, x, top]), shapeLabel(x + 6, (exit.y + top) / 2 + 4, exit.shape.step));
    body.push(text(x, top - 6, 'y', { size: 14, anchor: 'middle', bold: true, sub }));
  }
  body.push(text(right + 14, (exit.y + top) / 2 + 4, exit.shape.whole, { size: 11, colour: FAINT }));
  body.push(text(24, top - 6, 'output y', { size: 13, bold: true }));
}

/** The shape of one step, 'N×5', and the whole shape, '(N, T, M) = N×10×5'. */
function shapesOf(shape: DimsJson): Exit['shape'] {
  return { step: stepSizesText(shape), whole: `${symbolsText(shape)} = ${sizesText(shape)}` };
}

function note(layer: LayerRow): string {
  const count = layer.weights.length === 0 ? '' : `, ${paramsText(layer, true)} parameters`;
  return cut(layer.kerasClass, 18) + count;
}

function boxName(layer: LayerRow): string {
  return cut(isRecurrent(layer) ? layer.kind.toUpperCase() : layer.kind, 11);
}
