import { getCell } from '../cells/index.js';
import { isRecurrent, type LayerSpec } from '../model/spec.js';
import { type Scale, symmetric } from '../report/palette.js';
import { valueNamed } from '../run/valueNamed.js';
import type { Tensor } from '../tensor/tensor.js';
import { bothSides, fitted } from './colours.js';
import { roleOf } from './formula.js';
import type { Axis, Grid, Mark } from './grid.js';
import type { Model } from './model.js';
import type { Trace } from './trace.js';

/** One heat map of a layer: of its input, a gate, a state, its output or a weight. */
export interface Panel {
  /** name in the hand calculation: 'x_t', 'h', 'i', 'Wx', 'bh' */
  readonly key: string;
  /** for a heading: 'x', 'h_t', 'Wx' */
  readonly title: string;
  /** 'h of rnn_1' */
  readonly label: string;
  readonly grid: Grid;
  readonly kind: 'time' | 'weight' | 'result';
  /** the tensor that can be edited, and the index in it of a cell of this panel */
  readonly edits?: { readonly name: string; readonly place: (row: number, column: number) => number };
}

export interface Place {
  readonly layer: string;
  readonly way: number;
  /** from 0 */
  readonly sample: number;
  readonly step: number;
  readonly unit: number;
}

export const TIME: Omit<Axis, 'length'> = { name: 'step', index: 't', letter: 'T' };

export function panelsOf(model: Model, trace: Trace, { layer: name, way, sample }: Place): Panel[] {
  const layer = model.network.model.layers.find(l => l.name === name)!;
  const given = inputPanel(model, trace, layer, sample);
  const weights = [...outputPanel(model, trace), ...weightPanels(model, layer, way)];
  if (!isRecurrent(layer)) {
    const y = trace.output.layers.get(name)?.tensor;
    const shown = y && name !== model.network.model.output && y.shape.length <= 3;
    return [
      ...given,
      ...(shown ? [valuesPanel(y, { key: 'out', title: 'out', label: `output of ${name}`, letter: 'K' })] : []),
      ...weights,
    ];
  }
  const cell = getCell(layer.kind);
  const states = trace.output.layers.get(name)?.traces?.[way];
  if (!states) return [...given, ...weights];
  const [, T] = states.gates.shape;
  const M = layer.units;
  const G = cell.gates.length;
  const known = trace.known(name, way);
  const gates = (G > 1 ? cell.gates : []).map((gate, g): Panel => {
    const value = (m: number, t: number) => states.gates.data[(t * G + g) * M + m];
    const scale = /^g$/.test(gate) ? symmetric(1) : ({ kind: 'sequential', low: 0, high: 1 } as const);
    return {
      key: gate,
      title: `${gate}_t`,
      label: `gate ${gate} of ${name}`,
      kind: 'time',
      grid: { rows: unitsAxis('M', M), columns: { ...TIME, length: T }, scale, value, known },
    };
  });
  const recorded = cell.states.map((state, s): Panel => {
    const letter = state === 'h' && layer.projection !== null ? 'P' : 'M';
    return valuesPanel(states.states[s], { key: state, title: `${state}_t`, label: `${state} of ${name}`, letter }, known);
  });
  return [...given, ...gates, ...recorded.reverse(), ...weights];
}

/** y of the sample, whichever layer is shown. */
function outputPanel({ shapes }: Model, { output: { y } }: Trace): Panel[] {
  if (y.shape.length > 3) return [];
  const letter = (shapes.output.dims[shapes.output.dims.length - 1] ?? '').replace(/[^A-Z]/g, '');
  const grid = valuesPanel(y, { key: 'y', title: y.shape.length === 3 ? 'y_t' : 'y', label: 'y', letter });
  return [grid];
}

function unitsAxis(letter: string, length: number): Axis {
  const names: Record<string, [string, string]> = {
    M: ['unit', 'm'],
    K: ['output', 'k'],
    D: ['feature', 'd'],
    P: ['output', 'p'],
    F: ['filter', 'f'],
  };
  const [name, index] = names[letter] ?? ['unit', 'm'];
  return { name, index, letter, length };
}

/** The scale of a tensor's numbers; while it grows, only new columns are examined. */
function scaleOfKnown({ shape, data }: Tensor, known: Grid['known']): Scale {
  const width = shape[shape.length - 1] ?? 1;
  const T = data.length / Math.max(1, width);
  const [from, to] = [known?.[0] ?? 0, Math.min(T, known?.[1] ?? T)];
  const seen = ranges.get(data) ?? { from: to, to, ends: [0, 0] };
  const fresh = [data.subarray(from * width, seen.from * width), data.subarray(seen.to * width, to * width)];
  const ends = fresh.reduce(endsOf, seen.ends);
  ranges.set(data, { from, to, ends });
  return fitted(ends);
}
const ranges = new WeakMap<object, { readonly from: number; readonly to: number; readonly ends: readonly number[] }>();

/** The smallest and largest finite number among these values and the given ends. */
function endsOf([low, high]: readonly number[], values: ArrayLike<number>): readonly number[] {
  for (let k = 0; k < values.length; k++) {
    const v = values[k];
    if (v < low && v > Number.NEGATIVE_INFINITY) low = v;
    else if (v > high && v < Number.POSITIVE_INFINITY) high = v;
  }
  return [low, high];
}

interface Named {
  readonly key: string;
  readonly title: string;
  readonly label: string;
  readonly letter: string;
}

/** A heat map of [1, T, M], with time to the right, or of [1, M], as one column. @param known columns whose numbers are known so far */
export function valuesPanel(tensor: Tensor, { key, title, label, letter }: Named, known?: Grid['known']): Panel {
  const { shape, data } = tensor;
  const sequence = shape.length === 3;
  const M = shape[shape.length - 1] ?? 1;
  const columns = sequence ? { ...TIME, length: shape[1] } : { name: 'sample', index: '', letter: '', length: 1 };
  const value = (m: number, t: number) => data[t * M + m];
  return {
    key,
    title,
    label,
    kind: sequence ? 'time' : 'result',
    grid: { rows: unitsAxis(letter, M), columns, scale: scaleOfKnown(tensor, known), value, known },
  };
}

/** The input of the layer; x itself can be edited. */
function inputPanel(model: Model, trace: Trace, layer: LayerSpec, sample: number): Panel[] {
  const { input } = model.network.model;
  const [source] = layer.inputs;
  const isX = source === input.name;
  const tensor = valueNamed(source, model.network.model, trace.input, trace.output)?.tensor;
  if (!tensor || tensor.shape.length > 3) return [];
  const dense = layer.kind === 'dense';
  const title = isX ? 'x_t' : dense ? (tensor.shape.length === 3 ? 'h_t' : 'h') : 'x_t';
  const named = {
    key: dense ? title : 'x_t',
    title,
    label: isX ? 'x' : `what ${layer.name} reads from ${source}`,
    letter: isX ? 'D' : dense ? 'M' : 'D',
  };
  const tokens = tensor.shape.length === 2 && isX && input.features === null;
  const panel = tokens ? tokensPanel(tensor, named) : valuesPanel(tensor, named);
  if (!isX) return [panel];
  const [, T, D = 1] = tensor.shape;
  return [{ ...panel, edits: { name: 'x', place: (row, column) => (sample * T + column) * D + row } }];
}

function tokensPanel({ shape, data }: Tensor, { key, title, label }: Named): Panel {
  const rows = { name: 'token', index: '', letter: '', length: 1 };
  return {
    key,
    title,
    label,
    kind: 'time',
    grid: { rows, columns: { ...TIME, length: shape[1] }, scale: symmetric(Math.max(1, ...data)), value: (_, t) => data[t] },
  };
}

/** scales of weights, cached because weights are large and do not change */
const scales = new WeakMap<Tensor, Scale>();

/** All weights of one direction of the layer, as the matrices of the equations. */
function weightPanels(model: Model, layer: LayerSpec, way: number): Panel[] {
  const owner = layer.shares ?? layer.name;
  const row = model.shapes.layers.find(l => l.name === owner)!;
  const prefix = isRecurrent(layer) && layer.bidirectional !== null ? (way === 0 ? 'forward/' : 'backward/') : '';
  return row.weights
    .filter(({ name }) => name.startsWith(prefix) || !/\//.test(name))
    .flatMap(({ name, dims, gates }) => {
      const tensor = model.weights.get(`${owner}/${name}`);
      if (!tensor || tensor.shape.length > 2) return [];
      const { shape } = tensor;
      const title = name.slice(name.startsWith(prefix) ? prefix.length : 0);
      const [R, C] = shape.length === 2 ? shape : [1, shape[0] ?? 1];
      const rowsDim = shape.length === 2 ? dims[0] : '';
      const columnsDim = dims[dims.length - 1] ?? '';
      const rows =
        rowsDim === '' || /^\d+$/.test(rowsDim)
          ? { name: 'row', index: '', letter: '', length: R }
          : { ...unitsAxis(rowsDim.replace(/\d/g, ''), R), letter: rowsDim };
      const columns = { ...unitsAxis(columnsDim.replace(/[^A-Z]/g, ''), C), letter: columnsDim.replace(/^(\d+)\*?([A-Z])/, '$1·$2') };
      const scale = scales.get(tensor) ?? bothSides(tensor.data);
      scales.set(tensor, scale);
      const grid = { rows, columns, scale, groups: gates ?? undefined, value: (r: number, c: number) => tensor.data[r * C + c] };
      const edits = { name: `${owner}/${name}`, place: (r: number, c: number) => r * C + c };
      return [{ key: title, title, label: `${title} of ${layer.name}`, kind: 'weight' as const, grid, edits }];
    });
}

/** Where a number of the hand calculation is: 'Wx_i[1,2]' is in the panel 'Wx', row 0, column 1 of gate i. */
export function placeOf(
  name: string,
  panels: ReadonlyMap<string, Panel>,
  step: number,
): { readonly key: string; readonly mark: Mark } | null {
  const match = /^(.+)\[(\d+)(?:,(\d+))?\]$/.exec(name);
  if (!match) return null;
  const [, label, first, second] = match;
  const [, letter, subscript = ''] = /^([A-Za-z]+'?)(?:_\{?([^}]*)\}?)?$/.exec(label) ?? [];
  if (letter === undefined) return null;
  const cell = (key: string, row: number, column: number) => ({
    key,
    mark: { rows: [row, row], columns: [column, column], role: roleOf(label) } as Mark,
  });
  if (second !== undefined) {
    const grid = panels.get(letter)?.grid;
    if (!grid) return null;
    const gate = grid.groups ? Math.max(0, grid.groups.indexOf(subscript)) : 0;
    return cell(letter, Number(first) - 1, gate * (grid.columns.length / (grid.groups?.length ?? 1)) + Number(second) - 1);
  }
  if (/^b/.test(letter)) {
    const key = panels.has(letter) ? letter : 'bh';
    const grid = panels.get(key)?.grid;
    if (!grid) return null;
    const gate = grid.groups && subscript !== '' ? Math.max(0, grid.groups.indexOf(subscript)) : 0;
    return cell(key, letter.endsWith("'") ? 1 : 0, gate * (grid.columns.length / (grid.groups?.length ?? 1)) + Number(first) - 1);
  }
  const key = panels.has(label) ? label : letter;
  const grid = panels.get(key)?.grid;
  if (!grid) return null;
  const column = subscript === 't−1' ? step - 1 : subscript === 't+1' ? step + 1 : grid.columns.length === 1 ? 0 : step;
  return column < 0 || column >= grid.columns.length ? null : cell(key, Number(first) - 1, column);
}
