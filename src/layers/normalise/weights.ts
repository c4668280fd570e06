import type { WeightShape } from '../../cells/cell.js';
import { weightShape } from '../../cells/weightShapes.js';

/** Weights of normalisations: what a fresh layer has in them, and whether training changes them. */
const KINDS = {
  gamma: { role: 'scale', fill: 1 },
  beta: { role: 'bias', fill: 0 },
  mean: { role: 'statistics', fill: 0, frozen: true },
  variance: { role: 'statistics', fill: 1, frozen: true },
  deviation: { role: 'statistics', fill: 1, frozen: true },
  renormMean: { role: 'statistics', fill: 0, frozen: true },
  renormDeviation: { role: 'statistics', fill: 1, frozen: true },
  count: { role: 'statistics', fill: 0, frozen: true },
} as const;

export type NormalWeight = keyof typeof KINDS;

/** Weights of one shape each. */
export function vectorWeights(names: readonly NormalWeight[], dims: readonly string[], shape: readonly number[]): WeightShape[] {
  return names.map(name => weightShape({ name, ...KINDS[name], dims, shape }));
}
