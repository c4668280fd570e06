import { BLOCK_FIELDS, type Kernel } from '../../src/engines/batched/kernel.js';

/** What a band between two pieces of memory is filled with. */
const BAND = 0xa5;
const BAND_BYTES = 128;

export interface Guarded extends Kernel {
  /** bytes in use now, without what is between the pieces */
  taken(): number;
  /** names of the functions of WASM that were called, with what they were given, and where there is a block two fields of it and its pieces' bytes */
  readonly calls: {
    readonly name: string;
    readonly given: readonly number[];
    readonly rows?: number;
    readonly far?: number;
    readonly bytesOf?: Readonly<Record<'zNext' | 'meeting' | 'aside', number>>;
  }[];
}

/**
 * The kernel with a band behind every piece of memory that is taken. Whoever writes past its piece, in WASM or in TypeScript, is found out at the next
 * call, `release` or `reset`; past everything taken, TypeScript meets the end of the array.
 */
export function guarded(kernel: Kernel): Guarded {
  let pieces: { at: number; bytes: number; end: number }[] = [];
  const all = () => new Uint8Array(kernel.memory.buffer);
  const check = () => {
    const memory = all();
    for (const { at, bytes, end } of pieces) {
      const torn = memory.subarray(at + bytes, end).findIndex(byte => byte !== BAND);
      if (torn >= 0) throw new Error(`byte ${bytes + torn} of a piece of ${bytes} bytes was written`);
    }
  };
  const calls: Guarded['calls'] = [];
  const run = Object.fromEntries(
    Object.entries(kernel.run).map(([name, f]) => [
      name,
      (...given: number[]) => {
        const field = (of: (typeof BLOCK_FIELDS)[number]) => new Uint32Array(kernel.memory.buffer)[given[0] / 4 + BLOCK_FIELDS.indexOf(of)];
        const bytes = (of: (typeof BLOCK_FIELDS)[number]) => pieces.find(({ at }) => at === field(of))?.bytes ?? 0;
        const block = () => ({
          rows: field('rows'),
          far: field('far'),
          bytesOf: { zNext: bytes('zNext'), meeting: bytes('meeting'), aside: bytes('aside') },
        });
        calls.push({ name, given, ...(/^run/.test(name) ? block() : {}) });
        check();
        const result = (f as unknown as (...given: number[]) => number)(...given);
        check();
        return result;
      },
    ]),
  );
  const end = () => kernel.mark();
  return {
    ...kernel,
    run: run as unknown as Kernel['run'],
    calls,
    taken: () => pieces.reduce((sum, { bytes }) => sum + bytes, 0),
    reset() {
      check();
      pieces = [];
      kernel.reset();
    },
    release(mark) {
      check();
      pieces = pieces.filter(piece => piece.at < mark);
      kernel.release(mark);
    },
    take(bytes) {
      if (!(bytes >= 0)) throw new Error(`${bytes} bytes`);
      const at = kernel.take(bytes + BAND_BYTES);
      pieces.push({ at, bytes, end: end() });
      all().fill(BAND, at + bytes, end());
      return at;
    },
    floats: () => new Float32Array(kernel.memory.buffer, 0, end() / 4),
    bytes: () => all().subarray(0, end()),
  };
}
