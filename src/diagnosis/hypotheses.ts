import { unknownName } from '../registry.js';
import type { Hypothesis } from './hypothesis.js';
import * as all from './mistakes/all.js';

export const HYPOTHESES: readonly Hypothesis[] = Object.values(all);

/**
 * Finds the hypothesis of a code: 'state-carry', 'gate-order:iofg', 'activation:relu@rnn_2'.
 * @throws RnnError E_UNKNOWN_CODE
 */
export function getHypothesis(code: string): Hypothesis {
  const name = code.replace(/@.*$/, '').replace(/:.*$/, '');
  const found = HYPOTHESES.find(h => h.name === name);
  if (found) return found;
  throw unknownName(
    'code',
    name,
    HYPOTHESES.map(h => h.name),
    'rnn-cli explain',
  );
}
