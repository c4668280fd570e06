import { isRegrouped } from '../../diagnosis/index.js';
import type { EngineOutput } from '../../engines/engine.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { largestDifference } from '../../tensor/difference.js';
import { reshape, sameShape, type Tensor } from '../../tensor/tensor.js';
import { outputOf } from '../forward.js';
import { checkFinite } from '../input/finite.js';
import { OUTPUT_NAMES, readArray } from '../input/input.js';
import type { Prepared } from '../prepare.js';
import type { CompareRequest, EngineName } from '../request.js';
import type { CompareResult } from '../result.js';
import { readOtherSide } from './hiddenStates.js';
import { type Written, writtenAs } from './written.js';

/** @throws RnnError E_CONFLICT, E_ENGINES (usage) */
export function checkSides(request: CompareRequest): void {
  const { against, simulate, engine, engines, decimals, states, explain, budget } = request;
  const two = { fix: 'use one of them' };
  const conflict = (message: string, hint: { fix: string }) => new RnnError('usage', 'E_CONFLICT', message, hint);
  if (against === undefined) {
    if (engine !== undefined)
      throw conflict('--engine alone leaves nothing to compare with', { fix: 'add --against FILE, or name two: --engines manual,batched' });
    if (decimals !== undefined)
      throw conflict('--decimals says how a file was rounded, and no file is compared', { fix: 'name it: --against y.npy' });
    if (states)
      throw conflict('--states says that a file holds hidden states, and no file is compared', { fix: 'name it: --against h.npy' });
  } else if (simulate !== undefined) throw conflict('--against gives the other output, and --simulate computes one', two);
  if (explain === false && budget !== undefined) {
    throw conflict('--budget limits the search for the cause, which --no-explain leaves out', two);
  }
  if (engines !== undefined && (engines.length < 2 || new Set(engines).size < engines.length)) {
    const message = `--engines needs two or more to compare, each once, found ${engines.join(',')}`;
    throw new RnnError('usage', 'E_ENGINES', message, { fix: '--engines manual,batched' });
  }
}

/** The two outputs that `compare` compares: of two engines, or of the network and a file. */
export interface Sides {
  readonly expected: Tensor;
  readonly actual: Tensor;
  readonly names: { readonly expected: string; readonly actual: string };
  readonly notes: readonly string[];
  /** the batched engine's float32 output, if it is one of the sides */
  readonly batched?: EngineOutput;
  /** whether both sides were computed in float64; undefined for a float64 file, whose numbers may have been computed in float32 */
  readonly double: boolean | undefined;
  /** the precision in which the other side was written, if it is low */
  readonly written: Written | null;
  /** layer whose hidden states the other side is, if its file says so */
  readonly hidden?: string | null;
  /** first difference in the hidden states of several layers */
  readonly firstDifference?: CompareResult['firstDifference'];
}

/** Computes both sides: the network's y and a file, or two engines. */
export async function bothSides(prepared: Prepared, request: CompareRequest): Promise<Sides> {
  return request.against === undefined ? twoEngines(prepared, request) : againstFile(prepared, request, request.against);
}

async function graphSide(against: string, { decimals: asked }: CompareRequest) {
  const { decimals = asked, ...read } = await readArray(against, OUTPUT_NAMES);
  return { ...read, layer: null, firstDifference: null, written: writtenAs(decimals, read.tensor.dtype) };
}

async function againstFile(prepared: Prepared, request: CompareRequest, against: string): Promise<Sides> {
  const engine = request.engine === undefined || request.engine === 'auto' ? 'batched' : request.engine;
  const output = await outputOf(prepared, { engine, dtype: request.dtype, threads: request.threads }, undefined);
  const expected = output.y;
  const other = prepared.graphInputs ? await graphSide(against, request) : await readOtherSide(against, prepared, request.decimals);
  const bothDouble =
    request.dtype === 'f64' && expected.data instanceof Float64Array && other.format === 'npy' && other.tensor.data instanceof Float64Array;
  return {
    expected,
    actual: other.layer === null ? inOneShape(expected, other.tensor) : other.tensor,
    batched: isSingle(engine, output) ? output : undefined,
    double: bothDouble ? undefined : false,
    hidden: other.layer,
    written: other.written,
    firstDifference: other.firstDifference,
    names: { expected: engine, actual: escapeText(against) },
    notes: [...other.notes, ...finiteNotes(request, expected, other.tensor)],
  };
}

/** Of more than two engines, compares the one that is furthest from the first. */
async function twoEngines(prepared: Prepared, request: CompareRequest): Promise<Sides> {
  const engines: readonly EngineName[] = request.engines ?? ['manual', 'batched'];
  const { threads, dtype, simulate } = request;
  const [first, ...others] = engines;
  // the reference runs in its engine's own precision, unless one is requested for both
  const own = first === 'manual' ? undefined : dtype;
  const together = dtype === 'f64' ? 'exact' : 'quick';
  const reference = await outputOf(prepared, { engine: first, threads, dtype: own, together }, undefined);
  const outputs: { name: EngineName; output: EngineOutput }[] = [{ name: first, output: reference }];
  for (const name of others) outputs.push({ name, output: await outputOf(prepared, { engine: name, threads, dtype }, simulate) });
  const expected = reference.y;
  const off = (o: (typeof outputs)[number]) => largestDifference(expected.data, o.output.y.data).abs;
  const worst = outputs.slice(1).reduce((a, b) => (off(b) > off(a) ? b : a));
  return {
    expected,
    actual: worst.output.y,
    batched: outputs.find(o => isSingle(o.name, o.output) && (o.name === first || simulate === undefined))?.output,
    double: expected.data instanceof Float64Array && worst.output.y.data instanceof Float64Array,
    written: null,
    names: { expected: first, actual: worst.name },
    notes: [
      ...(others.length > 1 ? outputs.slice(1).map(o => `${first} and ${o.name} differ by ${off(o).toExponential(2)}`) : []),
      ...finiteNotes(request, expected, worst.output.y),
    ],
  };
}

function isSingle(engine: string, { y }: EngineOutput): boolean {
  return engine === 'batched' && y.data instanceof Float32Array;
}

/** @throws RnnError E_NOT_FINITE with --strict-finite */
function finiteNotes({ strictFinite = false }: CompareRequest, expected: Tensor, actual: Tensor): string[] {
  return [...checkFinite('the expected output', expected, strictFinite), ...checkFinite('the other output', actual, strictFinite)];
}

/** Reshapes the other output if only axes of size 1 or merged neighbouring axes differ: [2] for [1, 2], [40, 2] for [4, 10, 2]. */
function inOneShape(expected: Tensor, actual: Tensor): Tensor {
  return !sameShape(actual.shape, expected.shape) && isRegrouped(actual.shape, expected.shape) ? reshape(actual, expected.shape) : actual;
}
