import type { ModelSpec } from '../model/spec.js';
import type { ShapesResult } from '../run/result.js';
import type { FigureView } from './figureView.js';

/** Steps and initial states of layers, as far as they follow from shapes. */
export function sequencesIn({ layers, dims }: ShapesResult, spec: ModelSpec | null): Pick<FigureView, 'steps' | 'states'> {
  return {
    steps(name) {
      const layer = layers.find(l => l.name === name);
      const sequence = [layer?.input, layer?.output].find(value => value?.dims.length === 3);
      return sequence ? sequence.shape[1] : (dims.T ?? null);
    },
    states: name => spec?.layers.find(l => l.name === name)?.states ?? [],
  };
}
