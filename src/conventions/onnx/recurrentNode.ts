import type { ActivationSpec } from '../../activations/activation.js';
import { activations, cellFunction } from '../../activations/index.js';
import type { Cell, CellOptions } from '../../cells/cell.js';
import { getCell, rowOf } from '../../cells/index.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { OnnxNode } from '../../formats/onnx/graph.js';
import type { CellName } from '../../model/spec.js';
import { floatOf, floatsOf, intOf, onlyAttributes, textOf, textsOf } from '../../ops/attributes.js';
import { transpose } from '../../tensor/layout.js';
import { formatShape, reshape, sameShape, sliceRow, type Tensor } from '../../tensor/tensor.js';
import { toCanonicalGates } from '../gateOrder.js';
import { plainFunction, RECURRENT_FUNCTIONS } from './activationNodes.js';

/**
 * ONNX's RNN, LSTM and GRU: every attribute is read or refused. Specification: Operators.md of onnx 1.22 (opsets 7 to 22).
 * Inputs X, W, R, B, sequence_lens, initial_h, initial_c, P; outputs Y, Y_h, Y_c.
 */
export interface RecurrentNode {
  readonly cell: Cell;
  readonly kind: OnnxCellName;
  /** one per direction: whether it runs t = T−1 … 0, and its activations */
  readonly directions: readonly DirectionFunctions[];
  readonly clip: number | null;
  readonly inputForget: boolean;
  readonly linearBeforeReset: boolean;
  /** 0: X [T, N, D]; 1: X [N, T, D] */
  readonly layout: 0 | 1;
  readonly hiddenSize: number | undefined;
}

export interface DirectionFunctions {
  readonly reverse: boolean;
  readonly activation: ActivationSpec;
  readonly recurrentActivation: ActivationSpec | null;
  /** LSTM: activation of c in h = o ⊙ act(c) */
  readonly outputActivation: ActivationSpec | null;
}

/** Canonical weights of one direction: kernel [D, G·M], recurrentKernel [M, G·M], bias [2, G·M], peepholes [3, M]. */
export interface DirectionWeights {
  readonly kernel: Tensor;
  readonly recurrentKernel: Tensor;
  readonly bias?: Tensor;
  readonly peepholes?: Tensor;
}

/** The cells that are operators of ONNX. */
type OnnxCellName = Extract<CellName, 'rnn' | 'lstm' | 'gru'>;

export const RECURRENT_OPS: Readonly<Record<string, OnnxCellName>> = { RNN: 'rnn', LSTM: 'lstm', GRU: 'gru' };

const ATTRIBUTES = ['activation_alpha', 'activation_beta', 'activations', 'clip', 'direction', 'hidden_size', 'layout'];
const OWN_ATTRIBUTES: Record<OnnxCellName, readonly string[]> = { rnn: [], lstm: ['input_forget'], gru: ['linear_before_reset'] };
/** f, g, h of the specification: gates, candidate, output */
const DEFAULT_FUNCTIONS: Record<OnnxCellName, readonly string[]> = {
  rnn: ['Tanh'],
  lstm: ['Sigmoid', 'Tanh', 'Tanh'],
  gru: ['Sigmoid', 'Tanh'],
};

/** @throws RnnError E_ONNX_ATTRIBUTE naming what is not understood */
export function readRecurrentNode(node: OnnxNode): RecurrentNode {
  const kind = RECURRENT_OPS[node.opType];
  onlyAttributes(node, [...ATTRIBUTES, ...OWN_ATTRIBUTES[kind]]);
  const clip = floatOf(node, 'clip');
  if (clip !== undefined && !(clip >= 0)) throw wrong('clip', 'a number from 0', String(clip));
  return {
    cell: getCell(kind),
    kind,
    directions: directionsOf(node, kind),
    clip: clip ?? null,
    inputForget: flag(node, 'input_forget'),
    linearBeforeReset: flag(node, 'linear_before_reset'),
    layout: flag(node, 'layout') ? 1 : 0,
    hiddenSize: intOf(node, 'hidden_size'),
  };
}

function directionsOf(node: OnnxNode, kind: OnnxCellName): DirectionFunctions[] {
  const direction = textOf(node, 'direction') ?? 'forward';
  const ways: Record<string, readonly boolean[]> = { forward: [false], reverse: [true], bidirectional: [false, true] };
  if (!Object.hasOwn(ways, direction)) throw wrong('direction', Object.keys(ways).join(', '), escapeText(direction, 40));
  const each = DEFAULT_FUNCTIONS[kind].length;
  const given = textsOf(node, 'activations') ?? [];
  const names = given.length > 0 ? given : ways[direction].flatMap(() => DEFAULT_FUNCTIONS[kind]);
  if (names.length !== each * ways[direction].length) {
    throw wrong('activations', `${each * ways[direction].length} names, ${each} for each direction`, `${names.length}`);
  }
  const functions = functionsOf(node, names);
  return ways[direction].map((reverse, i) => {
    const own = functions.slice(i * each, (i + 1) * each);
    if (kind === 'rnn') return { reverse, activation: own[0], recurrentActivation: null, outputActivation: null };
    return { reverse, activation: own[1], recurrentActivation: own[0], outputActivation: kind === 'lstm' ? own[2] : null };
  });
}

/** Reads the activations. The lists alpha and beta are consumed in order by the functions with such a parameter; after the end of a list, defaults apply. */
function functionsOf(node: OnnxNode, names: readonly string[]): ActivationSpec[] {
  const parameters = [[...(floatsOf(node, 'activation_alpha') ?? [])], [...(floatsOf(node, 'activation_beta') ?? [])]];
  const specs = names.map(name => functionOf(name, parameters));
  parameters.forEach((left, i) => {
    if (left.length > 0)
      throw wrong(i === 0 ? 'activation_alpha' : 'activation_beta', 'one value for each function that takes one', `${left.length} more`);
  });
  return specs;
}

function functionOf(name: string, parameters: number[][]): ActivationSpec {
  const known = RECURRENT_FUNCTIONS.find(n => n.toLowerCase() === name.toLowerCase());
  const activation = known && activations.find(a => a.onnx === known);
  if (!activation) throw wrong('activations', RECURRENT_FUNCTIONS.join(', '), escapeText(name, 40));
  const given = (activation.onnxParameters ?? []).map((p, i): [string, number] => [p.name, parameters[i].shift() ?? p.default]);
  const spec = given.length === 0 ? activation.name : plainFunction({ name: activation.name, ...Object.fromEntries(given) });
  cellFunction(spec);
  return spec;
}

function flag(node: OnnxNode, name: string): boolean {
  const value = intOf(node, name) ?? 0;
  if (value !== 0 && value !== 1) throw wrong(name, '0 or 1', String(value));
  return value === 1;
}

function wrong(attribute: string, expected: string, found: string): RnnError {
  return new RnnError('format', 'E_ONNX_ATTRIBUTE', `attribute ${attribute} is ${found}`, { where: attribute, expected, found });
}

/** Returns the options of our cell, from a node's attributes and weights. */
export function optionsOf(node: RecurrentNode, weights: DirectionWeights): CellOptions {
  return {
    useBias: weights.bias !== undefined,
    twoBiases: weights.bias !== undefined,
    resetAfter: node.kind === 'gru' && node.linearBeforeReset,
    projection: null,
    peepholes: weights.peepholes !== undefined,
    clip: node.clip,
    inputForget: node.inputForget,
  };
}

/**
 * Returns the canonical weights of each direction.
 * @param W [dirs, G·M, D] @param R [dirs, G·M, M] @param B [dirs, 2·G·M] @param P [dirs, 3·M], order i, o, f
 * @throws RnnError E_WEIGHT_SHAPE
 */
export function directionWeights(node: RecurrentNode, W: Tensor, R: Tensor, B?: Tensor, P?: Tensor): DirectionWeights[] {
  const dirs = node.directions.length;
  const G = node.cell.gates.length;
  const M = node.hiddenSize ?? R.shape[R.shape.length - 1] ?? 0;
  const D = W.shape[W.shape.length - 1] ?? 0;
  check('W', W, [dirs, G * M, D], '[directions, gates·hidden_size, input_size]');
  check('R', R, [dirs, G * M, M], '[directions, gates·hidden_size, hidden_size]');
  if (B) check('B', B, [dirs, 2 * G * M], '[directions, 2·gates·hidden_size]');
  if (P) check('P', P, [dirs, 3 * M], '[directions, 3·hidden_size]');
  const canonical = (t: Tensor) => toCanonicalGates(t, node.cell, rowOf(node.cell, 'onnx'));
  return node.directions.map((_, i) => ({
    kernel: canonical(transpose(sliceRow(W, i))),
    recurrentKernel: canonical(transpose(sliceRow(R, i))),
    ...(B ? { bias: canonical(reshape(sliceRow(B, i), [2, G * M])) } : {}),
    ...(P ? { peepholes: reshape(sliceRow(P, i), [3, M]) } : {}),
  }));
}

function check(name: string, { shape }: Tensor, expected: readonly number[], words: string): void {
  if (sameShape(shape, expected)) return;
  throw new RnnError('convention', 'E_WEIGHT_SHAPE', `expected ${formatShape(expected)} = ${words}, found ${formatShape(shape)}`, {
    where: name,
    expected: formatShape(expected),
    found: formatShape(shape),
  });
}
