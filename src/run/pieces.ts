import { viewBytes } from '../formats/bytes/numbers.js';
import { formatOfName } from '../formats/index.js';
import { numpyHeader } from '../formats/npy.js';
import { withFields } from '../once.js';
import { precisionOf, type Tensor } from '../tensor/tensor.js';
import { encodeTensors } from './files/save.js';
import type { ForwardRequest } from './request.js';
import type { ForwardResult } from './result.js';

/** A forward pass over an input that need not fit in memory, a few samples (stream.ts) or steps (longSample.ts) at a time. */
export interface StreamRequest extends ForwardRequest {
  /** the format of y */
  readonly format: StreamFormat;
  /** samples at a time; by default computed from the network's size */
  readonly chunk?: number;
  readonly onProgress?: (progress: StreamProgress) => void;
}

export type StreamFormat = 'npy' | 'csv' | 'jsonl';

export interface StreamProgress {
  /** samples */
  readonly done: number;
  /** null: not known before the end of the input */
  readonly total: number | null;
  /** fraction of the work done, 0 to 1; null if the length of the input is not known */
  readonly part: number | null;
}

/**
 * The format in which an output of this name can be written in pieces: `y.npy`, `-` for .npy on stdout, `-.csv`; undefined for other
 * formats.
 */
export function streamFormatOf(out: string): StreamFormat | undefined {
  const name = out === '-' ? 'npy' : out.startsWith('-.') ? out.slice(2) : formatOfName(out)?.name;
  return (['npy', 'csv', 'jsonl'] as const).find(format => format === name);
}

/** Where y goes. */
export interface StreamSink {
  /** Resolves once the buffer may be reused. @returns false if the reader has gone and the rest need not be computed */
  // biome-ignore lint/suspicious/noConfusingVoidType: a sink that cannot know returns nothing
  write(bytes: Uint8Array): Promise<boolean | void>;
  /** Overwrites the first bytes; only if `canRewind`. */
  rewrite(bytes: Uint8Array): Promise<void>;
  readonly canRewind: boolean;
}

/** An opened input that can be computed in pieces. */
export interface ForwardStream {
  /** Computes and writes everything. The result does not contain the values of y. @throws RnnError as runForward */
  run(sink: StreamSink): Promise<ForwardResult>;
  close(): Promise<void>;
}

/** Copies y if it shares memory with x: the next x is read into that memory while y is being written. */
export function copyIfShared(x: Tensor, y: Tensor): Tensor {
  return y.data.buffer === x.data.buffer ? { shape: y.shape, data: y.data.slice() } : y;
}

/** The result of the whole pass, made from that of one piece: with the shape and digest of all of y, without its values. */
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
  /** @param done number of samples or steps that were written */
  finish(done: number): Promise<void>;
}

/**
 * Encodes y in pieces, giving the same bytes as encoding it whole.
 * @param count length of y along `axis`; null if only the end of the input tells
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
