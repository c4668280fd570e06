/** The WASM kernel (assembly/index.ts) and the memory it works in. All addresses are bytes. */

/** The recurrences with a fast path, numbered as in assembly/cell.ts. */
export const FUSED = { rnn: 0, lstm: 1, gru: 2, gruBefore: 3 } as const;
export type FusedCell = keyof typeof FUSED;

/** Fields of assembly/block.ts, assembly/pack.ts and assembly/steps64.ts, in their order. */
export const BLOCK_FIELDS = [
  'rows', 'T', 'D', 'M', 'reverse', 'x', 'stride', 'z', 'zNext', 'c', 'cStride', 'weights', 'far', 'scratch', 'mask', 'saved',
  'sequence', 'zeroMasked', 'wide', 'projected', 'aside', 'meeting',
] as const; // biome-ignore format: a list
export const SOURCE_FIELDS = [
  'D',
  'M',
  'width',
  'kernel',
  'recurrent',
  'bias',
  'recurrentBias',
  'kernelFrom',
  'kernelRows',
  'recurrentFrom',
  'recurrentRows',
] as const;

export const STEP_FIELDS = ['rows', 'M', 'gates', 'recurrent', 'bias', 'recurrentBias', 'stride', 'h', 'c', 'table'] as const;

/** Bytes that the kernel needs to store partial sums; the same number is in assembly/block.ts. */
export const ASIDE_BYTES = 192;
/** Bytes per thread at a meeting point (assembly/meet.ts). */
export const MEETING_BYTES = 64;
/** Most blocks in one round of a pool (pool.ts). */
export const MOST_BLOCKS = 4096;

interface Exports {
  readonly TABLE_END: WebAssembly.Global;
  writeConstants(): void;
  packPanels(source: number, cell: number, to: number): number;
  packWide(source: number, cell: number, to: number): number;
  packMatrix(w: number, bias: number, D: number, K: number, from: number, rows: number, to: number): number;
  matrixProduct(
    x: number,
    stride: number,
    rows: number,
    D: number,
    w: number,
    K: number,
    out: number,
    outStride: number,
    aside: number,
  ): void;
  addProduct64(x: number, stride: number, rows: number, D: number, w: number, K: number, out: number, outStride: number): void;
  addRows64(out: number, K: number, v: number, P: number, w: number, stride: number, order: number, rows: number): void;
  addRowsOfSingles64(out: number, K: number, v: number, P: number, w: number, stride: number, order: number, rows: number): void;
  addRows32(out: number, K: number, v: number, P: number, w: number, stride: number, order: number, rows: number): void;
  runSteps(block: number, cell: number, from: number, to: number): void;
  runStream(block: number, cell: number, from: number, to: number): void;
  runStreamPart(block: number, cell: number, from: number, to: number, part: number, parts: number): void;
  gatherRows(from: number, stride: number, rows: number, bytes: number, to: number): void;
  runStep64(step: number, cell: number): void;
  activate(x: number, vectors: number, kind: number): void;
}

export interface Kernel {
  /** whether it is compiled with relaxed SIMD, whose products have other bits */
  readonly fast: boolean;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly run: Exports;
  /** Gives all memory back. Addresses taken before are no longer valid. */
  reset(): void;
  /** Returns where the next `take` begins; `release` frees everything taken since. */
  mark(): number;
  release(mark: number): void;
  /** Reserves `bytes`, aligned to 64. @returns the address @throws RangeError if WASM cannot have that much memory */
  take(bytes: number): number;
  /** The current memory; get it again after every `take`, which may move it. */
  floats(): Float32Array;
  doubles(): Float64Array;
  bytes(): Uint8Array;
  /** Writes a struct of 4-byte fields. */
  write<F extends string>(at: number, fields: readonly F[], values: Readonly<Record<F, number>>): void;
}

/** Runs `take`, which reserves memory of the kernel; undefined if WASM cannot have that much. */
export function ifThereIsRoom<T>(take: () => T): T | undefined {
  try {
    return take();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Returns a function that gives `count` numbers of the kernel's memory, the same memory at each call. The caller frees it with what it took before. */
export function roomIn(kernel: Kernel): (count: number) => Float32Array {
  const mark = kernel.mark();
  return count => {
    kernel.release(mark);
    const at = kernel.take(4 * count) / 4;
    return kernel.floats().subarray(at, at + count);
  };
}

const PAGE = 65536;
const MOST_PAGES = 65536; // 4 GiB, all that 32-bit addresses reach

const kernels = new Map<boolean, Promise<Kernel | undefined>>();
const ready = new Map<boolean, Kernel>();

/** Returns the kernel if it has already been loaded. */
export function loadedKernel(fast: boolean): Kernel | undefined {
  return ready.get(fast);
}

/** Returns the kernel, compiled at the first call; undefined if there is none (run from source) or WASM is unavailable (no memory, no SIMD). */
export function loadKernel(fast: boolean): Promise<Kernel | undefined> {
  const kernel = kernels.get(fast) ?? loadBuiltIn(fast);
  kernels.set(fast, kernel);
  return kernel;
}

async function loadBuiltIn(fast: boolean): Promise<Kernel | undefined> {
  const { kernelBytes } = await import('./kernelBytes.js');
  const bytes = await kernelBytes(fast, fromBase64);
  return bytes && useKernel(bytes, fast);
}

let fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), c => c.charCodeAt(0));

/** Provides a decoder: Node's takes a thirtieth of the time of a loop that nothing has compiled yet. */
export function useBase64(decode: (text: string) => Uint8Array): void {
  fromBase64 = decode;
}

/** Most memory of a separate kernel: 64 MiB. */
const OWN_PAGES = 1024;

/** Returns a separate instance of the kernel, whose memory nobody else resets. Its `take` throws RangeError beyond 64 MiB. */
export async function ownKernel(fast: boolean): Promise<Kernel | undefined> {
  const kernel = await loadKernel(fast);
  return kernel && instanceOf(kernel.module, fast, OWN_PAGES);
}

/** Uses these bytes as the kernel from now on: for tests, and for programs that build it elsewhere. */
export async function useKernel(bytes: Uint8Array, fast: boolean): Promise<Kernel | undefined> {
  const kernel = await compile(bytes, fast);
  kernels.set(fast, Promise.resolve(kernel));
  if (kernel) ready.set(fast, kernel);
  return kernel;
}

/** Drops the kernels: plain TypeScript is used until the next `useKernel`. */
export function forgetKernels(): void {
  for (const fast of [false, true]) kernels.set(fast, Promise.resolve(undefined));
  ready.clear();
}

async function compile(bytes: Uint8Array, fast: boolean): Promise<Kernel | undefined> {
  if (typeof WebAssembly === 'undefined') return undefined; // V8 without a compiler (--jitless)
  if (fast && !WebAssembly.validate(bytes)) await setFlag();
  if (!WebAssembly.validate(bytes)) return undefined;
  try {
    // synchronously: half a millisecond, while WebAssembly.compile can wait twenty for a thread
    return await instanceOf(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), fast, MOST_PAGES);
  } catch (error) {
    if (error instanceof RangeError || error instanceof WebAssembly.CompileError) return undefined; // no address space left, or the processor lacks an instruction
    throw error;
  }
}

async function instanceOf(module: WebAssembly.Module, fast: boolean, maximum: number): Promise<Kernel> {
  // shared, so that threads can work in it; it grows on demand
  const memory = new WebAssembly.Memory({ initial: 4, maximum, shared: true });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const run = instance.exports as unknown as Exports;
  run.writeConstants();
  return kernelIn(memory, module, run, fast);
}

let setFlag: () => Promise<void> = async () => undefined;

/** Provides how to enable relaxed SIMD where it needs a flag: it does in Node 20, not in Node 22 and later. */
export function useRelaxedSimdFlag(set: () => Promise<void>): void {
  setFlag = set;
}

function kernelIn(memory: WebAssembly.Memory, module: WebAssembly.Module, run: Exports, fast: boolean): Kernel {
  const start = align(run.TABLE_END.value);
  let top = start;
  let floats = new Float32Array(memory.buffer);
  let doubles = new Float64Array(memory.buffer);
  let bytes = new Uint8Array(memory.buffer);
  let words = new Uint32Array(memory.buffer);
  const grow = (needed: number) => {
    memory.grow(Math.ceil((needed - bytes.length) / PAGE));
    floats = new Float32Array(memory.buffer);
    doubles = new Float64Array(memory.buffer);
    bytes = new Uint8Array(memory.buffer);
    words = new Uint32Array(memory.buffer);
  };
  return {
    fast,
    module,
    memory,
    run,
    reset() {
      top = start;
    },
    mark: () => top,
    release(mark) {
      top = mark;
    },
    take(size) {
      const at = top;
      const end = align(at + size);
      if (end > bytes.length) grow(end);
      top = end;
      return at;
    },
    floats: () => floats,
    doubles: () => doubles,
    bytes: () => bytes,
    write(at, fields, values) {
      fields.forEach((field, i) => {
        words[at / 4 + i] = values[field];
      });
    },
  };
}

function align(address: number): number {
  return Math.ceil(address / 64) * 64;
}
