import { DATA_FORMAT } from '../channels.js';
import type { Grammar } from '../facets.js';
import { sizes } from '../fields.js';
import type { Field } from '../layer.js';
import type { Padding } from '../window/window.js';
import type { ConvSpec } from './spec.js';

/** What all layers of filters over the axes of space share: their fields in a spec, in a Keras configuration, in the grammar. */
export type Filtered = Pick<ConvSpec, 'kernelSize' | 'strides' | 'dilation' | 'padding' | 'activation' | 'useBias' | 'dataFormat'>;

/** @param paddings those the layer can have, the first one unless said */
export function filterFields(axes: number, paddings: readonly Padding[], activation = 'linear') {
  const ones = new Array<number>(axes).fill(1);
  return {
    kernelSize: sizes({ count: axes }),
    strides: sizes({ count: axes, default: ones }),
    dilation: sizes({ count: axes, default: ones }),
    padding: { type: 'choice', choices: paddings, default: paddings[0] },
    activation: { type: 'activation', default: activation },
    useBias: { type: 'boolean', default: true },
    dataFormat: DATA_FORMAT,
  } satisfies Record<string, Field>;
}

/** Their arguments in Keras: see kerasArguments.ts. */
export const FILTER_ARGUMENTS = 'kernelSize strides padding dataFormat dilation activation useBias';

/** `64x5`, `64x3x3`: filters, then their sizes. */
export function filterSizes(axes: number): Grammar['sizes'] {
  return {
    form: `FILTERS${'xSIZE'.repeat(axes)}`,
    example: `64${'x5'.repeat(axes)}`,
    counts: [axes + 1, axes + 1],
    fields: ([filters, ...kernelSize]) => ({ filters, kernelSize }),
  };
}
