import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { RanForward } from '../forward.js';
import type { ForwardRequest } from '../request.js';
import type { ForwardResult } from '../result.js';
import { VERSION } from '../version.js';
import type { ForwardPage } from './pageData.js';
import { pageNetwork } from './pageNetwork.js';

/**
 * The data of the page of `forward --html`.
 * @throws RnnError E_PAGE_ENGINE: a page can only compute with the batched or manual engine; E_PAGE_SIZE, E_PAGE_GRAPH
 */
export function forwardPage(result: ForwardResult, { prepared }: RanForward, request: ForwardRequest, command: string): ForwardPage {
  const { engine } = result;
  if (request.simulate !== undefined) {
    throw new RnnError('usage', 'E_CONFLICT', '--html shows the network without mistakes, --simulate makes one', {
      fix: `rnn-cli compare --simulate ${escapeText(request.simulate, 40)} --html FILE shows both`,
    });
  }
  if (engine !== 'batched' && engine !== 'manual') {
    throw new RnnError('unsupported', 'E_PAGE_ENGINE', `a page computes with the batched or the manual engine, not with ${engine}`, {
      where: '--html',
      fix: `drop --engine ${engine}`,
    });
  }
  return {
    kind: 'forward',
    version: VERSION,
    command,
    network: pageNetwork(prepared, request),
    engine,
    dtype: result.dtype === 'float32' ? 'f32' : 'f64',
    ySha256: result.ySha256,
    at: { sample: request.sample, step: request.step, unit: request.unit },
  };
}
