import { inferShapes } from '../model/shapes.js';
import type { LayerSpec, ModelSpec } from '../model/spec.js';

/** A size of a network that can be changed, and its letter. */
export interface Size {
  readonly letter: string;
  /** 'steps', 'units of lstm_1' */
  readonly meaning: string;
  /** null: symbolic */
  readonly value: number | null;
  /** whether it may be symbolic */
  readonly open: boolean;
  readonly least: number;
  with(value: number | null): ModelSpec;
}

/** N, T, D and the units of every layer, in the order of the network. */
export function sizesOf(model: ModelSpec): Size[] {
  const { input } = model;
  const ofInput = (key: 'batch' | 'timesteps' | 'features', letter: string, meaning: string, open: boolean): Size => ({
    letter,
    meaning,
    value: input[key],
    open,
    least: 1,
    with: value => ({ ...model, input: { ...input, [key]: value } }),
  });
  const plain = input.shape === undefined;
  const sizes = [
    ofInput('batch', 'N', 'samples', true),
    ...(plain ? [ofInput('timesteps', 'T', 'steps', true)] : []),
    ...(plain && input.features !== null ? [ofInput('features', 'D', 'features', false)] : []),
  ];
  for (const { layer, symbols } of inferShapes(model).layers) {
    if (!('units' in layer) || layer.shares !== undefined) continue;
    sizes.push({
      letter: symbols.units,
      meaning: `${/^K/.test(symbols.units) ? 'outputs' : 'units'}`,
      value: layer.units,
      open: false,
      least: 1,
      with: value => ({ ...model, layers: model.layers.map(l => (l.name === layer.name ? ({ ...l, units: value } as LayerSpec) : l)) }),
    });
  }
  return sizes;
}

/** Replaces letters by numbers: 'D*4*M' -> '3·4·5'; letters without a number stay. */
export function withNumbers(formula: string, dims: Readonly<Record<string, number | null>>): string {
  return formula
    .replace(/[A-Z]\d*/g, letter => String(dims[letter] ?? letter))
    .replaceAll('*', '·')
    .replaceAll('+', ' + ');
}
