import { RnnError } from '../../errors.js';
import type { NetworkRequest } from '../request.js';
import { flagOf } from '../requestRules.js';

const SIZES = ['M', 'K', 'cell', 'bidirectional', 'stack'] as const;
/** what weights alone leave to flags */
const DIMENSIONS = [...SIZES, 'task', 'pool', 'activation', 'recurrentActivation'] as const;

/** A file that describes the whole network leaves nothing for the flags of the tutorial network to say. @throws RnnError E_CONFLICT */
export function checkNoDimensions(request: NetworkRequest): void {
  const given = DIMENSIONS.find(key => request[key] !== undefined);
  if (given !== undefined)
    throw new RnnError('usage', 'E_CONFLICT', `--model and ${flagOf(given)} both describe the network`, {
      fix: 'describe it in one way: --layers, --model, or --T --D --M --K',
    });
}

/** Beside weights some of the tutorial's own flags are given: then its sizes are meant where no flag says another. */
export function isTutorial(request: NetworkRequest): boolean {
  return SIZES.some(key => request[key] !== undefined);
}
