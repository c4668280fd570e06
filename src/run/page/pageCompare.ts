import { RnnError } from '../../errors.js';
import type { Compared } from '../compare.js';
import { dimsJson } from '../network/shapesResult.js';
import type { CompareResult } from '../result.js';
import { VERSION } from '../version.js';
import type { ComparePage } from './pageData.js';
import { pageLoops } from './pageLoops.js';
import { checkSize, packed, pageNetwork } from './pageNetwork.js';

/** What the page of `compare --html` is given. @throws RnnError E_PAGE_SIZE */
export function comparePage(result: CompareResult, compared: Compared, command: string): ComparePage {
  const { request, prepared, expected, actual, allowance } = compared;
  checkSize([expected, actual]);
  const { shapes, graph } = prepared.network;
  const known = shapes.output.length === expected.shape.length;
  const allowed = Float64Array.from(expected.data, (e, k) => (allowance.decides(k) ? allowance.of(k, e) : Number.POSITIVE_INFINITY));
  return {
    kind: 'compare',
    version: VERSION,
    command,
    result,
    network: prepared.graphInputs || graph ? null : pageNetwork(prepared, request),
    expected: packed(expected),
    actual: packed(actual),
    allowed: packed({ shape: expected.shape, data: allowed }),
    loops: result.firstDifference ? pageLoops(compared, result.firstDifference.sample) : [],
    dims: known ? dimsJson(shapes.output).dims : expected.shape.map((_, axis) => `axis ${axis + 1}`),
  };
}

/** Two models, or arrays alone, have tables of their own and no page. @throws RnnError E_PAGE_FILES */
export function noPageOfFiles(): never {
  const message = 'a page of compare shows two outputs of one network, and these files hold something else';
  throw new RnnError('unsupported', 'E_PAGE_FILES', message, {
    where: '--html',
    fix: 'drop --html, or compare an output: rnn-cli compare --model A -i x.npy --against y.npy --html FILE',
  });
}
