import { activations } from '../activations/index.js';
import { HYPOTHESES } from '../diagnosis/index.js';
import { TERMS } from '../diagnosis/pages/index.js';
import { layerNames } from '../layers/index.js';
import { initializers } from '../weights/initializers/index.js';

/** Lists of valid names of an argument, for completion and help. */
export type NameList = 'activations' | 'initializers' | 'layers' | 'mistakes' | 'topics';

export function knownNames(list: NameList): string[] {
  switch (list) {
    case 'activations':
      return activations.filter(a => a.kind === 'elementwise').map(a => a.name);
    case 'initializers':
      return initializers.map(i => i.name);
    case 'layers':
      return [...layerNames()];
    case 'mistakes':
      return HYPOTHESES.map(hypothesis => hypothesis.name);
    case 'topics':
      return [...HYPOTHESES.map(hypothesis => hypothesis.name), ...TERMS.map(term => term.name)];
  }
}
