import { getCell } from '../cells/index.js';
import type { EngineInput } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import type { ModelShapes } from '../model/shapes.js';
import { isRecurrent, type ModelSpec } from '../model/spec.js';
import { bytesFor } from '../ops/room.js';
import { exactSize } from '../tensor/tensor.js';
import type { Network } from './network/network.js';

/** Approximate multiply-adds of a pass: every weight is used for every sample at every step. */
export function productsOf({ shapes }: Network, N: number, T: number): number {
  return Number(weightNumbers(shapes)) * N * T;
}

/** `productsOf` a prepared network and input. */
export function productsIn({ network, input }: { readonly network: Network; readonly input: EngineInput }): number {
  return productsOf(network, input.x.shape[0], input.x.shape[1]);
}

/** Bytes that any machine has: asking for the actual memory takes longer than a small forward pass. */
const ALWAYS = 2n ** 24n;

/**
 * Refuses a run that needs too much memory, before anything is allocated. Counts weights, X, every layer's output and states exactly, at 8
 * bytes each.
 */
export function checkMemory({ model, shapes }: Network, [N, T]: readonly [number, number], maxMemory: number | undefined): void {
  const own = weightNumbers(shapes);
  const x = sized(shapes.input, BigInt(N), BigInt(T));
  const bytes = (own + x + activationNumbers(shapes, model, BigInt(N), BigInt(T))) * 8n;
  if (maxMemory === undefined && bytes <= ALWAYS) return;
  const budget = BigInt(maxMemory ?? bytesFor(Number(own + x)));
  if (bytes <= budget) return;
  throw new RnnError('limit', 'E_MEMORY', `this needs ${bytes} bytes (${inUnits(bytes)}), the budget is ${inUnits(budget)}`, {
    expected: `at most ${budget} bytes`,
    found: `${bytes} bytes`,
    fix: 'use smaller sizes, fewer samples at a time, or raise --max-memory',
    limit: { flag: '--max-memory', value: Number(budget) },
  });
}

function weightNumbers(shapes: ModelShapes): bigint {
  return shapes.layers.reduce((total, l) => total + l.weights.reduce((sum, w) => sum + exactSize(w.shape), 0n), 0n);
}

function sized(axes: readonly { readonly size: number | null }[], N: bigint, T: bigint): bigint {
  return axes.reduce((total, d, axis) => total * (axis === 0 ? N : BigInt(d.size ?? T)), 1n);
}

/** Numbers in the output of each layer and, if it is recurrent, in its states and in one step of gates. */
function activationNumbers(shapes: ModelShapes, model: ModelSpec, N: bigint, T: bigint): bigint {
  let total = 0n;
  for (const { layer, output } of shapes.layers) {
    total += sized(output, N, T);
    if (isRecurrent(layer)) total += N * BigInt(layer.units) * BigInt(getCell(layer.kind).gates.length + 4);
  }
  return total + BigInt(model.layers.length);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** '227.4 PiB' */
function inUnits(bytes: bigint): string {
  let power = 0;
  while (power < UNITS.length - 1 && bytes >= 1024n ** BigInt(power + 1)) power++;
  if (power === 0) return `${bytes} B`;
  const tenths = (bytes * 10n) / 1024n ** BigInt(power);
  return `${tenths / 10n}.${tenths % 10n} ${UNITS[power]}`;
}
