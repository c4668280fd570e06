import { samplesAreIndependent } from '../model/samples.js';
import { keep } from '../tensor/lazy.js';
import type { Tensor } from '../tensor/tensor.js';
import { executionWithout } from './engineChoice.js';
import { execute } from './execute.js';
import { splitKey } from './files/fileKey.js';
import { numberHash } from './files/sha256.js';
import { collector } from './forceGc.js';
import { forwardResult } from './forward.js';
import { hasStepsFirst } from './input/declaredInput.js';
import { finiteCounter } from './input/finite.js';
import { takenOf, wrongN } from './input/input.js';
import { rowsOf } from './input/rows.js';
import { openSamples, type Samples } from './input/samples.js';
import { checkMemory, productsOf } from './memory.js';
import { type Network, openModel } from './network/network.js';
import { isExact } from './network/wiredGraph.js';
import { copyIfShared, encoderOf, type ForwardStream, resultOfPieces, type StreamRequest, type StreamSink } from './pieces.js';
import { type Prepared, prepare } from './prepare.js';
import type { ForwardResult } from './result.js';

/** Smaller files are read whole, which is as fast and gives the same result. */
const LARGE = 2 ** 24;

/**
 * A forward pass over an input that need not fit in memory: some samples are computed while the next ones are read and the last ones
 * written. Samples are independent, so the bits are those of a pass over the whole input, wherever it is cut.
 * @returns undefined if the whole input has to be read: it is small, or something (padding, states, a trace, the file's layout) needs it.
 * Standard input can then still be read from its first byte.
 * @throws RnnError as runForward
 */
export async function openForwardStream(request: StreamRequest, canRewind: boolean): Promise<ForwardStream | undefined> {
  if (request.input === undefined || needsWhole(request)) return undefined;
  const [path, key] = splitKey(request.input);
  if (key !== undefined || (await readsWhole(request))) return undefined;
  const { openLongSample } = await import('./longSample.js');
  const long = await openLongSample(request, path, canRewind);
  if (long) return long;
  const asked = request.chunk !== undefined || request.rows !== undefined;
  const steps = typeof request.T === 'number' ? request.T : undefined;
  const samples = await openSamples(path, steps, asked ? 0 : LARGE);
  if (!samples) return undefined;
  const stream = await firstSample(request, samples, canRewind).catch(async error => {
    await samples.close();
    throw error;
  });
  if (stream) return { run: sink => runStream(stream, sink), close: () => samples.close() };
  await samples.close(true);
  return undefined;
}

/** `openForwardStream` for one long sample whose y is that of the last step, without an output file. */
export async function forwardLongSample(request: StreamRequest): Promise<ForwardResult | undefined> {
  if (request.input === undefined || needsWhole(request)) return undefined;
  const [path, key] = splitKey(request.input);
  if (key !== undefined || (await readsWhole(request))) return undefined;
  const { lastOfLongSample } = await import('./longSample.js');
  return lastOfLongSample(request, path);
}

/** Whether the request needs more than one sample, or shows all of them. */
function needsWhole(request: StreamRequest): boolean {
  const { lengths, mask, h0, c0, simulate } = request;
  const files = [lengths, mask, h0, c0, simulate].some(value => value !== undefined);
  return files || request.model === '-' || [request.trace, request.states, request.timeMajor].some(Boolean);
}

/** Whether the network's file determines the axes of its input. */
async function readsWhole(request: StreamRequest): Promise<boolean> {
  const opened = await openModel(request);
  return (opened?.graph !== undefined && !isExact(opened.graph)) || hasStepsFirst(opened);
}

interface Stream {
  readonly request: StreamRequest;
  readonly samples: Samples;
  readonly prepared: Prepared;
  /** index of the first sample in the input */
  readonly from: number;
  /** how many there are; null: until the end */
  readonly count: number | null;
}

/** Prepares the network with the first sample as its input. */
async function firstSample(request: StreamRequest, samples: Samples, canRewind: boolean): Promise<Stream | undefined> {
  const { N, rows } = request;
  const { total } = samples;
  if (total === null && (N !== undefined || (request.format === 'npy' && !canRewind))) return undefined;
  const range = total === null ? { from: rows?.from ?? 0, to: rows?.to ?? null } : rowsOf(rows ?? { from: 0, to: null }, total);
  const skipped = await samples.skip(range.from);
  if ((await samples.fill(1)) === 0) {
    if (rows) rowsOf(rows, skipped);
    return undefined;
  }
  const x = samples.take(1);
  if (N !== undefined && total !== null && N !== total) throw wrongN(N, [total, ...x.shape.slice(1)]);
  const prepared = await prepare(
    { ...request, N: undefined, rows: undefined },
    { given: { tensor: x, format: samples.format, notes: [], taken: samples.names && takenOf(samples.names.picked, samples.names.all) } },
  );
  const { model, shapes } = prepared.network;
  if (model.otherInputs || model.otherOutputs || model.input.shape || !samplesAreIndependent(model, shapes)) return undefined;
  return { request, samples, prepared, from: range.from, count: range.to === null ? null : range.to - range.from };
}

async function runStream({ request, samples, prepared, from, count }: Stream, sink: StreamSink): Promise<ForwardResult> {
  samples.commit();
  const { network, weights } = prepared;
  keep(weights.values());
  const execution = executionWithout('an input in pieces, whose bits are those of the whole', request);
  const chunk = chunkSize(request, network, prepared.input.x);
  const strict = request.strictFinite ?? false;
  const [ofInput, ofOutput] = [finiteCounter('the input', strict), finiteCounter('the output', strict)];
  const hash = numberHash();
  const collect = collector();
  const encoder = encoderOf(request.format, count, sink);
  const warnings = new Set<string>();
  let done = 0;
  let first: ForwardResult | undefined;
  let written: Promise<unknown> = Promise.resolve(true);
  for (let x: Tensor | undefined = prepared.input.x; x; x = await nextChunk(samples, chunk, count, done)) {
    ofInput.add(x, from + done);
    const output = await execute(network.model, weights, { x }, execution);
    const y = copyIfShared(x, output.y);
    for (const warning of output.warnings) warnings.add(warning);
    first ??= forwardResult(prepared, output, { ...request, strictFinite: false }, execution);
    ofOutput.add(y, done);
    hash.update(y.data);
    done += x.shape[0];
    const bytes = await encoder.encode(y);
    if ((await written) === false) break;
    written = sink.write(bytes);
    written.catch(() => undefined);
    collect();
    request.onProgress?.({ done, total: count, part: count === null ? samples.part : done / count });
  }
  await written;
  await encoder.finish(done);
  const shape = [done, ...first!.shape.slice(1)];
  const notes = [...prepared.notes, ...samples.notes, ...warnings, ...ofInput.notes(), ...ofOutput.notes()];
  return resultOfPieces(first!, shape, hash.digest(), notes);
}

async function nextChunk(samples: Samples, { least, most }: Chunk, count: number | null, done: number): Promise<Tensor | undefined> {
  const left = count === null ? most : Math.min(most, count - done);
  const n = left === 0 ? 0 : Math.min(left, await samples.fill(Math.min(left, least)));
  return n === 0 ? undefined : samples.take(n);
}

/** Samples computed at a time: as many as have been read, but at least `least`. */
interface Chunk {
  readonly least: number;
  readonly most: number;
}

/** Numbers in a chunk: few enough for the processor's cache and, if samples are long, for memory. */
const CHUNK_NUMBERS = 2 ** 20;
const MOST_NUMBERS = 2 ** 23;
/** Number of samples at which the engine reaches full speed. */
const ENOUGH_SAMPLES = 80;
const MOST_SAMPLES = 2 ** 14;
/**
 * Multiply-adds of a chunk: signals are handled between chunks, about every 50 ms. A chunk has at least FEWEST_SAMPLES: fewer take as long.
 */
const CHUNK_WORK = 2.5e8;
const FEWEST_SAMPLES = 16;

/** @throws RnnError E_MEMORY */
function chunkSize({ chunk, maxMemory }: StreamRequest, network: Network, { shape: [, T] }: Tensor): Chunk {
  if (chunk !== undefined) {
    checkMemory(network, [chunk, T], maxMemory);
    return { least: chunk, most: chunk };
  }
  const each = numbersOfSample(network, T);
  const heard = Math.max(FEWEST_SAMPLES, Math.floor(CHUNK_WORK / productsOf(network, 1, T)));
  const least = Math.max(1, Math.min(ENOUGH_SAMPLES, Math.floor(MOST_NUMBERS / each), heard));
  return { least, most: Math.max(least, Math.min(MOST_SAMPLES, Math.floor(CHUNK_NUMBERS / each), heard)) };
}

/** Count of the numbers in one sample of x and of each layer's output. */
function numbersOfSample({ shapes }: Network, T: number): number {
  const size = (dims: readonly { readonly size: number | null }[]) => dims.slice(1).reduce((total, d) => total * (d.size ?? T), 1);
  return [size(shapes.input), ...shapes.layers.map(l => size(l.output))].reduce((a, b) => a + b, 0);
}
