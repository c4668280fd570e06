import { byName } from '../registry.js';
import * as all from './all.js';
import './batched/node.js';
import type { Engine } from './engine.js';

/** @throws RnnError E_UNKNOWN_ENGINE */
export function getEngine(name: string): Engine {
  return byName('engine', all, name);
}
