import { within } from '../../errors.js';
import { escapeText, shownPath } from '../../escape.js';
import type { DType, FileTensor, TensorFile } from '../../formats/format.js';
import { distance } from '../../tensor/difference.js';
import { reshape, sameShape } from '../../tensor/tensor.js';
import { type CompareHooks, runCompare } from '../compare.js';
import { type FileRole, roleOfFile } from '../files/fileArgument.js';
import { splitKey } from '../files/fileKey.js';
import { positionOf } from '../input/finite.js';
import { choose } from '../input/input.js';
import type { CompareRequest } from '../request.js';
import type { CompareArraysResult, CompareModelsResult, CompareResult } from '../result.js';
import { VERSION } from '../version.js';
import { refuseUnused, runCompareModels, UNUSED_BY_NETWORKS } from './compareModels.js';

/** `compare A B`: A is the expected side, B the actual one. What is compared depends on the contents of the files. */
export async function runCompareFiles(
  files: readonly [string, string],
  request: CompareRequest,
  hooks: CompareHooks = {},
): Promise<CompareModelsResult | CompareArraysResult | CompareResult> {
  const [first, second] = [await roleOfFile(files[0]), await roleOfFile(files[1])];
  if (first !== 'arrays' && second !== 'arrays') {
    return runCompareModels({ ...request, files });
  }
  if (first === 'arrays' && second === 'arrays') {
    refuseUnused(request, UNUSED_BY_ARRAYS, 'two arrays');
    return compareArrays(files, await arraysIn(files[0]), await arraysIn(files[1]), request);
  }
  return against(files, [first, second], request, hooks);
}

/** The arrays of a file, or the one its key names. @throws RnnError E_KEY */
async function arraysIn(path: string): Promise<TensorFile> {
  const { readTensorFile } = await import('../files/modelFile.js');
  const file = await readTensorFile(path);
  const [name, key] = splitKey(path);
  if (key === undefined) return file;
  const { tensor } = within(shownPath(name), () => choose(file, key, []));
  return { ...file, tensors: new Map([[key, tensor]]) };
}

/** Compares a network with an array, which is the other output; the files may come in either order. */
async function against(
  files: readonly [string, string],
  roles: readonly [FileRole, FileRole],
  request: CompareRequest,
  hooks: CompareHooks,
): Promise<CompareResult> {
  const network = roles[0] === 'arrays' ? 1 : 0;
  refuseUnused(request, ['against', 'engines', 'simulate', 'model'], 'a network and an array');
  const named = roles[network] === 'model' ? { model: files[network] } : { weights: files[network] };
  const result = await runCompare({ ...request, ...named, against: files[1 - network] }, hooks);
  if (network === 0) return result;
  return { ...result, notes: [`${shownPath(files[1])} is the network, ${shownPath(files[0])} the output that is judged`, ...result.notes] };
}

// biome-ignore format: a table
const UNUSED_BY_ARRAYS = [
  ...UNUSED_BY_NETWORKS, 'N', 'T', 'D', 'M', 'K', 'cell', 'task', 'pool', 'bidirectional', 'stack', 'activation', 'layers', 'model', 'framework',
  'seed', 'rng', 'inputRng', 'input', 'timeMajor', 'lengths', 'mask', 'h0', 'c0', 'threads', 'strict', 'tol',
] as const;

/** Two numbers are equal up to atol + rtol·|expected|. */
interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/** The tolerances of `torch.testing.assert_close`. The coarser dtype of the two applies; text counts as float32. */
const TOLERANCES: Partial<Record<DType, Tolerance>> = {
  bf16: { atol: 1e-5, rtol: 1.6e-2 },
  f16: { atol: 1e-5, rtol: 1e-3 },
  f32: { atol: 1e-5, rtol: 1.3e-6 },
  f64: { atol: 1e-7, rtol: 1e-7 },
};
const COARSEST_FIRST: readonly DType[] = ['bf16', 'f16', 'f32', 'f64'];
const EXACT: Tolerance = { atol: 0, rtol: 0 };
const TEXTS: ReadonlySet<string> = new Set(['csv', 'json', 'jsonl', 'printed']);

/** Compares the arrays of two files, matched by name, number by number. */
function compareArrays(
  files: readonly [string, string],
  first: TensorFile,
  second: TensorFile,
  request: Pick<CompareRequest, 'atol' | 'rtol'>,
): CompareArraysResult {
  const pairs = pairsOf(first, second);
  const arrays = pairs.map(([name, a, b]) => compareOne(name, a, b, [dtypeOf(first, a), dtypeOf(second, b)], request));
  const equal = arrays.every(array => array.equal);
  return {
    schema: 'rnn-cli/compare-arrays@1',
    version: VERSION,
    status: equal ? 'SAME' : 'DIFFERENT',
    equal,
    files: { first: shownPath(files[0]), second: shownPath(files[1]) },
    arrays,
    notes: [...first.notes, ...second.notes],
    exit: equal ? 0 : 1,
  };
}

type Pair = readonly [name: string, first: FileTensor | undefined, second: FileTensor | undefined];

/** Pairs arrays by name; if each file holds a single array, names do not matter. */
function pairsOf({ tensors: a }: TensorFile, { tensors: b }: TensorFile): Pair[] {
  if (a.size === 1 && b.size === 1) {
    const [[name, one]] = a;
    return [[b.has(name) && name !== 'npy' ? name : 'array', one, [...b.values()][0]]];
  }
  return [...new Set([...a.keys(), ...b.keys()])].map(name => [name, a.get(name), b.get(name)]);
}

function dtypeOf({ format }: TensorFile, t: FileTensor | undefined): DType | undefined {
  return t && TEXTS.has(format) ? 'f32' : t?.dtype;
}

function compareOne(
  name: string,
  a: FileTensor | undefined,
  b: FileTensor | undefined,
  dtypes: readonly (DType | undefined)[],
  request: Pick<CompareRequest, 'atol' | 'rtol'>,
): CompareArraysResult['arrays'][number] {
  const { atol, rtol } = toleranceOf(dtypes, request);
  const described = {
    name: escapeText(name, 80),
    shape: (a ?? b)!.shape,
    second: a && b ? b.shape : null,
    dtypes: dtypes.flatMap(dtype => dtype ?? []),
    atol,
    rtol,
  };
  const core = (shape: readonly number[]) => shape.filter(n => n !== 1);
  if (!a || !b || !sameShape(core(a.shape), core(b.shape))) return { ...described, max: null, mismatched: 0, total: 0, equal: false };
  const actual = reshape(b, a.shape).data;
  const allowed = (e: number) => atol + (Number.isFinite(e) ? rtol * Math.abs(e) : 0);
  let [worst, index, mismatched] = [0, a.data.length > 0 ? 0 : -1, 0];
  for (let k = 0; k < a.data.length; k++) {
    const d = distance(actual[k], a.data[k]);
    if (d > worst) [worst, index] = [d, k];
    if (d > allowed(a.data[k])) mismatched++;
  }
  const max =
    index < 0
      ? null
      : { abs: worst, index: positionOf(index, a.shape), expected: a.data[index], actual: actual[index], allowed: allowed(a.data[index]) };
  return { ...described, max, mismatched, total: a.data.length, equal: mismatched === 0 };
}

/** The tolerance of a pair of arrays: as requested, or that of the coarsest dtype; integers and booleans must be exactly equal. */
function toleranceOf(dtypes: readonly (DType | undefined)[], { atol, rtol }: Pick<CompareRequest, 'atol' | 'rtol'>): Tolerance {
  if (atol !== undefined || rtol !== undefined) return { atol: atol ?? 0, rtol: rtol ?? 0 };
  const coarsest = COARSEST_FIRST.find(dtype => dtypes.includes(dtype));
  return (coarsest && TOLERANCES[coarsest]) ?? EXACT;
}
