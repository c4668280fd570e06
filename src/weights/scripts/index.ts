import { byName } from '../../registry.js';
import * as all from './all.js';
import type { Script } from './script.js';

export const scripts: readonly Script[] = Object.values(all);

/** @throws RnnError E_UNKNOWN_RNG */
export function getScript(name: string): Script {
  return byName<Script>('rng', { ...all }, name);
}
