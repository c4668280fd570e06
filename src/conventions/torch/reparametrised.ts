import { sameShape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import type { NamedTensors } from '../convention.js';
import { namedParameters } from './parameterList.js';

/**
 * Computes weights that a PyTorch module derives from others before each use, as in eval mode: weight_norm, w = g · v / ‖v‖, and
 * spectral_norm, w / (uᵀ·W·v), under the names of torch.nn.utils (`weight_g`, `weight_v`; `weight_orig`, `weight_u`, `weight_v`) and of
 * torch.nn.utils.parametrizations (`parametrizations.weight.original0`, `.original1`; `.original`, `.0._u`, `.0._v`); and w ⊙ mask of
 * torch.nn.utils.prune (`weight_orig`, `weight_mask`).
 * @returns the tensors with the weight in place of its parts; the numbers are computed on demand
 */
export function plainWeights(packed: NamedTensors): NamedTensors {
  const tensors = withoutWeightDropout(unpacked(packed));
  const made = new Map<string, Made>();
  for (const name of tensors.keys()) for (const rule of RULES) rule(name, tensors, made);
  if (made.size === 0) return tensors;
  const plain = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    const weight = made.get(name);
    if (weight === undefined) plain.set(name, tensor);
    else plain.set(weight.name, weight.tensor);
  }
  return plain;
}

/** The weight that a tensor is a part of, by its name; undefined if it is not such a part. */
export function weightOfPart(name: string): string | undefined {
  const modern = /^(.*\.|)parametrizations\.([^.]+)\.(original[01]?|0\._[uv])$/.exec(name);
  if (modern) return modern[1] + modern[2];
  return /^(.*)_(g|v|u|orig|mask|raw)$/.exec(name)?.[1];
}

/**
 * Resolves AWD-LSTM's weight dropout: `rnns.0.weight_hh_l0_raw` (in fastai next to `rnns.0.module.weight_hh_l0`) is the weight used in eval
 * mode.
 */
function withoutWeightDropout(tensors: NamedTensors): NamedTensors {
  const raw = [...tensors.keys()].filter(name => /(^|\.)weight_hh_l\d+(_reverse)?_raw$/.test(name));
  if (raw.length === 0) return tensors;
  const plain = new Map(tensors);
  for (const name of raw) {
    plain.delete(name);
    const inner = name.replace(/(module\.)?(weight_hh_l\w+)_raw$/, 'module.$2');
    plain.set(inner, tensors.get(name)!);
  }
  return plain;
}

/**
 * `rnn._all_weight_values.0.param.0.4.1.0.0`: matrix (0) or bias (1) of the input (0) or the recurrence (1); all other entries repeat these
 */
const PACKED_CELL = /^(.*\.|)_all_weight_values\.(\d+)\.param\.0\.(?:4\.([01])\.0\.([01])|.*)$/;
/** `cell._packed_weight_ih.0.0` of an LSTMCell, GRUCell or RNNCell */
const PACKED_ONE = /^(.*\.|)_packed_weight_(ih|hh)\.0\.(?:4\.)?([01])$/;
/** `fc._packed_params._packed_params.0`, in a whole module `.0.0`; scale and zero point are for the output, which stays in float */
const PACKED_LINEAR = /^(.*\.|)(?:_packed_params\._packed_params\.(?:0\.)?([01])|_packed_params\.dtype|scale|zero_point)$/;

/** Whether modules are dynamically quantised (torch.ao.quantization.quantize_dynamic). */
export function isDynamicallyQuantised(names: Iterable<string>): boolean {
  for (const name of names) if (PACKED_CELL.test(name) || PACKED_ONE.test(name) || name.includes('_packed_params.')) return true;
  return false;
}

/** Whether their weights have 8 bits: cells of 16 bits have no packed matrices. */
export function isInt8(names: Iterable<string>): boolean {
  for (const name of names)
    if (/_packed_params\.|_packed_weight_/.test(name) || /_all_weight_values\.\d+\.param\.(0\.)?1\.[01]$/.test(name)) return true;
  return false;
}

/** Renames the tensors of such a file to those of the original modules, in file order. */
function unpacked(tensors: NamedTensors): NamedTensors {
  if (!isDynamicallyQuantised(tensors.keys())) return tensors;
  const cells = cellsIn(tensors);
  if (!cells) return tensors;
  const plain = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    const [cell, one, linear] = [PACKED_CELL, PACKED_ONE, PACKED_LINEAR].map(pattern => pattern.exec(name));
    if (one) plain.set(`${one[1]}${one[3] === '0' ? 'weight' : 'bias'}_${one[2]}`, tensor);
    else if (cell) for (const [own, weight] of cells.get(cell[1]) ?? []) plain.set(own, weight);
    else if (linear?.[2] !== undefined) plain.set(`${linear[1]}${linear[2] === '0' ? 'weight' : 'bias'}`, tensor);
    else if (!linear) plain.set(name, tensor);
  }
  return plain;
}

/** The weights of packed nn.LSTMs and nn.GRUs by name, for each module; undefined if a part is missing. */
function cellsIn(tensors: NamedTensors): ReadonlyMap<string, NamedTensors> | undefined {
  const lists = new Map<string, Tensor[]>();
  for (const [name, tensor] of tensors) {
    const [, prefix, depth, recurrent, bias] = PACKED_CELL.exec(name) ?? [];
    if (recurrent === undefined) continue;
    const list = lists.get(prefix) ?? [];
    // in the order of `parameters()`: both matrices, then both biases
    list[4 * Number(depth) + 2 * Number(bias) + Number(recurrent)] = tensor;
    lists.set(prefix, list);
  }
  const cells = new Map<string, NamedTensors>();
  for (const [prefix, list] of lists) {
    const named = Array.from(list).includes(undefined as never) ? undefined : namedParameters(list);
    if (!named) return undefined;
    cells.set(prefix, new Map([...named].map(([name, tensor]) => [prefix + name.slice(name.indexOf('.') + 1), tensor])));
  }
  return cells;
}

/** A weight that replaces its parts. */
interface Made {
  readonly name: string;
  readonly tensor: Tensor;
}

type Rule = (name: string, tensors: NamedTensors, made: Map<string, Made>) => void;

const RULES: readonly Rule[] = [
  rule(/^(.*\.|)parametrizations\.([^.]+)\.original0$/, path => [`${path}.original0`, `${path}.original1`], weightNorm),
  rule(/^(.*\.|)parametrizations\.([^.]+)\.original$/, path => [`${path}.original`, `${path}.0._u`, `${path}.0._v`], spectralNorm),
  rule(/^(.*\.|)([^.]+)_g$/, path => [`${path}_g`, `${path}_v`], weightNorm),
  rule(/^(.*\.|)([^.]+)_orig$/, path => [`${path}_orig`, `${path}_u`, `${path}_v`], spectralNorm),
  rule(/^(.*\.|)([^.]+)_orig$/, path => [`${path}_orig`, `${path}_mask`], pruned),
];

/**
 * @param pattern matches the name of the first part, and captures the path and name of the weight
 * @param partsOf returns the names of all parts, the first one without its suffix
 */
function rule(pattern: RegExp, partsOf: (path: string) => string[], make: (parts: readonly Tensor[]) => Tensor | undefined): Rule {
  return (found, tensors, made) => {
    const match = pattern.exec(found);
    if (!match) return;
    const names = partsOf(found.replace(/(\.original0?|_g|_orig)$/, ''));
    const parts = names.map(name => tensors.get(name));
    const tensor = parts.every(part => part !== undefined) ? make(parts) : undefined;
    const name = match[1] + match[2];
    if (tensor && !tensors.has(name)) for (const part of names) made.set(part, { name, tensor });
  };
}

/** w = g · v / ‖v‖, with the norm over all axes but the one that g has (usually the rows). */
function weightNorm([g, v]: readonly Tensor[]): Tensor | undefined {
  const axis = g.shape.findIndex(n => n > 1);
  const count = axis < 0 ? 1 : g.shape[axis];
  if (sizeOf(g.shape) !== count || (axis >= 0 && v.shape[axis] !== count)) return undefined;
  const inner = sizeOf(v.shape.slice(axis + 1));
  const of = (i: number) => (axis < 0 ? 0 : Math.floor(i / inner) % count);
  return computed(v, data => {
    const squares = new Float64Array(count);
    for (let i = 0; i < data.length; i++) squares[of(i)] += data[i] * data[i];
    return i => (data[i] * g.data[of(i)]) / Math.sqrt(squares[of(i)]);
  });
}

/** w / σ with σ = uᵀ·W·v, where W is w as [rows, everything else]. */
function spectralNorm([w, u, v]: readonly Tensor[]): Tensor | undefined {
  const [rows, columns] = [sizeOf(u.shape), sizeOf(v.shape)];
  if (w.shape[0] !== rows || sizeOf(w.shape) !== rows * columns) return undefined;
  return computed(w, data => {
    let sigma = 0;
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sigma += u.data[i] * data[i * columns + j] * v.data[j];
    return i => data[i] / sigma;
  });
}

/** w ⊙ mask, both of one shape; the mask is 0 for pruned elements. */
function pruned([w, mask]: readonly Tensor[]): Tensor | undefined {
  return sameShape(w.shape, mask.shape) ? computed(w, data => i => data[i] * mask.data[i]) : undefined;
}

/** A tensor with the shape and precision of `source` whose numbers are computed on demand, once. */
function computed(source: Tensor, prepare: (data: Tensor['data']) => (i: number) => number): Tensor {
  let kept: Tensor['data'] | undefined;
  return {
    shape: source.shape,
    get data() {
      if (!kept) {
        const { data } = source;
        const at = prepare(data);
        kept = data instanceof Float32Array ? Float32Array.from(data, (_, i) => at(i)) : Float64Array.from(data, (_, i) => at(i));
      }
      return kept;
    },
  };
}
