import type { EngineOutput } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { byName } from '../registry.js';
import * as all from './all.js';
import type { Hypothesis, Subject } from './hypothesis.js';

export const HYPOTHESES: readonly Hypothesis[] = Object.values(all);

/** @throws RnnError E_UNKNOWN_CODE */
export function getHypothesis(code: string): Hypothesis {
  return byName('code', all, code);
}

/**
 * The output with a known mistake put in.
 * @throws RnnError E_SIMULATE: the mistake is not possible on this network and input
 */
export async function simulate(code: string, subject: Subject): Promise<EngineOutput> {
  const hypothesis = getHypothesis(code);
  if (!hypothesis.applies(subject) || !hypothesis.recompute) {
    throw new RnnError('unsupported', 'E_SIMULATE', `'${code}' cannot happen on this network and input`, {
      where: '--simulate',
      fix: code === 'state-carry' ? 'use several samples: --N 4' : 'choose another network or another code',
    });
  }
  return hypothesis.recompute(subject);
}
