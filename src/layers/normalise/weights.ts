import type { WeightShape } from '../../cells/cell.js';
import { weightShape } from '../../cells/weightShapes.js';
import { broadcastOver } from '../axes.js';
import type { ScriptCall } from '../facets.js';
import { pythonText } from '../python.js';

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

/** The Python of a weight by its name, shaped so that it lies along these axes of the input. */
export function weightsAlong(axes: readonly number[], { shapes, weight }: ScriptCall): (name: string) => string | undefined {
  const over = broadcastOver(axes, shapes[0]);
  return name => {
    const text = weight(name);
    return text === undefined || over === null ? text : `${text}.reshape(${pythonText(over)})`;
  };
}

/** Weights of one shape each. */
export function vectorWeights(names: readonly NormalWeight[], dims: readonly string[], shape: readonly number[]): WeightShape[] {
  return names.map(name => weightShape({ name, ...KINDS[name], dims, shape }));
}
