import type { KerasFacet } from '../facets.js';
import { filtersFromKeras, filtersToKeras } from './filters.js';
import type { ConvSpec } from './spec.js';

/** Conv1D, Conv2D, Conv3D */
export function keras(axes: number): KerasFacet<ConvSpec> {
  return {
    classes: {
      [`Conv${axes}D`]: (config, read) => ({ filters: config.filters, ...filtersFromKeras(config, read), groups: config.groups ?? 1 }),
    },
    config: layer => ({ filters: layer.filters, ...filtersToKeras(layer), groups: layer.groups }),
    weightNames: { W: 'kernel', b: 'bias' },
  };
}
