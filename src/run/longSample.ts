import type { EngineInput } from '../engines/engine.js';
import { finalStatesOf } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { isRecurrent } from '../model/spec.js';
import { withFields } from '../once.js';
import { keep } from '../tensor/lazy.js';
import type { Tensor } from '../tensor/tensor.js';
import { executionWithout } from './engineChoice.js';
import { execute } from './execute.js';
import { numberHash } from './files/sha256.js';
import { collector } from './forceGc.js';
import { forwardResult } from './forward.js';
import { hasOwnT } from './input/declaredInput.js';
import { finiteCounter } from './input/finite.js';
import { sequenceNote } from './input/input.js';
import { openSteps, type Samples } from './input/samples.js';
import { productsOf } from './memory.js';
import { type Network, openModel } from './network/network.js';
import { copyIfShared, encoderOf, type ForwardStream, resultOfPieces, type StreamRequest, type StreamSink } from './pieces.js';
import { type Prepared, prepare } from './prepare.js';
import type { ForwardResult } from './result.js';
import { stepwise } from './stepwise.js';

/**
 * One sample that need not fit in memory, computed a few steps at a time: every layer runs forward in time, and each piece starts with the
 * states that the last one ended with. A sum never spans steps, so the bits are those of a pass over the whole sequence, wherever it is
 * cut.
 */
interface LongSample {
  readonly request: StreamRequest;
  readonly steps: Samples;
  readonly prepared: Prepared;
  readonly everyStep: boolean;
}

/** Smaller files are read whole, which is as fast. */
const LARGE = 2 ** 20;
/** Steps that are read to determine the network. */
const FIRST_STEPS = 251;

/** @returns undefined if the input is not such a sample, or the network needs the whole sequence. @throws RnnError as runForward */
export async function openLongSample(request: StreamRequest, path: string, canRewind: boolean): Promise<ForwardStream | undefined> {
  const long = await openLong(request, path, canRewind);
  return long && { run: sink => runLong(long, sink), close: () => long.steps.close() };
}

/**
 * y of a long sample, without an output file. @returns undefined as for openLongSample, and also if y has every step: it is then held whole
 */
export async function lastOfLongSample(request: StreamRequest, path: string): Promise<ForwardResult | undefined> {
  const long = await openLong(request, path, true);
  if (!long?.everyStep) return long && runLong(long).finally(() => long.steps.close());
  await long.steps.close(true);
  return undefined;
}

async function openLong(request: StreamRequest, path: string, canRewind: boolean): Promise<LongSample | undefined> {
  const { N = 1, T, rows, chunk, engine } = request;
  if (N !== 1 || T !== undefined || rows || chunk !== undefined || engine === 'onnxruntime') return undefined;
  const steps = await openSteps(path, LARGE);
  if (!steps) return undefined;
  const long = await firstSteps(request, steps, canRewind).catch(async error => {
    await steps.close(true);
    // reading the whole input finds the same error, and reports it for the whole input
    if (error instanceof RnnError) return undefined;
    throw error;
  });
  if (!long) await steps.close(true);
  return long;
}

async function firstSteps(request: StreamRequest, steps: Samples, canRewind: boolean): Promise<LongSample | undefined> {
  if ((steps.total === null && request.format === 'npy' && !canRewind) || hasOwnT(await openModel(request))) return undefined;
  if ((await steps.fill(FIRST_STEPS)) < FIRST_STEPS) return undefined;
  const x = steps.take(FIRST_STEPS);
  const prepared = await prepare(request, { given: { tensor: x, format: steps.format, notes: [] } });
  const { model } = prepared.network;
  if (model.input.features !== x.shape[2]) return undefined;
  const output = stepwise(prepared.network) ? prepared.network.shapes.output : undefined;
  if (!output || (output.length > 2 && request.format !== 'npy')) return undefined;
  const open = { ...prepared.network, model: { ...model, input: { ...model.input, timesteps: null } } };
  return { request, steps, prepared: { ...prepared, network: open }, everyStep: output.length > 2 };
}

/** @param sink absent: the result contains y itself */
async function runLong({ request, steps, prepared, everyStep }: LongSample, sink?: StreamSink): Promise<ForwardResult> {
  steps.commit();
  const { network, weights } = prepared;
  keep(weights.values());
  const execution = executionWithout('an input in pieces, whose bits are those of the whole', request);
  const most = stepsAtOnce(network);
  const strict = request.strictFinite ?? false;
  const [ofInput, ofOutput] = [finiteCounter('the input', strict), finiteCounter('the output', strict)];
  const hash = numberHash();
  const collect = collector();
  const encoder = sink && encoderOf(request.format, everyStep ? steps.total : 1, sink, everyStep ? 1 : 0);
  const warnings = new Set<string>();
  let done = 0;
  let states: EngineInput['initialStates'];
  let result: ForwardResult | undefined;
  let written: Promise<unknown> = Promise.resolve(true);
  const write = async (y: Tensor): Promise<boolean> => {
    ofOutput.add(y, everyStep ? done : 0, everyStep ? 1 : 0);
    hash.update(y.data);
    if (!sink || !encoder) return true;
    const bytes = await encoder.encode(y);
    if ((await written) === false) return false;
    written = sink.write(bytes);
    written.catch(() => undefined);
    return true;
  };
  for (let x: Tensor | undefined = prepared.input.x; x; ) {
    ofInput.add(x, done, 1);
    const output = await execute(network.model, weights, { x, initialStates: states, continued: states !== undefined }, execution);
    for (const warning of output.warnings) warnings.add(warning);
    states = new Map(network.model.layers.filter(isRecurrent).map(({ name }) => [name, finalStatesOf(output, name)!]));
    const y = copyIfShared(x, output.y);
    if (everyStep && !(await write(y))) break;
    done += x.shape[1];
    result = everyStep && result ? result : forwardResult(prepared, { ...output, y }, { ...request, strictFinite: false }, execution);
    collect();
    request.onProgress?.({ done: 0, total: 1, part: steps.total === null ? steps.part : done / steps.total });
    const n = Math.min(most, await steps.fill(Math.min(most, LEAST_STEPS)));
    x = n === 0 ? undefined : steps.take(n);
    if (!x && !everyStep) await write(y);
  }
  await written;
  await encoder?.finish(everyStep ? done : 1);
  const [, ...rest] = result!.shape;
  const shape = everyStep ? [1, done, ...rest.slice(1)] : [1, ...rest];
  const read = steps.rank === 2 ? sequenceNote([done, prepared.input.x.shape[2]]) : [];
  const notes = [...prepared.notes, ...read, ...steps.notes, ...warnings, ...ofInput.notes(), ...ofOutput.notes()];
  return sink ? resultOfPieces(result!, shape, hash.digest(), notes) : withFields(result!, { notes });
}

/**
 * Most numbers of a piece (they stay in the processor's cache), most multiply-adds between two checks for a signal, and fewest steps per
 * call.
 */
const PIECE_NUMBERS = 2 ** 18;
const PIECE_WORK = 2.5e8;
const LEAST_STEPS = 256;

function stepsAtOnce(network: Network): number {
  const { shapes } = network;
  const width = (dims: readonly { readonly size: number | null }[]) => dims.slice(2).reduce((total, d) => total * (d.size ?? 1), 1);
  const each = [width(shapes.input), ...shapes.layers.map(l => width(l.output))].reduce((a, b) => a + b, 0);
  return Math.max(LEAST_STEPS, Math.min(Math.floor(PIECE_NUMBERS / each), Math.floor(PIECE_WORK / productsOf(network, 1, 1))));
}
