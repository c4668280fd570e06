import { viewBytes } from '../formats/bytes/numbers.js';
import { formatOfName } from '../formats/index.js';
import { numpyHeader } from '../formats/npy.js';
import { withFields } from '../once.js';
import { precisionOf, type Tensor } from '../tensor/tensor.js';
import { encodeTensors } from './files/save.js';
import type { ForwardRequest } from './request.js';
import type { ForwardResult } from './result.js';

/** A forward pass over an input that need not fit in memory: some samples (stream.ts) or steps (longSample.ts) at a time. */
export interface StreamRequest extends ForwardRequest {
  /** how y is written */
  readonly format: StreamFormat;
  /** samples at a time; computed from the network's size unless given */
  readonly chunk?: number;
  readonly onProgress?: (progress: StreamProgress) => void;
}

export type StreamFormat = 'npy' | 'csv' | 'jsonl';

export interface StreamProgress {
  /** samples */
  readonly done: number;
  /** null: only the end of the input tells */
  readonly total: number | null;
  /** of the work, 0 to 1; null where the length of the input is not known */
  readonly part: number | null;
}

/** How an output of this name can be written in pieces: `y.npy`, `-` for .npy on stdout, `-.csv`; undefined for other formats. */
export function streamFormatOf(out: string): StreamFormat | undefined {
  const name = out === '-' ? 'npy' : out.startsWith('-.') ? out.slice(2) : formatOfName(out)?.name;
  return (['npy', 'csv', 'jsonl'] as const).find(format => format === name);
}

/** Where y goes. */
export interface StreamSink {
  /** Resolves when the bytes may be changed. @returns false where nobody reads any more: the rest need not be computed */
  // biome-ignore lint/suspicious/noConfusingVoidType: a sink that cannot know returns nothing
  write(bytes: Uint8Array): Promise<boolean | void>;
  /** Writes over the first bytes; only where `canRewind`. */
  rewrite(bytes: Uint8Array): Promise<void>;
  readonly canRewind: boolean;
}

/** An input in pieces, opened and found to be possible. */
export interface ForwardStream {
  /** Computes everything and writes it. The result has no values of y. @throws RnnError as runForward */
  run(sink: StreamSink): Promise<ForwardResult>;
  close(): Promise<void>;
}

/** y is being written while the next x is read in this one's place. */
export function apartFrom(x: Tensor, y: Tensor): Tensor {
  return y.data.buffer === x.data.buffer ? { shape: y.shape, data: y.data.slice() } : y;
}

/** The result of a pass in pieces: that of one piece, with the shape and the digest of all of y and without its values. */
export function resultOfPieces(one: ForwardResult, shape: readonly number[], ySha256: string, notes: readonly string[]): ForwardResult {
  return withFields(one, {
    shape,
    y: [],
    outputs: one.outputs.map(output => withFields(output, { shape, y: [], sha256: ySha256 })),
    states: { h: [], final: {} },
    ySha256,
    notes,
    tensors: { y: { shape, data: one.tensors.y.data.subarray(0, 0) } },
  });
}

interface Encoder {
  encode(y: Tensor): Promise<Uint8Array>;
  /** @param done samples, or steps, that there were */
  finish(done: number): Promise<void>;
}

/**
 * y in pieces: the bytes that the whole y would be written as.
 * @param count how long it is on the axis that it is cut along; null: the end tells
 */
export function encoderOf(format: StreamFormat, count: number | null, sink: StreamSink, axis = 0): Encoder {
  if (format !== 'npy') return { encode: y => encodeTensors(format, new Map([['y', y]])), finish: async () => undefined };
  const headerOf = (y: Tensor, length: number) =>
    numpyHeader({ shape: y.shape.map((n, i) => (i === axis ? length : n)), dtype: precisionOf(y) });
  let first: Tensor | undefined;
  return {
    async encode(y) {
      const data = viewBytes(y.data, precisionOf(y));
      if (first) return data;
      first = y;
      return Buffer.concat([headerOf(y, count ?? 0), data]);
    },
    async finish(done) {
      if (done !== count && sink.canRewind) await sink.rewrite(headerOf(first!, done));
    },
  };
}
