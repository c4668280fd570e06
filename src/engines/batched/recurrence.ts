import { stepContext } from '../../cells/cell.js';
import type { Product, RecurrenceArgs, RecurrenceResult } from '../../layers/layer.js';
import { allocate, type FloatArray, precisionOf, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { type Recording, startRecording } from '../recording.js';
import { biasRows, columnsOf } from '../recurrentWeights.js';
import { fusedCell } from './fused.js';
import { fusedKernel } from './fusedKernel.js';
import { fusedPlain } from './fusedPlain.js';
import type { Kernel } from './kernel.js';
import type { Pool } from './pool.js';
import { productWith } from './product.js';

/** Multiply-adds from which a call into WASM pays off. */
const WORTH_A_CALL = 20_000;

/** Runs a recurrence on the fastest path it has: fused on the kernel, fused in TypeScript (same bits), or through the cell's own step. */
export function recurrence(args: RecurrenceArgs, kernel?: Kernel, pool?: Pool): RecurrenceResult {
  const kind = precisionOf(args.x) === 'f32' ? fusedCell(args) : undefined;
  if (!kind) return generalRecurrence(args, kernel);
  const [N, T] = args.x.shape;
  const multiplyAdds = N * T * (sizeOf(args.weights.kernel!.shape) + sizeOf(args.weights.recurrentKernel!.shape));
  return kernel && !args.trace && (kernel.fast || multiplyAdds >= WORTH_A_CALL)
    ? fusedKernel(args, kind, kernel, pool)
    : fusedPlain(args, kind);
}

/**
 * All samples of a block are computed together. x·Wx + b is one product for all steps of the block, [T·B, G·M]; the cell then computes one
 * step after the other in that buffer, so that tracing the gates costs nothing. Blocks limit the size of the buffer; rows are independent, so
 * the block size does not change a bit.
 */
const BLOCK_BYTES = 16 * 2 ** 20;

interface Block {
  /** index of the first sample, and number of samples */
  readonly from: number;
  readonly B: number;
  readonly record: Recording;
}

/** The prepared products of one run. */
interface Products {
  readonly input: Product;
  /** h·Wh (+ recurrent bias) for gates [from, to) */
  recurrent(from: number, to: number): Product;
  readonly projection?: Product;
}

/** Runs any cell through its own `step`, in blocks of rows. x [N, T, D] -> [N, T, M]. @param product prepares the matrix products */
export function generalRecurrence(args: RecurrenceArgs, kernel?: Kernel, product = productWith): RecurrenceResult {
  const { cell, x, weights, units: M } = args;
  const [N, T] = x.shape;
  const P = weights.projection ? weights.projection.shape[1] : M;
  const record = startRecording(args, length => allocate(length, precisionOf(x)), P);
  kernel?.reset();
  const products = makeProducts(args, (w, bias) => product(w, bias, kernel));
  const rowsInBlock = Math.max(1, Math.floor(BLOCK_BYTES / (4 * T * cell.gates.length * M)));
  for (let from = 0; from < N; from += rowsInBlock) runBlock(args, { from, B: Math.min(rowsInBlock, N - from), record }, products);
  return record.result();
}

function makeProducts(args: RecurrenceArgs, productOf: (w: Tensor, bias?: FloatArray) => Product): Products {
  const { weights, units: M } = args;
  const [bias, recurrentBias] = biasRows(args);
  const columns = columnsOf(weights.recurrentKernel!, M);
  const cuts = new Map<Tensor, Product>();
  return {
    input: productOf(weights.kernel!, bias),
    recurrent(from, to) {
      const cut = columns(from, to);
      const known = cuts.get(cut) ?? productOf(cut, recurrentBias?.subarray(from * M, to * M));
      cuts.set(cut, known);
      return known;
    },
    projection: weights.projection && productOf(weights.projection),
  };
}

function runBlock(args: RecurrenceArgs, block: Block, products: Products): void {
  const { cell, x, mask, reverse, weights, units: M } = args;
  const { from, B, record } = block;
  const T = x.shape[1];
  const width = cell.gates.length * M;
  const allGates = projectInput(args, block, products.input);
  const recurrent = recurrentProduct(args, block, products);
  const isRecorded = mask !== undefined || args.sequence || args.trace;
  let state = initialState(args, block);
  for (let step = 0; step < T; step++) {
    const t = reverse ? T - 1 - step : step;
    const gates = allGates.subarray(t * B * width, (t + 1) * B * width);
    const next = cell.states.map(() => allocate(B * M, precisionOf(x)));
    cell.step(stepContext(args, { N: B, M, gates, state, next, recurrent, peepholes: weights.peepholes?.data }));
    if (products.projection) next[0] = project(next[0], weights.projection!, B, products.projection);
    for (let n = 0; n < B && isRecorded; n++) {
      const masked = mask !== undefined && mask[(from + n) * T + t] === 0;
      if (masked) keepState(next, state, n, B);
      const own = sampleOf(next, n, B);
      if (masked) record.masked(from + n, t, own);
      else record.step(from + n, t, gates.subarray(n * width, (n + 1) * width), own);
    }
    state = next;
  }
  for (let n = 0; n < B; n++) record.finish(from + n, sampleOf(state, n, B));
}

/** x·Wx + b for every step: [T·B, G·M], time-major. Multiplies all samples of a step or all steps of a sample at a time, whichever are more rows. */
function projectInput({ x, cell, units: M }: RecurrenceArgs, { from, B }: Block, product: Product): FloatArray {
  const [, T, D] = x.shape;
  const width = cell.gates.length * M;
  const data = allocate(T * B * width, precisionOf(x));
  const start = from * T * D;
  if (B < T)
    for (let n = 0; n < B; n++)
      product({ data, start: n * width, stride: B * width }, { data: x.data, start: start + n * T * D, stride: D }, T);
  else
    for (let t = 0; t < T; t++)
      product({ data, start: t * B * width, stride: width }, { data: x.data, start: start + t * D, stride: T * D }, B);
  return data;
}

/** h·Wh (+ recurrent bias) for gates [first, end): [B, (end−first)·M], valid until the next call. */
function recurrentProduct(
  { x, units: M, cell }: RecurrenceArgs,
  { B }: Block,
  products: Products,
): (h: FloatArray, first: number, end: number) => FloatArray {
  const buffer = allocate(B * cell.gates.length * M, precisionOf(x));
  return (h, first, end) => {
    const K = (end - first) * M;
    const P = h.length / B;
    products.recurrent(first, end)({ data: buffer, start: 0, stride: K }, { data: h, start: 0, stride: P }, B);
    return buffer;
  };
}

/** h [B, M] · Wp [M, P] */
function project(h: FloatArray, Wp: Tensor, B: number, product: Product): FloatArray {
  const [M, P] = Wp.shape;
  const data = allocate(B * P, precisionOf(Wp));
  product({ data, start: 0, stride: P }, { data: h, start: 0, stride: M }, B);
  return data;
}

function initialState({ x, cell }: RecurrenceArgs, { from, B, record }: Block): FloatArray[] {
  const samples = Array.from({ length: B }, (_, n) => record.initial(from + n));
  return cell.states.map((_, s) => {
    const width = samples[0][s].length;
    const joined = allocate(B * width, precisionOf(x));
    samples.forEach((sample, n) => {
      joined.set(sample[s], n * width);
    });
    return joined;
  });
}

/** Restores the previous state of sample n, which is masked. */
function keepState(next: readonly FloatArray[], previous: readonly FloatArray[], n: number, B: number): void {
  next.forEach((s, k) => {
    const width = s.length / B;
    s.set(previous[k].subarray(n * width, (n + 1) * width), n * width);
  });
}

/** Returns the row of sample n of every state. */
function sampleOf(state: readonly FloatArray[], n: number, B: number): FloatArray[] {
  return state.map(s => s.subarray((n * s.length) / B, ((n + 1) * s.length) / B));
}
