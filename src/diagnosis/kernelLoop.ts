import { fusedCell } from '../engines/batched/fused.js';
import { FUSED, ifThereIsRoom, STEP_FIELDS } from '../engines/batched/kernel.js';
import { fixedNumbers, hasStep64 } from '../engines/batched/steps64.js';
import { type Loop, startOf, stepsIn } from './loopState.js';
import type { ProductPlace } from './products.js';

/**
 * Runs a float64 loop with correct steps on the kernel's own step (SimpleRNN, LSTM, GRU with the reset after the product): most mistakes
 * only change weights, x or states. The bits are those of loop.ts.
 * @returns false if the loop is of another kind; nothing was run then
 */
export function runsOnKernel(loop: Loop, place: ProductPlace | undefined): boolean {
  const { args, fault, options } = loop;
  const kind = place && !options.exact && !loop.step && !loop.inPlace && !loop.round ? fusedCell(args) : undefined;
  if (!hasStep64(kind, args) || fault.carry?.by === 'step') return false;
  const room = ifThereIsRoom(() => roomIn(loop, place!));
  if (!room) return false;
  const N = args.x.shape[0];
  const together = fault.carry || options.every !== undefined ? 1 : N;
  for (let n = 0; n < N; n += together) runSamples(loop, FUSED[kind], place!, room, n, Math.min(together, N - n));
  return true;
}

/** Byte addresses of x·Wx + b of one step, of c of the samples, and of what the step reads. */
interface Room {
  readonly gates: number;
  readonly c: number;
  readonly step: number;
  readonly fixed: ReturnType<typeof fixedNumbers>;
}

function roomIn({ args, M, width }: Loop, { kernel }: ProductPlace): Room {
  const N = args.x.shape[0];
  const numbers = (count: number) => kernel.take(8 * (count + 2));
  const fixed = fixedNumbers(width, [undefined, undefined], kernel);
  return { gates: numbers(N * width), c: numbers(N * M), step: kernel.take(4 * STEP_FIELDS.length), fixed };
}

function runSamples(loop: Loop, cell: number, place: ProductPlace, { gates, c, step, fixed }: Room, first: number, rows: number): void {
  const { args, M, width, recurrentBias, inputs, sequence, states } = loop;
  const { kernel, v: h, out: recurrent } = place;
  const T = args.x.shape[1];
  const memory = kernel.doubles();
  const places = [h, c].slice(0, states.length).map(at => memory.subarray(at / 8, at / 8 + rows * M));
  for (let r = 0; r < rows; r++)
    startOf(loop, first + r).forEach((state, s) => {
      places[s].set(state, r * M);
    });
  kernel.write(step, STEP_FIELDS, { rows, M, gates, recurrent, stride: width, h, c, ...fixed });
  const [from, to] = stepsIn(loop);
  for (let k = from; k < to; k++) {
    const t = first * T + (args.reverse ? T - 1 - k : k);
    for (let r = 0; r < rows; r++) memory.set(inputs.subarray((t + r * T) * width, (t + r * T + 1) * width), gates / 8 + r * width);
    place.multiply(rows, recurrentBias);
    kernel.run.runStep64(step, cell);
    for (let r = 0; r < rows; r++) sequence.set(places[loop.output].subarray(r * M, (r + 1) * M), (t + r * T) * M);
  }
  states.forEach((all, s) => {
    all.set(places[s], first * M);
  });
}
