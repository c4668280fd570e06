import { RnnError } from '../../errors.js';
import type { OnnxAttribute } from '../../formats/onnx/graph.js';
import { textOf, textsOf } from '../../ops/attributes.js';
import { type Call, need, type Operator } from '../../ops/operator.js';
import { roundedToBytes } from '../../ops/quantised.js';
import { allocateShape, type GraphValue, shapeError } from '../../ops/value.js';
import { formatShape, sliceRow } from '../../tensor/tensor.js';

/**
 * ONNX Runtime's 8-bit LSTM: weights [dirs, D, 4M] and [dirs, M, 4M] with a scale and a zero point. Before the products, x as a whole and h of
 * every sample and step are rounded to 8 bits, each with its own range. Implemented with the operator `lstm`, one step at a time.
 */
export function quantisedLstm(lstm: Operator): Operator {
  const attributes = ['activations', 'clip', 'direction', 'hidden_size', 'input_forget'];
  return { attributes, run: call => run(call, lstm) };
}

/** Inputs: X, W, R, B, sequence_lens, initial_h, initial_c, P, W scale, W zero point, R scale, R zero point. */
function run(call: Call, lstm: Operator): GraphValue[] {
  const X = need(call, 0);
  if (X.shape.length !== 3) throw shapeError('X has the wrong rank', formatShape(X.shape), '[steps, batch, features]');
  const [steps, N, D] = X.shape;
  const T = call.inputs[4] ? Math.min(steps, Math.max(0, ...call.inputs[4].data)) : steps;
  const [W, R] = [1, 2].map(i => dequantised(need(call, i), need(call, 6 + 2 * i), call.inputs[7 + 2 * i]));
  const [dirs, M] = [W.shape[0], R.shape[2]];
  const [B, P] = [call.inputs[3], call.inputs[7]];
  if (B) checkShape('the bias', B, [[dirs, 8 * M]]);
  if (P) checkShape('the peepholes', P, [[dirs, 3 * M]]);
  for (const state of call.inputs.slice(5, 7)) if (state) checkShape('an initial state', state, [[dirs, N, M]]);
  // steps beyond the longest sample must not widen the range
  const x = roundedToBytes({ ...X, shape: [T, N, D], data: X.data.subarray(0, T * N * D) });
  const all = allocateShape([steps, dirs, N, M], 'float', call.kernels.precision);
  const lasts = Array.from({ length: dirs }, (_, d): GraphValue[] => {
    const one = (value: GraphValue | undefined): GraphValue | undefined => value && { ...value, ...row(value, d) };
    const weights = [one(W), one(R), one(call.inputs[3])];
    let [h, c] = [5, 6].map(i => one(call.inputs[i]) ?? ({ kind: 'float', shape: [1, N, M], data: call.kernels.allocate(N * M) } as const));
    const node = { ...call.node, opType: 'LSTM', attributes: attributesOf(call, d) };
    for (let i = 0; i < T; i++) {
      const t = isReverse(call, d) ? T - 1 - i : i;
      const step: GraphValue = { ...x, shape: [1, ...x.shape.slice(1)], data: sliceRow(x, t).data };
      const [, nextH, nextC] = lstm.run({
        ...call,
        node,
        inputs: [step, ...weights, undefined, rowsThroughBytes(h, M), c, one(call.inputs[7])],
      });
      const real = (n: number) => !call.inputs[4] || t < call.inputs[4].data[n];
      [h, c] = [held(h, nextH, real, M), held(c, nextC, real, M)];
      for (let n = 0; n < N; n++) if (real(n)) all.set(h.data.subarray(n * M, (n + 1) * M), ((t * dirs + d) * N + n) * M);
    }
    return [h, c];
  });
  const joined = [0, 1].map((s): GraphValue => {
    const data = allocateShape([dirs, N, M], 'float', call.kernels.precision);
    lasts.forEach((states, d) => void data.set(states[s].data, d * N * M));
    return { kind: 'float', shape: [dirs, N, M], data };
  });
  return [{ kind: 'float', shape: [steps, dirs, N, M], data: all }, ...joined];
}

function rowsThroughBytes(h: GraphValue, M: number): GraphValue {
  const data = h.data.slice();
  for (let at = 0; at < data.length; at += M) data.set(roundedToBytes({ ...h, shape: [M], data: h.data.subarray(at, at + M) }).data, at);
  return { ...h, data };
}

function row(value: GraphValue, d: number) {
  return { shape: [1, ...value.shape.slice(1)], data: sliceRow(value, d).data };
}

/** Returns the new state, or the old one for samples that have ended. */
function held(old: GraphValue, next: GraphValue, real: (n: number) => boolean, M: number): GraphValue {
  const data = next.data.slice();
  for (let n = 0; n * M < data.length; n++) if (!real(n)) data.set(old.data.subarray(n * M, (n + 1) * M), n * M);
  return { ...next, data };
}

/** Dequantises weights: [dirs, D, 4M] in 8 bits -> [dirs, 4M, D]. There is one scale per direction, or per column of it. */
function dequantised(q: GraphValue, scale: GraphValue, zero: GraphValue | undefined): GraphValue {
  const [dirs, D, K] = q.shape;
  for (const numbers of [scale, zero]) if (numbers) checkShape('a scale or zero point', numbers, [[], [1], [dirs], [dirs, K]]);
  const one = (v: GraphValue, d: number, k: number) => v.data[v.data.length === 1 ? 0 : v.data.length === dirs ? d : d * K + k];
  const data = new Float64Array(q.data.length);
  for (let d = 0; d < dirs; d++)
    for (let i = 0; i < D; i++)
      for (let k = 0; k < K; k++)
        data[(d * K + k) * D + i] = (q.data[(d * D + i) * K + k] - (zero ? one(zero, d, k) : 0)) * one(scale, d, k);
  return { kind: 'float', shape: [dirs, K, D], data };
}

/** @throws RnnError E_ONNX_SHAPE */
function checkShape(what: string, { shape }: GraphValue, allowed: readonly (readonly number[])[]): void {
  const expected = allowed.map(formatShape);
  if (!expected.includes(formatShape(shape))) throw shapeError(`${what} has the wrong shape`, formatShape(shape), expected.at(-1));
}

function isReverse({ node }: Call, d: number): boolean {
  const direction = textOf(node, 'direction') ?? 'forward';
  if (direction !== 'forward' && direction !== 'reverse' && direction !== 'bidirectional')
    throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `an LSTM has no direction ${direction}`, {
      expected: 'forward, reverse, bidirectional',
    });
  return direction === 'reverse' || (direction === 'bidirectional' && d === 1);
}

/** Returns the attributes for direction d, which runs forward over a single step. */
function attributesOf({ node }: Call, d: number): Map<string, OnnxAttribute> {
  const { direction: _, ...rest } = Object.fromEntries(node.attributes);
  const functions = textsOf(node, 'activations');
  return new Map(
    Object.entries(functions ? { ...rest, activations: { type: 'strings', value: functions.slice(3 * d, 3 * d + 3) } } : rest),
  );
}
