import { RnnError } from '../../errors.js';
import type { NetworkRequest } from '../request.js';
import { flagOf } from '../requestRules.js';

const SIZES = ['M', 'K', 'cell', 'bidirectional', 'stack'] as const;
/** what weights alone leave to flags */
const DIMENSIONS = [...SIZES, 'task', 'pool', 'activation', 'recurrentActivation'] as const;

/** Refuses flags of the tutorial network beside a file that describes the whole network. @throws RnnError E_CONFLICT */
export function checkNoDimensions(request: NetworkRequest): void {
  const given = DIMENSIONS.find(key => request[key] !== undefined);
  if (given !== undefined)
    throw new RnnError('usage', 'E_CONFLICT', `--model and ${flagOf(given)} both describe the network`, {
      fix: 'describe it in one way: --layers, --model, or --T --D --M --K',
    });
}

/** Whether flags of the tutorial network are given beside weights; sizes that are not given then default to the tutorial's. */
export function isTutorial(request: NetworkRequest): boolean {
  return SIZES.some(key => request[key] !== undefined);
}
