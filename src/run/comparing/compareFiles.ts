import { RnnError } from '../../errors.js';
import { shownPath } from '../../escape.js';
import { type CompareHooks, runCompare } from '../compare.js';
import { type FileRole, roleOfFile } from '../files/fileArgument.js';
import type { CompareRequest } from '../request.js';
import type { CompareArraysResult, CompareModelsResult, CompareResult } from '../result.js';
import { compareArrays } from './compareArrays.js';
import { runCompareModels } from './compareModels.js';

/** `compare A B`: A is expected, B actual. What the files are decides what is compared. */
export async function runCompareFiles(
  files: readonly [string, string],
  request: CompareRequest,
  hooks: CompareHooks = {},
): Promise<CompareModelsResult | CompareArraysResult | CompareResult> {
  const [first, second] = [await roleOfFile(files[0]), await roleOfFile(files[1])];
  if (first !== 'arrays' && second !== 'arrays') {
    refuse(request, UNUSED_BY_NETWORKS, 'two networks');
    return runCompareModels({ ...request, files });
  }
  if (first === 'arrays' && second === 'arrays') {
    refuse(request, UNUSED_BY_ARRAYS, 'two arrays');
    const { readTensorFile } = await import('../files/modelFile.js');
    return compareArrays(files, await readTensorFile(files[0]), await readTensorFile(files[1]), request);
  }
  return against(files, [first, second], request, hooks);
}

/** A network and an array: the array is the other output, whichever comes first. */
async function against(
  files: readonly [string, string],
  roles: readonly [FileRole, FileRole],
  request: CompareRequest,
  hooks: CompareHooks,
): Promise<CompareResult> {
  const network = roles[0] === 'arrays' ? 1 : 0;
  refuse(request, ['against', 'engines', 'simulate', 'model'], 'a network and an array');
  const named = roles[network] === 'model' ? { model: files[network] } : { weights: files[network] };
  const result = await runCompare({ ...request, ...named, against: files[1 - network] }, hooks);
  if (network === 0) return result;
  return { ...result, notes: [`${shownPath(files[1])} is the network, ${shownPath(files[0])} the output that is judged`, ...result.notes] };
}

const UNUSED_BY_NETWORKS = [
  'against',
  'engines',
  'simulate',
  'engine',
  'weights',
  'init',
  'dtype',
  'budget',
  'explain',
  'states',
  'decimals',
] as const;
const UNUSED_BY_ARRAYS = [
  ...UNUSED_BY_NETWORKS,
  ...(['N', 'T', 'D', 'M', 'K', 'cell', 'task', 'pool', 'bidirectional', 'stack', 'activation', 'layers', 'model', 'framework'] as const),
  ...(['seed', 'rng', 'inputRng', 'input', 'timeMajor', 'lengths', 'mask', 'h0', 'c0', 'threads', 'strict', 'tol'] as const),
] as const;

/** @throws RnnError E_CONFLICT naming the first flag that can do nothing there */
function refuse(request: CompareRequest, unused: readonly (keyof CompareRequest)[], what: string): void {
  const given = unused.find(key => request[key] !== undefined);
  if (given === undefined) return;
  const flag = `--${given.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
  throw new RnnError('usage', 'E_CONFLICT', `${flag} has nothing to do where ${what} are compared`, { fix: `drop ${flag}` });
}
