import { weightShape } from '../cells/weightShapes.js';
import { RnnError } from '../errors.js';
import { axesOf } from './axes.js';
import { costPerNumber } from './dims.js';
import { inBoth } from './facets.js';
import { sizes } from './fields.js';
import type { LayerBase, LayerKind } from './layer.js';

/** x if x > 0 else α·x, with an α for every element of a sample, shared along `sharedAxes` (Keras PReLU). */
export interface PReluSpec extends LayerBase {
  readonly kind: 'prelu';
  /** counted from 1; 0 is the batch */
  readonly sharedAxes: readonly number[];
}

export const prelu: LayerKind<PReluSpec> = {
  name: 'prelu',
  reads: 'anything',
  passesMask: () => true,
  kerasClass: () => 'PReLU',
  fields: { sharedAxes: sizes({ default: [] }) },
  grammar: {},
  keras: {
    classes: {
      PReLU: config => ({ sharedAxes: typeof config.shared_axes === 'number' ? [config.shared_axes] : (config.shared_axes ?? []) }),
    },
    config: ({ sharedAxes }) => ({ shared_axes: sharedAxes.length === 0 ? null : sharedAxes }),
    weightNames: { alpha: 'alpha' },
  },
  weightShapes(layer, [input]) {
    const shared = axesOf(layer.sharedAxes, input);
    const own = input.slice(1).map((dim, i) => (shared.includes(i + 1) ? { symbol: '1', size: 1 } : dim));
    const open = own.find(d => d.size === null);
    if (open)
      throw new RnnError('shape', 'E_SYMBOLIC', `has one α per position, so ${open.symbol} must be known`, {
        fix: `give ${open.symbol} a number (--T 10), or share the axis`,
      });
    return [weightShape({ name: 'alpha', role: 'scale', dims: own.map(d => d.symbol), shape: own.map(d => d.size!), fill: 0 })];
  },
  cost: costPerNumber('activations'),
  nodes: ({ name }, { builder, inputs: [x], weight }) =>
    builder.add('PRelu', [x, builder.constant(`${name}.alpha`, weight('alpha')!)], {}, name),
  scripts: inBoth((library, _layer, { inputs: [x], weight }) => `${library}.where(${x} < 0, ${weight('alpha')} * ${x}, ${x})`),
};
