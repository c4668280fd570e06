import { RnnError } from '../../errors.js';
import type { NetworkRequest } from '../request.js';

/** A network is described in one way: by a line, by a file, or by the flags of the tutorial network. @throws RnnError E_CONFLICT */

export function checkOneForm(request: NetworkRequest): void {
  const described = [request.layers !== undefined && '--layers', request.model !== undefined && '--model'].filter(f => f !== false);
  if (described.length > 1) throw twoForms(described);
  if (request.layers !== undefined) checkNoDimensions(request);
  if (request.stack !== undefined && request.M !== undefined && request.M.length > 1) {
    throw new RnnError(
      'usage',
      'E_CONFLICT',
      `--M ${request.M.join(',')} and --stack ${request.stack} both say how many layers there are`,
      { fix: 'drop --stack' },
    );
  }
}

const SIZES = ['M', 'K', 'cell', 'bidirectional', 'stack'] as const;
/** what weights alone leave to flags */
const DIMENSIONS = [...SIZES, 'task', 'pool', 'activation', 'recurrentActivation'] as const;

/** A file or a line that describes the whole network leaves nothing for the flags of the tutorial network to say. */
export function checkNoDimensions(request: NetworkRequest): void {
  const [given] = DIMENSIONS.filter(key => request[key] !== undefined);
  if (given !== undefined)
    throw twoForms([
      request.model === undefined ? '--layers' : '--model',
      given === 'recurrentActivation' ? '--recurrent-activation' : `--${given}`,
    ]);
}

function twoForms(forms: readonly string[]): RnnError {
  return new RnnError('usage', 'E_CONFLICT', `${forms.slice(0, -1).join(', ')} and ${forms[forms.length - 1]} both describe the network`, {
    fix: 'describe it in one way: --layers, --model, or --T --D --M --K',
  });
}

/** Beside weights some of the tutorial's own flags are given: then its sizes are meant where no flag says another. */
export function isTutorial(request: NetworkRequest): boolean {
  return SIZES.some(key => request[key] !== undefined);
}
