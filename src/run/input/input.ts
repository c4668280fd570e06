import { RnnError, within } from '../../errors.js';
import { escapeNames, escapeText, plural, shownPath } from '../../escape.js';
import { decimalsOf } from '../../formats/bytes/decimals.js';
import type { FileTensor, TensorFile } from '../../formats/format.js';
import type { Assumption } from '../../model/assumptions.js';
import { TUTORIAL } from '../../model/dimensions.js';
import { swapBatchAndTime } from '../../tensor/layout.js';
import { formatShape, reshape, type Tensor } from '../../tensor/tensor.js';
import { watchReading } from '../comparing/readingWatch.js';
import { splitKey } from '../files/fileKey.js';
import { openFile } from '../files/fileSource.js';
import { fileLimits } from '../limits.js';
import type { Network } from '../network/network.js';
import type { NetworkRequest } from '../request.js';

/** Turns arrays named on the command line into tensors of the shape that the network expects. */

/** Names under which X is looked up in a file of several arrays. */
export const INPUT_NAMES = ['x', 'X', 'input', 'inputs', 'features', 'arr_0'];
/** Names of y in such a file. */
export const OUTPUT_NAMES = ['y', 'Y', 'output', 'outputs', 'y_pred', 'y_hat', 'out', 'arr_0'];

export interface ReadArray {
  readonly tensor: FileTensor;
  readonly format: string;
  /** most decimals of a number in a text file; undefined for a binary file */
  readonly decimals?: number;
  readonly notes: readonly string[];
  /** of a file of several arrays, which was taken by its name: that name, and the others, but y */
  readonly taken?: { readonly name: string; readonly unread: readonly string[] };
}

export interface ReadArrays extends Omit<ReadArray, 'tensor' | 'taken'> {
  /** the array of the key, the one with an expected name, or the only one in the file */
  readonly only: FileTensor | undefined;
  /** all arrays in the file; empty if a key selected one */
  readonly tensors: ReadonlyMap<string, FileTensor>;
}

/**
 * Reads `FILE`, `FILE.npz:key` or `-`. Of several tensors, the key selects one, or else `names`.
 * @throws RnnError E_KEY listing the contents of the file
 */
export async function readArray(path: string, names: readonly string[]): Promise<ReadArray> {
  const { picked, file } = await read(path, (file, key) => choose(file, key, names));
  const { format, notes } = file;
  const all = splitKey(path)[1] === undefined ? [...file.tensors.keys()] : [];
  return { tensor: picked.tensor, format, notes, decimals: decimalsIn(file, picked), taken: takenOf(picked.name, all) };
}

/** @param all names of the arrays in the file, if no key selected one */
export function takenOf(name: string, all: readonly string[]): NonNullable<ReadArray['taken']> {
  return { name, unread: all.filter(other => other !== name && !OUTPUT_NAMES.includes(other)) };
}

/** That x is one of several arrays of its file: what the others are, their names do not say. @param path of the file */
export function unreadArrays({ taken }: ReadArray, path: string): Assumption[] {
  if (!taken || taken.unread.length === 0) return [];
  const [name, file] = [escapeText(taken.name, 40), shownPath(path)];
  const what = `x is ${name} of ${file}, and ${escapeNames(taken.unread.slice(0, 6))} ${taken.unread.length > 1 ? 'are' : 'is'} not read`;
  return [{ fact: 'x', what, value: name, why: `-i ${file}:${name} says it`, say: null }];
}

/** `readArray` for a file whose arrays may all be wanted. */
export async function readArrays(path: string, names: readonly string[]): Promise<ReadArrays> {
  const { picked, file } = await read(path, (file, key) =>
    key !== undefined || file.tensors.size === 1 || names.some(name => file.tensors.has(name)) ? choose(file, key, names) : undefined,
  );
  const { format, notes, tensors } = file;
  const decimals = picked && decimalsIn(file, picked);
  return { only: picked?.tensor, format, notes, decimals, tensors: splitKey(path)[1] === undefined ? tensors : new Map() };
}

async function read<T>(path: string, pick: (file: TensorFile, key: string | undefined) => T) {
  const [file, key] = splitKey(path);
  const source = await openFile(file);
  const where = shownPath(file);
  return within(where, async () => {
    const { readTensors } = await import('../../formats/index.js');
    const limits = fileLimits().read;
    const found = await watchReading({ where, seconds: limits.seconds }, () =>
      readTensors(source, { limits, nameHint: file === '-' ? undefined : file }),
    ).finally(() => source.close());
    return { picked: pick(found, key), file: found };
  });
}

interface Chosen {
  readonly name: string;
  readonly tensor: FileTensor;
}

const TEXTS: ReadonlySet<string> = new Set(['csv', 'json', 'jsonl', 'printed']);

function decimalsIn({ format, decimals }: TensorFile, { name, tensor }: Chosen): number | undefined {
  return TEXTS.has(format) ? (decimals?.get(name) ?? decimalsOf(tensor.data)) : undefined;
}

/** Formats of models, which contain no input. */
export const MODEL_FORMATS: ReadonlySet<string> = new Set(['keras', 'h5', 'onnx', 'pt2', 'tfjs']);

/** The array of the key, or with one of these names. @throws RnnError E_KEY */
export function choose({ tensors, format }: TensorFile, key: string | undefined, names: readonly string[]): Chosen {
  const all = [...tensors.keys()];
  const wanted = key ?? (tensors.size === 1 ? all[0] : names.find(name => tensors.has(name)));
  const found = wanted === undefined ? undefined : tensors.get(wanted);
  if (wanted !== undefined && found) return { name: wanted, tensor: found };
  const shown = escapeNames(all.slice(0, 8)) || 'nothing';
  throw new RnnError('format', 'E_KEY', key === undefined ? `holds ${tensors.size} arrays` : `has no array '${escapeText(key, 60)}'`, {
    expected: key === undefined ? `one array, or one called ${names.join(' or ')}` : escapeText(key, 60),
    found: shown,
    fix: MODEL_FORMATS.has(format)
      ? 'a model is named without a flag: rnn-cli forward MODEL -i X'
      : `name one: FILE:${all.length > 0 ? escapeText(all[0], 40) : 'key'}`,
  });
}

/**
 * Turns an array into X [N, T, D] (or token numbers [N, T]). [T, D] is one sequence; rows of a table are split into sequences of T if T is
 * given.
 * @throws RnnError E_NDIM, E_ROWS, E_INPUT_SHAPE
 */
export function toInput(
  array: ReadArray,
  network: Network,
  { timeMajor = false, T, N }: { timeMajor?: boolean; T?: number; N?: number },
): Tensor {
  const tokens = network.model.input.features === null;
  const t = array.tensor;
  const rank = tokens ? 2 : 3;
  let x: Tensor = t;
  if (timeMajor) {
    if (t.shape.length !== rank) throw timeMajorNdim(t, rank);
    x = swapBatchAndTime(t);
  } else if (t.shape.length === rank - 1)
    x = tokens ? reshape(t, [1, ...t.shape]) : asSequences(oneSequence(withFeatures(t, network), network, T), T, N);
  else if (t.shape.length === 1 && !tokens && network.model.input.features === 1) x = asSequences(reshape(t, [t.shape[0], 1]), T, N);
  else if (t.shape.length !== rank) throw ndim(t, network, `expected ${tokens ? '[N, T]' : '[N, T, D]'}`);
  if (N !== undefined && x.shape[0] !== N && !network.model.layers.some(l => 'stateful' in l && l.stateful)) {
    throw wrongN(N, x.shape);
  }
  return x;
}

/** Compares --N, --T and --D with the input [N, T, D]. @throws RnnError E_INPUT_SHAPE if one differs */
export function checkSizes(request: Partial<Pick<NetworkRequest, 'N' | 'T' | 'D'>>, shape: readonly number[]): void {
  for (const [axis, letter] of (['N', 'T', 'D'] as const).entries()) {
    const asked = request[letter];
    if (typeof asked !== 'number' || axis >= shape.length || shape[axis] === asked) continue;
    const what = ['sample', 'step', 'feature'][axis];
    throw new RnnError('shape', 'E_INPUT_SHAPE', `--${letter} ${asked} was given but the input has ${plural(shape[axis], what)}`, {
      expected: formatShape(shape.map((_, i) => (i === axis ? asked : '…'))),
      found: formatShape(shape),
      fix: `drop --${letter}: it is read from the input`,
    });
  }
}

/** @returns E_INPUT_SHAPE: the file and --N differ in the number of samples */
export function wrongN(N: number, shape: readonly number[]): RnnError {
  return new RnnError('shape', 'E_INPUT_SHAPE', `--N ${N} was given but the input has ${shape[0]} samples`, {
    expected: `[${N}, …]`,
    found: formatShape(shape),
    fix: 'drop --N: it is read from the input',
  });
}

/**
 * Refuses to take rows as one sequence if their number is a multiple of the network's fixed T. @throws RnnError E_INPUT_SHAPE with the --T
 * that splits them
 */
function oneSequence(t: Tensor, { model }: Network, T: number | undefined): Tensor {
  const [rows] = t.shape;
  const { timesteps } = model.input;
  if (T !== undefined || timesteps === null || rows <= timesteps || rows % timesteps !== 0) return t;
  const message = `the input ${formatShape(t.shape)} has ${plural(rows, 'row')}, the network reads T = ${timesteps}`;
  throw new RnnError('shape', 'E_INPUT_SHAPE', message, {
    where: 'input',
    expected: `[N, ${timesteps}, ${t.shape[1]}]`,
    found: formatShape(t.shape),
    fix: `--T ${timesteps} reads it as ${plural(rows / timesteps, 'sample')} of ${plural(timesteps, 'step')}`,
  });
}

/** Rows [R, D]: one sequence, or R/T sequences of T steps. */
function asSequences(t: Tensor, T: number | undefined, N: number | undefined): Tensor {
  const [rows, D] = t.shape;
  if (T === undefined && N !== undefined && N > 1) {
    throw new RnnError('shape', 'E_NDIM', `the input has 2 axes ${formatShape(t.shape)}: how many steps has a sample?`, {
      expected: '[N, T, D]',
      found: formatShape(t.shape),
      fix: `give --T: ${rows} rows are N·T${rows % N === 0 ? ` (--T ${rows / N} for --N ${N})` : ''}`,
    });
  }
  const steps = T ?? rows;
  if (steps === 0 || rows % steps !== 0) {
    throw splitError(rows, steps);
  }
  return reshape(t, [rows / steps, steps, D]);
}

/** @returns E_ROWS: the rows of a table cannot be split into sequences of T steps */
export function splitError(rows: number, steps: number): RnnError {
  return new RnnError('shape', 'E_ROWS', `${rows} rows cannot be split into sequences of ${steps} steps`, {
    expected: `a multiple of ${steps} rows`,
    found: `${rows} rows`,
    fix: 'check --T',
  });
}

function timeMajorNdim({ shape }: Tensor, rank: number): RnnError {
  const [expected, one] = rank === 2 ? ['[T, N]', '[T]'] : ['[T, N, D]', '[T, D]'];
  const isOne = shape.length === rank - 1;
  return new RnnError('shape', 'E_NDIM', `--time-major needs ${expected}, found ${formatShape(shape)}`, {
    expected,
    found: formatShape(shape),
    fix: isOne ? `drop --time-major: one sequence ${one} has no axis of samples` : `give an array of ${rank} axes`,
  });
}

function ndim(t: Tensor, network: Network, message: string): RnnError {
  const D = network.model.input.features;
  return new RnnError('shape', 'E_NDIM', `${message}, found ${formatShape(t.shape)}`, {
    expected: D === null ? '[N, T] token numbers' : '[N, T, D], or [T, D] for one sequence',
    found: formatShape(t.shape),
    fix: D === null ? 'the network begins with an embedding: give whole numbers, one per step' : reshaped(t, D),
  });
}

/** Checks that `[T, D]` has the network's D columns. @throws RnnError E_INPUT_SHAPE with a line of Python that adds the third axis */
function withFeatures(t: Tensor, { model }: Network): Tensor {
  const D = model.input.features;
  const [rows, columns] = t.shape;
  if (D === null || columns === D) return t;
  const message = `the input ${formatShape(t.shape)} has ${plural(columns, 'column')}, the network reads D = ${D}`;
  throw new RnnError('shape', 'E_INPUT_SHAPE', message, {
    expected: `[N, T, ${D}], or [T, ${D}] for one sequence`,
    found: formatShape(t.shape),
    fix:
      columns % D === 0
        ? `${reshapeLine([rows, columns / D, D])}, if a row is a sample`
        : `give an input with ${plural(D, 'column')}, or a network of D = ${columns}`,
  });
}

/** A line of Python that gives the array three axes; undefined if the sizes do not allow it. */
function reshaped({ shape, data }: Tensor, D: number): string | undefined {
  if (data.length === 0 || data.length % D !== 0) return undefined;
  const N = shape.length > 2 ? shape[0] : 1;
  return reshapeLine([N, data.length / D / N, D]);
}

function reshapeLine([N, T, D]: readonly number[]): string {
  return `in Python: X.reshape(${N}, ${T}, ${D}) is ${plural(N, 'sample')} of ${plural(T, 'step')} with ${plural(D, 'feature')}`;
}

/** Notes on the input: how two axes were interpreted, which --T would make several samples, and that its numbers are rounded. */
export function inputNotes({ tensor, decimals }: ReadArray, x: Tensor, T: number | undefined): string[] {
  const isSequence = tensor.shape.length === 2 && x.shape.length === 3 && T === undefined && x.shape[0] === 1;
  return [...(isSequence ? sequenceNote(tensor.shape) : []), ...decimalsNote('the input', decimals)];
}

/** A note for fewer decimals than float32 has: the results differ from those of the unrounded numbers. */
function decimalsNote(what: string, decimals: number | undefined): string[] {
  if (decimals === undefined || decimals === 0 || decimals > FEW_DECIMALS) return [];
  return [`${what} was written with ${plural(decimals, 'decimal')}: y is that of the rounded numbers`];
}

const FEW_DECIMALS = 6;

/** The note that rows [T, D] were read as one sequence. */
export function sequenceNote([rows, D]: readonly number[]): string[] {
  const { T: usual } = TUTORIAL;
  const split = rows > usual && rows % usual === 0 ? `; --T ${usual} makes it ${rows / usual} samples of ${usual} steps` : '';
  return [`the input ${formatShape([rows, D])} was read as one sequence: N=1, T=${rows}, D=${D}${split}`];
}

/** Suggests a --T if the rows were read as one sequence, but y has several samples. */
export function stepsForSamples({ input, inputShape }: { input: { x: Tensor }; inputShape?: readonly number[] }, y: Tensor): string[] {
  const [rows] = inputShape ?? [];
  const [N] = y.shape;
  if (inputShape?.length !== 2 || input.x.shape[0] !== 1 || y.shape.length < 2 || N < 2 || rows % N !== 0) return [];
  const read = `the input ${formatShape(inputShape)} was read as one sequence, and the other side has ${N}`;
  if (rows === N) return [`${read} rows, one per step; if each is a sample, --T 1 reads ${N} samples of 1 step`];
  return [`${read} samples: --T ${rows / N} makes it ${N} samples, too`];
}
