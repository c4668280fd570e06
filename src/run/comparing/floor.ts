import type { EngineOutput } from '../../engines/engine.js';
import { activated } from '../../layers/activation.js';
import type { DenseSpec } from '../../layers/dense.js';
import { scaleOf } from '../../tensor/difference.js';
import { sameShape, type Tensor } from '../../tensor/tensor.js';
import type { Prepared } from '../prepare.js';

const LEAST_ULPS = 4;
/** Smaller numbers are zero where a processor flushes them. */
const FLUSHED = 2 ** -126;
/** What the function of the head adds keeps a value decidable: half of what decides. */
const PART_OF_SCALE = 5e-4;

/**
 * LEAST_ULPS units in the last place of y itself and, behind a dense layer, of the terms that are added up for it: a difference may be zero by
 * luck, and a small y may be what large terms leave.
 */
export function floorOf({ network, weights, input, graphInputs }: Prepared, { y, layers }: EngineOutput, epsilon: number): Float64Array {
  const least = LEAST_ULPS * epsilon;
  const floor = Float64Array.from(y.data, v => (Number.isFinite(v) ? Math.max(least * Math.abs(v), FLUSHED) : 0));
  const head = graphInputs ? undefined : network.model.layers.find(layer => layer.name === network.model.output);
  if (head?.kind !== 'dense') return floor;
  const from = head.inputs[0] === network.model.input.name ? input.x : layers.get(head.inputs[0])?.tensor;
  const W = weights.get(`${head.name}/Wo`);
  if (!from || !W) return floor;
  const { z, terms } = affineTerms(from, W, weights.get(`${head.name}/bo`));
  if (!sameShape(z.shape, y.shape)) return floor;
  for (let k = 0; k < terms.length; k++) terms[k] *= least;
  raiseByTerms(floor, head, z, terms);
  raiseByFunction(floor, head, y, epsilon);
  return floor;
}

/** z = x·W + b and Σ|x·W| + |b|: [..., D] -> [..., K] */
function affineTerms(x: Tensor, W: Tensor, b: Tensor | undefined): { z: Tensor; terms: Float64Array } {
  const [D, K] = W.shape;
  const rows = x.data.length / D;
  const z = new Float64Array(rows * K);
  const terms = new Float64Array(rows * K);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < K; k++) {
      z[r * K + k] = b ? b.data[k] : 0;
      terms[r * K + k] = b ? Math.abs(b.data[k]) : 0;
    }
    for (let d = 0; d < D; d++) {
      const v = x.data[r * D + d];
      for (let k = 0; k < K; k++) {
        const term = v * W.data[d * K + k];
        z[r * K + k] += term;
        terms[r * K + k] += Math.abs(term);
      }
    }
  }
  return { z: { shape: [...x.shape.slice(0, -1), K], data: z }, terms };
}

/** The activation of what is a little more, a little less, and of rows in which both alternate (softmax sees the whole row). */
function raiseByTerms(floor: Float64Array, { activation }: DenseSpec, z: Tensor, errors: Float64Array): void {
  const y = activated(activation, z).data;
  for (const sign of [() => 1, () => -1, (k: number) => (k % 2 === 0 ? 1 : -1)]) {
    const off = activated(activation, { shape: z.shape, data: z.data.map((v, k) => v + sign(k) * errors[k]) }).data;
    for (let k = 0; k < floor.length; k++) {
      const d = Math.abs(off[k] - y[k]);
      if (d > floor[k] && d < Infinity) floor[k] = d;
    }
  }
}

/** σ by way of tanh or a rational function, and tanh made of exponentials, are off by a unit in the last place of 1, however small they are. */
function raiseByFunction(floor: Float64Array, { activation }: DenseSpec, y: Tensor, epsilon: number): void {
  if (activation !== 'sigmoid' && activation !== 'tanh') return;
  const own = Math.min(epsilon, PART_OF_SCALE * scaleOf(y));
  for (let k = 0; k < floor.length; k++) floor[k] = Math.max(floor[k], own);
}
