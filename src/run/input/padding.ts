import type { EngineInput } from '../../engines/engine.js';
import { RnnError } from '../../errors.js';
import { escapeNames, plural } from '../../escape.js';
import { maskReaders } from '../../model/masks.js';
import { inferShapes } from '../../model/shapes.js';
import type { ModelSpec } from '../../model/spec.js';
import { concatFirst } from '../../tensor/layout.js';
import { exactSize, formatShape, sliceRow, type Tensor } from '../../tensor/tensor.js';
import type { Network } from '../network/network.js';
import type { InputRequest } from '../request.js';
import { readInitialStates } from './initialStates.js';
import { readArray } from './input.js';

/** Adds the mask or lengths of the request to X. For PyTorch, T shrinks to the longest length, as packed sequences do. */
export async function paddedInput(whole: Tensor, { model, framework }: Network, request: InputRequest): Promise<EngineInput> {
  const [N, T] = whole.shape;
  checkMaskIsRead(model, request);
  const initialStates = await readInitialStates(model, N, request.h0, request.c0);
  if (request.lengths !== undefined) {
    const lengths = await readLengths(request.lengths, N, T, framework === 'torch' ? 1 : 0);
    const longest = framework === 'torch' ? Math.max(...lengths) : T;
    return { x: firstSteps(whole, longest), mask: maskOfLengths(lengths, longest), initialStates };
  }
  const mask = request.mask === undefined ? undefined : await readMask(request.mask, N, T);
  return { x: whole, mask, initialStates };
}

/** @throws RnnError E_CONFLICT (usage): no layer skips masked steps, or a layer before a recurrent one drops the mask */
function checkMaskIsRead(model: ModelSpec, { lengths, mask }: InputRequest): void {
  if (lengths === undefined && mask === undefined) return;
  const flag = lengths === undefined ? '--mask' : '--lengths';
  const { readers, unreached } = maskReaders(model);
  if (readers.length > 0 && unreached.length === 0) return;
  const what = unreached.length > 0 ? `does not reach ${escapeNames(unreached)}` : 'reaches no layer that leaves steps out';
  throw new RnnError('usage', 'E_CONFLICT', `${flag} ${what}`, { fix: `drop ${flag}, and give each sample alone with its own steps` });
}

/** The network with the T that is actually run, after padding was cut off. */
export function withTimesteps(network: Network, T: number): Network {
  const model = { ...network.model, input: { ...network.model.input, timesteps: T } };
  return { ...network, model, shapes: inferShapes(model) };
}

/** [N, T, …] -> [N, steps, …] */
function firstSteps(x: Tensor, steps: number): Tensor {
  const [N, T, ...rest] = x.shape;
  if (steps === T) return x;
  const width = exactSize(rest);
  const rows = Array.from({ length: N }, (_, n) => ({
    shape: [1, steps, ...rest],
    data: sliceRow(x, n).data.subarray(0, steps * Number(width)),
  }));
  return concatFirst(rows);
}

/** Reads lengths from `3,5,2` or a file of N integers. @throws RnnError E_LENGTHS */
async function readLengths(text: string, N: number, T: number, least: number): Promise<number[]> {
  const lengths = /^\d+(,\d+)*$/.test(text) ? text.split(',').map(Number) : [...(await readArray(text, ['lengths'])).tensor.data];
  const wrong = lengths.findIndex(length => !Number.isInteger(length) || length < least || length > T);
  if (lengths.length !== N || wrong >= 0) {
    const found = lengths.length !== N ? plural(lengths.length, 'length') : `${lengths[wrong]} for sample ${wrong + 1}`;
    throw new RnnError('shape', 'E_LENGTHS', `expected ${plural(N, 'length')} from ${least} to ${T}, found ${found}`, {
      where: '--lengths',
      expected: `${plural(N, 'whole number')} from ${least} to ${T}`,
      found,
      fix: 'give the number of real steps of each sample of x',
    });
  }
  return lengths;
}

/** Reads a mask [N, T] of 0/1 or true/false -> [N·T]. @throws RnnError E_MASK */
async function readMask(path: string, N: number, T: number): Promise<Uint8Array> {
  const { tensor } = await readArray(path, ['mask']);
  const shape = tensor.shape.length === 1 && N === 1 ? [1, ...tensor.shape] : tensor.shape;
  if (shape.length !== 2 || shape[0] !== N || shape[1] !== T) {
    throw new RnnError('shape', 'E_MASK', `expected a mask [${N}, ${T}], found ${formatShape(tensor.shape)}`, {
      where: '--mask',
      expected: `[${N}, ${T}]`,
      found: formatShape(tensor.shape),
      fix: 'give 1 for each real step of a sample, 0 for padding',
    });
  }
  const wrong = tensor.data.findIndex(v => v !== 0 && v !== 1);
  if (wrong >= 0) {
    throw new RnnError('shape', 'E_MASK', `a mask holds 0 and 1, found ${tensor.data[wrong]} at [${Math.floor(wrong / T)}, ${wrong % T}]`, {
      where: '--mask',
      expected: '0 or 1',
      found: String(tensor.data[wrong]),
    });
  }
  return Uint8Array.from(tensor.data);
}

/** Converts lengths to a mask [N·T]: the first `length` steps of each sample are real. */
export function maskOfLengths(lengths: readonly number[], T: number): Uint8Array {
  const mask = new Uint8Array(lengths.length * T);
  lengths.forEach((length, n) => {
    mask.fill(1, n * T, n * T + length);
  });
  return mask;
}
