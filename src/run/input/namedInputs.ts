import { RnnError } from '../../errors.js';
import { escapeText, plural } from '../../escape.js';
import type { FileTensor } from '../../formats/format.js';
import { TUTORIAL } from '../../model/dimensions.js';
import { ownSamples } from '../../model/samples.js';
import type { ModelShapes } from '../../model/shapes.js';
import { type InputSpec, inputsOf, type ModelSpec } from '../../model/spec.js';
import { swapBatchAndTime } from '../../tensor/layout.js';
import { formatShape, reshape, type Tensor } from '../../tensor/tensor.js';
import { drawInputFrom } from '../../weights/draw.js';
import type { InputWish } from '../../weights/init.js';
import { splitKey } from '../files/fileKey.js';
import type { Network } from '../network/network.js';
import { noSize } from '../network/networkSizes.js';
import type { InputRequest, NetworkRequest } from '../request.js';
import { rowsLookedUp } from './indexInputs.js';
import { readArrays } from './input.js';

/** Inputs by name, of a network that has several, or one that is not a sequence. */
export interface NamedInputs {
  readonly x: Tensor;
  readonly others: ReadonlyMap<string, Tensor>;
  readonly source: string;
  /** versioned name of the random sequence; null if all inputs were given */
  readonly promise: string | null;
  /** shape of the only input if it has to be drawn later, because the generator draws the weights first */
  readonly wish: InputWish | null;
}

const OWN_RNG = 'seedrandom';

const ONE_INPUT_FLAGS = { lengths: '--lengths', mask: '--mask', timeMajor: '--time-major', rows: '--rows' } as const;

/**
 * Reads `-i FILE.npz` with one array per input name, or `-i NAME=FILE,NAME=FILE`; draws the inputs if none is given.
 * @throws RnnError E_INPUT_NAME, E_INPUT_MISSING, E_INPUT_SHAPE, E_CONFLICT
 */
export async function readNamedInputs(
  { model, shapes, stepsFirst, wholeInputs }: Pick<Network, 'model' | 'shapes' | 'stepsFirst' | 'wholeInputs'>,
  request: NetworkRequest & InputRequest,
  seed: string,
): Promise<NamedInputs> {
  const inputs = inputsOf(model);
  checkFlags(inputs, request, stepsFirst);
  const given = request.input === undefined ? new Map<string, Tensor>() : await givenArrays(request.input, inputs);
  for (const [name, t] of given)
    if ((stepsFirst?.has(name) || request.timeMajor) && t.shape.length > 1) given.set(name, swapBatchAndTime(t));
  const samples = [...given].map(([name, t]) => batchOf(t, inputs.find(i => i.name === name)!)).find(n => n !== undefined);
  const N = samples ?? request.N ?? ownSamples(model, shapes) ?? 1;
  const rng = given.size === 0 ? rngOf(inputs, request) : OWN_RNG;
  const drawn = new Map<string, string>();
  const tensors = inputs.map(input => {
    const array = given.get(input.name);
    if (array) return batched(array, input);
    if (given.size > 0) throw missing(input, inputs, shapes);
    const wish = wishOf(input, model, shapes, N, request);
    const isCount = wish.tokens === null && wholeInputs?.has(input.name);
    const tokens = isCount ? countsOf(model, request) : wish.tokens;
    const { x, promise } = drawInputFrom(rng, inputs.length > 1 ? `${seed}/${input.name}` : seed, { ...wish, tokens });
    drawn.set(input.name, promise);
    return isCount ? { ...x, data: x.data.map(v => v + 1) } : x;
  });
  checkSamples(inputs, tensors, shapes);
  const [x, ...rest] = tensors;
  return {
    x,
    others: new Map(rest.map((t, i) => [inputs[i + 1].name, t])),
    source: request.input === undefined ? `seed ${seed}` : escapeText(request.input),
    promise: [...drawn.values()][0] ?? null,
    wish: inputs.length === 1 && given.size === 0 ? wishOf(inputs[0], model, shapes, N, request) : null,
  };
}

/** All inputs must have the same number of samples; operators would otherwise broadcast a single one. @throws RnnError E_INPUT_SHAPE */
function checkSamples(inputs: readonly InputSpec[], tensors: readonly Tensor[], shapes: ModelShapes): void {
  const isAlike = ({ name, batch }: InputSpec) => {
    const [own, first] = [name, inputs[0].name].map(one => shapes.values.get(one)![0]);
    // an input that is a single number has no axes
    return batch === null && own?.size === null && first?.size === null && own.symbol === first.symbol;
  };
  const other = tensors.findIndex(({ shape }, i) => isAlike(inputs[i]) && shape[0] !== tensors[0].shape[0]);
  if (other < 0) return;
  const [of, first] = [tensors[other], tensors[0]].map(({ shape }) => plural(shape[0], 'sample'));
  const [name, firstName] = [inputs[other], inputs[0]].map(input => escapeText(input.name, 40));
  throw new RnnError('shape', 'E_INPUT_SHAPE', `the input '${name}' has ${of}, and '${firstName}' has ${first}`, {
    where: 'input',
    expected: 'the same number of samples in each input',
    found: tensors.map(({ shape }) => formatShape(shape)).join(' and '),
    fix: 'give every input the same number of samples',
  });
}

/** The generator of the inputs. Only our own has a separate stream for each of several inputs. @throws RnnError E_CONFLICT */
function rngOf(inputs: readonly InputSpec[], { rng, inputRng }: InputRequest) {
  if (inputs.length > 1 && inputRng !== undefined && inputRng !== OWN_RNG) {
    throw new RnnError('usage', 'E_CONFLICT', `--input-rng ${inputRng} draws one input, but the network has ${inputs.length}`, {
      fix: 'drop --input-rng: each input has a stream of its own; or -i FILE.npz with an array for each',
    });
  }
  return inputs.length > 1 ? OWN_RNG : (inputRng ?? rng ?? OWN_RNG);
}

/**
 * @throws RnnError E_CONFLICT: a flag for a single sequence, but the network has several inputs or decides for itself what to do with each
 * step
 */
function checkFlags(inputs: readonly InputSpec[], request: InputRequest, stepsFirst: ReadonlySet<string> | undefined): void {
  const asked = Object.entries(ONE_INPUT_FLAGS).filter(([key]) => request[key as keyof typeof ONE_INPUT_FLAGS]);
  const [flag] = asked.filter(
    ([key]) => inputs.length > 1 || key === 'lengths' || key === 'mask' || (key === 'timeMajor' && stepsFirst?.size),
  );
  if (!flag) return;
  const [key, text] = flag;
  const what =
    inputs.length > 1
      ? `speaks of one input, and the network has ${inputs.length}`
      : key === 'timeMajor'
        ? 'says what the file says already: its input has the steps first'
        : 'says which steps are padding, and this network says itself what it does with every step';
  const instead =
    inputs.length > 1
      ? ', and give each input as it is to be read'
      : key === 'timeMajor'
        ? ''
        : ', and give each sample alone with its own steps';
  throw new RnnError('usage', 'E_CONFLICT', `${text} ${what}`, { fix: `drop ${text}${instead}` });
}

/** Reads `a=x.npy,b=y.npz:k`, one array per name; undefined if the text has another form. */
export async function arraysByName(text: string, names: readonly string[]): Promise<Map<string, FileTensor> | undefined> {
  const named = namesIn(text);
  if (!named.every(m => m !== null && names.includes(m[1]))) return undefined;
  const arrays = new Map<string, FileTensor>();
  for (const match of named) arrays.set(match![1], await onlyArray(match![2]));
  return arrays;
}

function namesIn(text: string): (RegExpExecArray | null)[] {
  return text.split(/,(?=[^,=]+=)/).map(part => /^([^=]+)=(.+)$/s.exec(part));
}

/** Reads `a=x.npy,b=y.npz:k`, or one file with an array per name or only the first input. */
async function givenArrays(text: string, inputs: readonly InputSpec[]): Promise<Map<string, Tensor>> {
  const byTheirNames = await arraysByName(
    text,
    inputs.map(i => i.name),
  );
  if (byTheirNames) return byTheirNames;
  const wrong = namesIn(text).find(m => m !== null && inputs.length > 1 && !/[/\\]/.test(m[1]));
  if (wrong) throw unknownName(wrong[1], inputs);
  const { only, tensors } = await readArrays(text, []);
  if (inputs.length === 1) {
    const [name] = [inputs[0].name, 'x', ...(tensors.size === 1 ? tensors.keys() : [])].filter(key => tensors.has(key));
    const array = only ?? tensors.get(name);
    if (!array) throw unknownName([...tensors.keys()].join(', '), inputs);
    return new Map([[inputs[0].name, array]]);
  }
  const byName = new Map<string, Tensor>(inputs.flatMap(i => (tensors.has(i.name) ? [[i.name, tensors.get(i.name)!] as const] : [])));
  if (byName.size === 0) throw unknownName(only ? splitKey(text)[0] : [...tensors.keys()].join(', '), inputs);
  return byName;
}

async function onlyArray(path: string): Promise<FileTensor> {
  const { only, tensors } = await readArrays(path, ['x', 'arr_0']);
  if (only) return only;
  throw new RnnError('format', 'E_KEY', `${escapeText(path, 60)} holds ${tensors.size} arrays`, {
    fix: `name one: ${escapeText(path, 60)}:KEY`,
  });
}

/** The number of axes of an input, including the batch. */
function rankOf({ shape, features }: InputSpec): number {
  return shape ? shape.length + 1 : features === null ? 2 : 3;
}

function batchOf(t: Tensor, input: InputSpec): number | undefined {
  return t.shape.length === rankOf(input) ? t.shape[0] : undefined;
}

/** Adds the batch axis to a single sample. */
function batched(t: Tensor, input: InputSpec): Tensor {
  return t.shape.length === rankOf(input) - 1 ? reshape(t, [1, ...t.shape]) : t;
}

function wishOf(input: InputSpec, model: ModelSpec, shapes: ModelShapes, N: number, { T }: NetworkRequest): InputWish {
  const dims = shapes.values.get(input.name)!;
  const steps = () => {
    if (typeof T === 'number') return T;
    throw noSize('T', `how many steps ${escapeText(input.name, 40)} has`);
  };
  const tokens = rowsLookedUp(model, input.name);
  // initial states are [layers, N, M]
  const samples = input.batch !== null && model.input.batch === null ? dims.findIndex(d => d.size === null) : 0;
  // axes with the same letter have the same size; in a graph with its own letters, the first axis of the first input is N
  const first = shapes.values.get(model.input.name)!;
  const place = (symbol: string, i: number) => (input === model.input ? i : first.findIndex(d => d.symbol === symbol));
  const size = (symbol: string, i: number) => {
    const at = place(symbol, i);
    return at === 0 || (at < 0 && i === samples) ? N : steps();
  };
  return { shape: dims.map((d, i) => d.size ?? size(d.symbol, i)), tokens };
}

/** The number of integers 1 … T − 1 that are valid as lengths, as step indices, and as neighbours of step indices. */
function countsOf(model: ModelSpec, { T }: NetworkRequest): number {
  const steps = inputsOf(model).flatMap(input => input.timesteps ?? []);
  return Math.max(1, Math.min(...steps, typeof T === 'number' ? T : TUTORIAL.T) - 1);
}

function unknownName(name: string, inputs: readonly InputSpec[]): RnnError {
  const names = inputs.map(i => escapeText(i.name, 40));
  const message = `the network has ${plural(inputs.length, 'input')}, and ${escapeText(name, 60)} names none of them`;
  return new RnnError('usage', 'E_INPUT_NAME', message, {
    where: '--input',
    expected: names.join(', '),
    found: escapeText(name, 60),
    fix: `-i ${names.map(n => `${n}=FILE`).join(',')}, or one .npz with an array for each, under these names`,
  });
}

function missing(input: InputSpec, inputs: readonly InputSpec[], shapes: ModelShapes): RnnError {
  const shape = formatShape(shapes.values.get(input.name)!.map(d => d.size ?? d.symbol));
  const names = inputs.map(i => escapeText(i.name, 40));
  return new RnnError('shape', 'E_INPUT_MISSING', `the input '${escapeText(input.name, 60)}' ${shape} is not given`, {
    where: 'input',
    expected: names.join(', '),
    found: 'no array of that name',
    fix: `-i ${names.map(n => `${n}=FILE`).join(',')}, or one .npz with an array for each, under these names`,
  });
}
