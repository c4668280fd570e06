import type { EngineInput } from '../../engines/engine.js';
import { RnnError } from '../../errors.js';
import { escapeNames } from '../../escape.js';
import { maskReaders } from '../../model/masks.js';
import { inferShapes } from '../../model/shapes.js';
import type { ModelSpec } from '../../model/spec.js';
import { concatFirst } from '../../tensor/layout.js';
import { exactSize, sliceRow, type Tensor } from '../../tensor/tensor.js';
import type { Network } from '../network/network.js';
import type { InputRequest } from '../request.js';
import { readInitialStates } from './initialStates.js';
import { maskOfLengths, readLengths, readMask } from './input.js';

/** Mask or lengths of the request beside X. PyTorch's packed sequences shrink to the longest. */
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

/** @throws RnnError E_CONFLICT (usage): no layer leaves masked steps out, or one before a recurrent layer drops the mask */
function checkMaskIsRead(model: ModelSpec, { lengths, mask }: InputRequest): void {
  if (lengths === undefined && mask === undefined) return;
  const flag = lengths === undefined ? '--mask' : '--lengths';
  const { readers, unreached } = maskReaders(model);
  if (readers.length > 0 && unreached.length === 0) return;
  const what = unreached.length > 0 ? `does not reach ${escapeNames(unreached)}` : 'reaches no layer that leaves steps out';
  throw new RnnError('usage', 'E_CONFLICT', `${flag} ${what}`, { fix: `drop ${flag}, and give each sample alone with its own steps` });
}

/** The network with the T it really runs, where padding was cut off. */
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
