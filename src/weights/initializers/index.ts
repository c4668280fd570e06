import { byName } from '../../registry.js';
import * as all from './all.js';
import type { Initializer } from './initializer.js';

export const initializers: readonly Initializer[] = Object.values(all);

/** @throws RnnError E_UNKNOWN_INITIALIZER listing the known names */
export function getInitializer(name: string): Initializer {
  return byName<Initializer>('initializer', { ...all }, name);
}
