import { cellFunction } from '../activations/index.js';
import { getCell } from '../cells/index.js';
import { flipTime } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import { bothWays, merge } from './bidirectional.js';
import type { LayerContext, LayerResult, RecurrenceArgs, RecurrenceResult, Value } from './layer.js';
import { cellOptions, type RecurrentSpec } from './recurrentSpec.js';

/** Runs a recurrent layer with an engine's recurrence, x [N, T, D] -> [N, T, M] or [N, M]. Directions, masks and the order of the output are decided here. */
export function applyOne(layer: RecurrentSpec, input: Value, context: LayerContext): LayerResult {
  const run = runDirection(layer, input, context, '', layer.goBackwards, context.initial);
  return output(layer, run.last, inOrder(layer, run.sequence), run.sequence, [run]);
}

/** Runs both directions over the same input and merges them. Keras flips the backward sequence to time order before merging; so do PyTorch and ONNX. */
export function applyBoth(layer: RecurrentSpec, input: Value, context: LayerContext): LayerResult {
  const [initialForward, initialBackward] = bothWays(context.initial);
  const forward = runDirection(layer, input, context, 'forward/', layer.goBackwards, initialForward);
  const backward = runDirection(layer, input, context, 'backward/', !layer.goBackwards, initialBackward);
  const mode = layer.bidirectional!;
  const sequence = forward.sequence && merge(mode, forward.sequence, backward.sequence!);
  return output(layer, merge(mode, forward.last, backward.last), inOrder(layer, sequence), sequence, [forward, backward]);
}

function runDirection(
  layer: RecurrentSpec,
  input: Value,
  context: LayerContext,
  way: string,
  reverse: boolean,
  initial: readonly Tensor[] | undefined,
): RecurrenceResult {
  const args = recurrenceArgs(layer, input, context, way, reverse, initial);
  const unrolled = layer.unroll && reverse && input.mask && layer.zeroOutputForMask;
  if (!unrolled) {
    const run = context.kernels.recurrence(args);
    return input.mask && initial && !context.continued && !layer.zeroOutputForMask ? zeroedUntilReal(run, input.mask, reverse) : run;
  }
  return zeroedByUnflippedMask(context.kernels.recurrence({ ...args, zeroOutputForMask: false }), input.mask!);
}

/** A masked step repeats the output before it. Before the first real step that is zero, not the given initial state (keras/src/backend, rnn.py). */
function zeroedUntilReal(run: RecurrenceResult, mask: Uint8Array, reverse: boolean): RecurrenceResult {
  const [N, M] = run.last.shape;
  const T = mask.length / N;
  const last = { shape: run.last.shape, data: run.last.data.slice() };
  const sequence = run.sequence && { shape: run.sequence.shape, data: run.sequence.data.slice() };
  for (let n = 0; n < N; n++)
    for (let step = 0; ; step++) {
      const row = n * T + (reverse ? T - 1 - step : step);
      if (step === T) last.data.fill(0, n * M, (n + 1) * M);
      if (step === T || mask[row] === 1) break;
      sequence?.data.fill(0, row * M, (row + 1) * M);
    }
  return { ...run, last, ...(sequence ? { sequence } : {}) };
}

/**
 * Zeroes outputs as Keras' unrolled loop does when it runs backwards: the outputs are in processing order, but the mask is in time order, so
 * step t is zeroed if step T−1−t is padding (keras/src/backend, rnn.py).
 */
function zeroedByUnflippedMask(run: RecurrenceResult, mask: Uint8Array): RecurrenceResult {
  const [N, M] = run.last.shape;
  const T = mask.length / N;
  const last = { shape: run.last.shape, data: run.last.data.slice() };
  for (let n = 0; n < N; n++) if (mask[n * T] === 0) last.data.fill(0, n * M, (n + 1) * M);
  if (!run.sequence) return { ...run, last };
  const sequence = { shape: run.sequence.shape, data: run.sequence.data.slice() };
  for (let n = 0; n < N; n++)
    for (let t = 0; t < T; t++) if (mask[n * T + T - 1 - t] === 0) sequence.data.fill(0, (n * T + t) * M, (n * T + t + 1) * M);
  return { ...run, last, sequence };
}

/** With Keras' go_backwards, a sequence stays in processing order. */
function inOrder(layer: RecurrentSpec, sequence: Tensor | undefined): Tensor | undefined {
  return sequence && layer.goBackwards ? flipTime(sequence) : sequence;
}

function output(
  layer: RecurrentSpec,
  last: Tensor,
  sequence: Tensor | undefined,
  hidden: Tensor | undefined,
  runs: RecurrenceResult[],
): LayerResult {
  const states = runs.flatMap(run => run.states);
  const rest = { states, others: states, sequence: hidden, traces: runs.flatMap(run => run.trace ?? []) };
  return layer.returnSequences ? { tensor: sequence!, ...rest } : { tensor: last, ...rest };
}

function recurrenceArgs(
  layer: RecurrentSpec,
  input: Value,
  context: LayerContext,
  way: string,
  reverse: boolean,
  initial?: readonly Tensor[],
): RecurrenceArgs {
  const cell = getCell(layer.kind);
  const act = cellFunction(layer.activation);
  const weight = (name: string) => context.weights.get(way + name);
  return {
    cell,
    options: cellOptions(layer),
    act,
    actOut: layer.outputActivation === null ? act : cellFunction(layer.outputActivation),
    sig: layer.recurrentActivation === null ? act : cellFunction(layer.recurrentActivation),
    activation: layer.activation,
    recurrentActivation: layer.recurrentActivation,
    outputActivation: layer.outputActivation,
    units: layer.units,
    weights: { kernel: weight('Wx'), recurrentKernel: weight('Wh'), bias: weight('bh'), projection: weight('Wp'), peepholes: weight('p') },
    x: input.tensor,
    mask: input.mask,
    initial,
    reverse,
    zeroOutputForMask: layer.zeroOutputForMask,
    trace: context.trace,
    sequence: layer.returnSequences || context.trace,
  };
}
