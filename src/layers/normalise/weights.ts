import type { WeightShape } from '../../cells/cell.js';
import { weightShape } from '../../cells/weightShapes.js';
import { broadcastOver } from '../axes.js';
import type { GrammarOption, OnnxCall, ScriptCall } from '../facets.js';
import { pythonText } from '../python.js';

/** The weights of normalisations: their role, initial value, and whether training leaves them alone. */
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

/** What `--layers` says of a normalisation: `+eps=0.1`, and without γ or β. @param fields those of its kind */
export function normOptions(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, GrammarOption>> {
  return {
    ...('epsilon' in fields ? { eps: { number: 'epsilon', example: '0.001' } } : {}),
    ...('scale' in fields ? { noscale: { set: { scale: false } } } : {}),
    ...('center' in fields ? { nobias: { set: { center: false } } } : {}),
  };
}

/** Returns a function that gives the Python of a weight, reshaped to broadcast along these axes of the input. */
export function weightsAlong(axes: readonly number[], { shapes, weight }: ScriptCall): (name: string) => string | undefined {
  const over = broadcastOver(axes, shapes[0]);
  return name => {
    const text = weight(name);
    return text === undefined || over === null ? text : `${text}.reshape(${pythonText(over)})`;
  };
}

/** Appends y = x·γ + β, leaving out what the layer lacks. @param shape that γ and β are reshaped to, to broadcast over x; null: they fit */
export function scaledAndShifted(
  x: string,
  name: string,
  builder: OnnxCall['builder'],
  weight: OnnxCall['weight'],
  shape: readonly number[] | null = null,
): string {
  const [gamma, beta] = ['gamma', 'beta'].map(key => {
    const value = weight(key);
    return value && builder.constant(`${name}.${key}`, { shape: shape ?? value.shape, data: value.data });
  });
  const scaled = gamma ? builder.add('Mul', [x, gamma], {}, name) : x;
  return beta ? builder.add('Add', [scaled, beta], {}, name) : scaled;
}

/** Returns weights that all have the same shape. */
export function vectorWeights(names: readonly NormalWeight[], dims: readonly string[], shape: readonly number[]): WeightShape[] {
  return names.map(name => weightShape({ name, ...KINDS[name], dims, shape }));
}
