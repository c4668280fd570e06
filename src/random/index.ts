import { byName } from '../registry.js';
import * as all from './all.js';
import type { StreamKind } from './random.js';

export const streamKinds: readonly StreamKind[] = Object.values(all);

/** @throws RnnError E_UNKNOWN_RANDOM_STREAM listing the known names */
export function getStreamKind(name: string): StreamKind {
  return byName<StreamKind>('random stream', { ...all }, name);
}
