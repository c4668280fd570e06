import { symmetric } from '../report/palette.js';
import type { LayerRow, ShapesResult } from '../run/result.js';
import { cellColour, css, isDark } from './colours.js';
import { el, replace, svg } from './dom.js';
import { shownName } from './text.js';

/**
 * The network unrolled: time to the right, layers upwards, a shape on every arrow. Of a long sequence the steps around the selected one are
 * drawn. Every box is a button: it chooses its layer and step.
 */
export interface FigureView {
  readonly layer: string;
  readonly way: number;
  /** from 0 */
  readonly step: number;
  /** steps of the sequence that a layer reads or gives; null: symbolic */
  steps(layer: string): number | null;
  /** what a layer starts with, where the network gives its states: 'encoder/h' */
  states(layer: string): readonly string[];
  /** values of a layer at a step for its strip of cells: h, or what the layer gives; undefined: not known */
  strip(layer: string, way: number, step: number): ArrayLike<number> | undefined;
}

export interface FigureActions {
  choose(layer: string, way: number, step: number | null): void;
}

const LEAST_PITCH = 92;
const MOST_PITCH = 118;
const BOX = { width: 62, height: 40 };
const GAP = 50;
const WAY_GAP = 16;
const LEFT = 124;

interface Column {
  /** null: steps that are left out */
  readonly step: number | null;
  /** '3', 'T' */
  readonly label: string;
  readonly x: number;
}

/** A place for the picture, which keeps its scroll position while its content is redrawn. */
export function figureFrame(): HTMLElement {
  return el('div', { class: 'figure-scroll', tabindex: 0, role: 'region', 'aria-label': 'the network unrolled over time' });
}

/** Draws the network into its frame; the selected step is scrolled into view. */
export function drawFigure(frame: HTMLElement, shapes: ShapesResult, view: FigureView, actions: FigureActions): void {
  const room = frame.clientWidth || 900;
  const { drawing, now, width } = figure(shapes, view, actions, room);
  replace(frame, drawing);
  if (now === null || width <= room) return;
  const [left, right] = [now - MOST_PITCH, now + MOST_PITCH];
  if (left < frame.scrollLeft || right > frame.scrollLeft + room) frame.scrollLeft = Math.max(0, now - room / 2);
}

interface Figure {
  readonly drawing: SVGElement;
  /** x of the selected step */
  readonly now: number | null;
  readonly width: number;
}

function figure(shapes: ShapesResult, view: FigureView, actions: FigureActions, room: number): Figure {
  const [first] = shapes.layers;
  const lengths = shapes.layers.map(({ name }) => view.steps(name));
  const T = view.steps(first.name);
  const given = shapes.layers.flatMap(({ output }) => (isSequence(output) && output.shape[1] !== null ? [output.shape[1]] : []));
  // room for the longest shape at the right
  const margin = 24 + 6.6 * Math.max(...[shapes.input, ...shapes.layers.map(({ output }) => output)].map(of => dimsText(of).length));
  const grid = gridOf([T, ...lengths, ...given], view.step, room - LEFT - margin - 4);
  const columns = grid.columns(T);
  const right = grid.right;
  const heights = shapes.layers.map(layer => (layer.bidirectional ? 2 * BOX.height + WAY_GAP : BOX.height));
  const height = 34 + GAP + heights.reduce((sum, h) => sum + h + GAP, 0) + 34;
  const width = right + margin;
  const drawing = svg('svg', {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'group',
    'aria-label': `${shapes.title}, unrolled over time: steps ${stepsText(columns)} of ${T ?? 'T'}`,
  });
  drawing.append(arrowHead(), highlight(grid.columns(view.steps(view.layer)), view, height, grid.pitch));
  let y = height - 34;
  drawInput(drawing, columns, view, y);
  y -= 12;
  let giver: Giver = {
    top: y,
    columns,
    ends: 'each',
    label: dimsText(shapes.input),
    step: stepShape(shapes.input),
    names: new Set([shapes.model.inputName]),
  };
  shapes.layers.forEach((layer, i) => {
    const base = y - GAP;
    const top = base - heights[i];
    const own = grid.columns(lengths[i]);
    const straight = layer.inputs.some(name => giver.names.has(name)) || (i === 0 && layer.inputs.length === 1);
    if (straight) drawRise(drawing, giver, base, right);
    const others = layer.inputs.filter(name => !giver.names.has(name));
    if (others.length > 0 && !(i === 0 && straight))
      drawing.append(label(24, base + 20, `reads ${others.map(name => shownName(name, 14)).join(', ')}`, 'note'));
    drawBand(drawing, layer, base, top, own, view, actions);
    drawStart(drawing, view.states(layer.name), own, base);
    giver = {
      top,
      columns: isSequence(layer.output) ? grid.columns(layer.output.shape[1] ?? lengths[i]) : own,
      ends: endsOf(layer),
      label: dimsText(layer.output),
      step: stepShape(layer.output),
      names: new Set([layer.name]),
    };
    y = top;
  });
  drawOutput(drawing, giver, y, right);
  const now = grid.columns(view.steps(view.layer)).find(({ step }) => step === view.step)?.x ?? null;
  return { drawing, now, width };
}

/** The last step of a T that is not known. */
const SYMBOLIC = Number.POSITIVE_INFINITY;

interface Columns {
  readonly pitch: number;
  /** x of the right end */
  readonly right: number;
  columns(T: number | null): Column[];
}

/** One pitch for all; each length has its own columns: all steps, or the first, the last, and those around the selected one. */
function gridOf(lengths: readonly (number | null)[], step: number, room: number): Columns {
  const most = Math.max(5, Math.floor(room / LEAST_PITCH));
  const stepsOf = (T: number | null) =>
    T === null
      ? [0, 1, 2, null, SYMBOLIC]
      : T <= most
        ? Array.from({ length: T }, (_, t) => t)
        : around(Math.min(Math.max(0, step), T - 1), T, most);
  const widest = Math.max(...lengths.map(T => stepsOf(T).length));
  const pitch = Math.min(MOST_PITCH, Math.max(LEAST_PITCH, room / widest));
  const label = (t: number | null) => (t === null ? '' : t === SYMBOLIC ? 'T' : String(t + 1));
  return {
    pitch,
    right: LEFT + widest * pitch,
    columns: T => stepsOf(T).map((t, i) => ({ step: t, label: label(t), x: LEFT + pitch / 2 + i * pitch })),
  };
}

/** `most` columns: the first, the last, those around the step, and gaps between them where there are any. */
function around(step: number, T: number, most: number): (number | null)[] {
  const run = (from: number, length: number): (number | null)[] => Array.from({ length }, (_, i) => from + i);
  const end = most - 2;
  if (step < end) return [...run(0, end), null, T - 1];
  if (step >= T - end) return [0, null, ...run(T - end, end)];
  const inner = most - 4;
  return [0, null, ...run(step - Math.floor(inner / 2), inner), null, T - 1];
}

function stepsText(columns: readonly Column[]): string {
  const labels = columns.flatMap(({ step, label }) => (step === null ? [] : [label]));
  return `${labels[0]} to ${labels[labels.length - 1]}`;
}

function arrowHead(): SVGElement {
  const head = svg('path', { d: 'M0 0 L7 3.5 L0 7 z', class: 'arrow-head' });
  return svg(
    'defs',
    {},
    svg(
      'marker',
      { id: 'head', markerWidth: 7, markerHeight: 7, refX: 6.4, refY: 3.5, orient: 'auto', markerUnits: 'userSpaceOnUse' },
      head,
    ),
  );
}

function highlight(columns: readonly Column[], { step }: FigureView, height: number, pitch: number): SVGElement | string {
  const here = columns.find(column => column.step === step);
  return here ? svg('rect', { class: 'now', x: here.x - pitch / 2 + 4, y: 4, width: pitch - 8, height: height - 8, rx: 10 }) : '';
}

function drawInput(drawing: SVGElement, columns: readonly Column[], view: FigureView, y: number): void {
  drawing.append(label(24, y + 6, 'input', 'name'), label(66, y + 7, 'x', 'maths'));
  for (const { step, x, label: index } of columns)
    drawing.append(step === null ? label(x, y + 6, '⋯', 'dots middle') : indexed(x, y + 8, 'x', index, step === view.step));
}

interface Giver {
  readonly top: number;
  readonly columns: readonly Column[];
  /** where its arrows begin */
  readonly ends: 'each' | 'first' | 'last' | 'both';
  readonly label: string;
  readonly step: string;
  readonly names: ReadonlySet<string>;
}

/** A layer that reads backwards ends at the first step; one that reads both ways at both. */
function endsOf(layer: LayerRow): Giver['ends'] {
  if (isSequence(layer.output)) return 'each';
  if (layer.bidirectional) return 'both';
  return layer.options.goBackwards === true ? 'first' : 'last';
}

function columnsAt(ends: Giver['ends'], columns: readonly Column[]): readonly Column[] {
  const all = columns.filter(column => column.step !== null);
  if (ends === 'each' || all.length === 1) return all;
  return { first: [all[0]], last: all.slice(-1), both: [all[0], all[all.length - 1]] }[ends];
}

/** Arrows straight up from what lies below. */
function drawRise(drawing: SVGElement, from: Giver, base: number, right: number): void {
  const middle = (from.top + base) / 2 + 4;
  for (const { x } of columnsAt(from.ends, from.columns))
    drawing.append(line(x, from.top, x, base), label(x + 6, middle, from.step, 'shape'));
  drawing.append(label(right + 12, middle, from.label, 'whole'));
}

function drawBand(
  drawing: SVGElement,
  layer: LayerRow,
  base: number,
  top: number,
  columns: readonly Column[],
  view: FigureView,
  actions: FigureActions,
): void {
  const middle = (base + top) / 2;
  drawing.append(
    label(24, middle - 3, shownName(layer.name, 15), layer.name === view.layer ? 'name chosen' : 'name'),
    label(24, middle + 13, kindText(layer), 'note'),
  );
  const recurrent = layer.returnSequences !== null;
  if (!recurrent && !(isSequence(layer.input) && isSequence(layer.output))) {
    const across = isSequence(layer.input) || isSequence(layer.output);
    const last = columns.filter(column => column.step !== null).slice(-1)[0];
    const [from, to] = across
      ? [columns[0].x - BOX.width / 2, columns[columns.length - 1].x + BOX.width / 2]
      : [last.x - BOX.width / 2, last.x + BOX.width / 2];
    drawing.append(box({ layer, way: 0, step: null, x: from, y: top, width: to - from }, view, actions));
    return;
  }
  const ways = layer.bidirectional ? [0, 1] : [0];
  for (const way of ways) {
    const y = base - BOX.height - way * (BOX.height + WAY_GAP);
    columns.forEach(({ step, x }, i) => {
      if (step === null) drawing.append(label(x, y + BOX.height / 2 + 5, '⋯', 'dots middle'));
      else drawing.append(box({ layer, way, step, x: x - BOX.width / 2, y, width: BOX.width }, view, actions));
      if (recurrent && i > 0) drawState(drawing, layer, way, columns[i - 1], columns[i], y);
    });
  }
}

/** What the first step starts with, where another layer gives it. */
function drawStart(drawing: SVGElement, states: readonly string[], columns: readonly Column[], base: number): void {
  if (states.length === 0) return;
  const { x } = columns[0];
  const names = states.map(name => shownName(name, 14)).join(', ');
  drawing.append(
    label(24, base + 34, `starts with ${names}`, 'note'),
    line(x - BOX.width / 2 - 20, base - BOX.height / 2, x - BOX.width / 2, base - BOX.height / 2),
  );
}

/** The state that goes from one step to the next. */
function drawState(drawing: SVGElement, layer: LayerRow, way: number, from: Column, to: Column, y: number): void {
  const backwards = (way === 1) !== (layer.options.goBackwards === true);
  const half = (at: Column) => (at.step === null ? 14 : BOX.width / 2);
  const [a, b] = [from.x + half(from), to.x - half(to)];
  const middle = y + BOX.height / 2;
  drawing.append(backwards ? line(b, middle, a, middle) : line(a, middle, b, middle));
  if (from.step === null || to.step === null) return;
  drawing.append(label((a + b) / 2, middle - 6, layer.kind === 'lstm' ? 'h, c' : 'h', 'maths middle small'));
}

interface Box {
  readonly layer: LayerRow;
  readonly way: number;
  readonly step: number | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A layer at a step, with its values as a strip of cells. */
function box({ layer, way, step, x, y, width }: Box, view: FigureView, actions: FigureActions): SVGElement {
  const chosen = layer.name === view.layer && way === view.way;
  const here = chosen && (step === null || step === view.step);
  const family = layer.returnSequences !== null ? 'recurrent' : layer.kind === 'dense' ? 'dense' : 'other';
  const name = layer.returnSequences === null ? layer.kind : layer.kind === 'rnn' ? 'RNN' : layer.kind.toUpperCase();
  const act = () => actions.choose(layer.name, way, step);
  const place = `${shownName(layer.name, 30)}${layer.bidirectional ? (way === 0 ? ' forwards' : ' backwards') : ''}${step === null ? '' : `, step ${step === SYMBOLIC ? 'T' : step + 1}`}`;
  const values = view.strip(layer.name, way, step ?? (view.steps(layer.name) ?? 1) - 1);
  return svg(
    'g',
    {
      class: `box ${family}${chosen ? ' chosen' : ''}${here ? ' here' : ''}`,
      role: 'button',
      tabindex: here ? 0 : -1,
      'aria-label': place,
      'aria-pressed': here,
      'data-key': `box-${layer.name}-${way}-${step}`,
      on: {
        click: act,
        keydown: event => {
          const { key } = event as KeyboardEvent;
          if (key !== 'Enter' && key !== ' ') return;
          event.preventDefault();
          event.stopPropagation();
          act();
        },
      },
    },
    svg('rect', { x, y, width, height: BOX.height, rx: 7 }),
    label(x + width / 2, y + (values ? 17 : BOX.height / 2 + 4.5), shownName(name, 10), 'kind middle'),
    ...strip(values, x + 7, y + BOX.height - 15, width - 14),
  );
}

const MOST_CELLS = 16;

function strip(values: ArrayLike<number> | undefined, x: number, y: number, width: number): SVGElement[] {
  if (!values || values.length === 0) return [];
  const count = Math.min(values.length, MOST_CELLS);
  const each = Math.min(14, width / count);
  const start = x + (width - each * count) / 2;
  let most = 1;
  for (let k = 0; k < values.length; k++) if (Math.abs(values[k]) > most) most = Math.abs(values[k]);
  const dark = isDark();
  return Array.from({ length: count }, (_, k) =>
    svg('rect', {
      class: 'value',
      x: start + k * each,
      y,
      width: Math.max(1, each - 1),
      height: 8,
      fill: css(cellColour(values[k], symmetric(most), dark)),
    }),
  );
}

function drawOutput(drawing: SVGElement, from: Giver, y: number, right: number): void {
  const top = y - GAP + 22;
  const ends = from.ends === 'both' ? 'last' : from.ends;
  for (const { x, label: index } of columnsAt(ends, from.columns)) {
    drawing.append(line(x, y, x, top), label(x + 6, (y + top) / 2 + 4, from.step, 'shape'));
    drawing.append(from.ends === 'each' ? indexed(x, top - 8, 'y', index, false) : label(x, top - 8, 'y', 'maths middle'));
  }
  drawing.append(label(24, top - 6, 'output', 'name'), label(right + 12, (y + top) / 2 + 4, from.label, 'whole'));
}

function line(x1: number, y1: number, x2: number, y2: number): SVGElement {
  return svg('line', { class: 'arrow', x1, y1, x2, y2, 'marker-end': 'url(#head)' });
}

function label(x: number, y: number, text: string, kind: string): SVGElement {
  return svg('text', { x, y, class: `label ${kind}` }, text);
}

function indexed(x: number, y: number, letter: string, index: string, now: boolean): SVGElement {
  return svg('text', { x, y, class: `label maths middle${now ? ' chosen' : ''}` }, letter, svg('tspan', { dy: 4, class: 'sub' }, index));
}

function isSequence({ dims }: LayerRow['input']): boolean {
  return dims.length === 3 || dims[1] === 'T';
}

function kindText(layer: LayerRow): string {
  return `${layer.bidirectional ? 'both ways' : shownName(layer.kerasClass, 18)}`;
}

/** One step's 'N×5'. */
function stepShape({ dims, shape }: LayerRow['input']): string {
  const sizes = shape.map((size, i) => (size === null ? dims[i] : String(size)));
  return (dims.length === 3 || dims[1] === 'T' ? sizes.filter((_, i) => i !== 1) : sizes).join('×');
}

/** '(N, T, M) N×10×5' */
function dimsText({ dims, shape }: LayerRow['input']): string {
  return `(${dims.join(', ')})  ${shape.map((size, i) => (size === null ? dims[i] : String(size))).join('×')}`;
}
