import { RnnError } from '../../errors.js';
import { escapeNames, escapeText } from '../../escape.js';
import type { OnnxModel, OnnxValue } from '../../formats/onnx/graph.js';
import { TUTORIAL } from '../../model/dimensions.js';
import { type GraphValue, isInteger } from '../../ops/value.js';
import { formatShape, type Tensor } from '../../tensor/tensor.js';
import { drawInputFrom } from '../../weights/draw.js';
import { noSize } from '../network/networkSizes.js';
import type { InputRequest, NetworkRequest } from '../request.js';
import { checkDrawnSizes, DEFAULT_RNG } from './drawing.js';
import { readArrays } from './input.js';

/** Inputs of an ONNX graph that is run node by node, by name and in the file's layout. */
export interface GraphInputs {
  readonly values: ReadonlyMap<string, GraphValue>;
  /** the first input, for reports */
  readonly x: Tensor;
  readonly source: string;
  /** versioned name of the random sequence */
  readonly promise: string | null;
  readonly notes: readonly string[];
}

/** Drawn inputs of a graph by name, along the file's axes. */
export interface DrawnInputs {
  readonly arrays: ReadonlyMap<string, Tensor>;
  readonly promise: string;
}

const FLAGS = ['lengths', 'mask', 'timeMajor'] as const;

/**
 * Reads `--input`: a file with one array is the first input, one with several names them. `--h0` and `--c0` are inputs of those names.
 * Without a file, a single input is drawn.
 * @param all drawn inputs to use if none is given
 * @throws RnnError E_ONNX_INPUT, E_INPUT_SHAPE, E_USAGE
 */
export async function readGraphInputs(
  { graph }: OnnxModel,
  request: NetworkRequest & InputRequest,
  seed: string,
  all?: DrawnInputs,
): Promise<GraphInputs> {
  const [flag] = FLAGS.filter(name => request[name]);
  if (flag) {
    const message = `the graph is run node by node: --${flag === 'timeMajor' ? 'time-major' : flag} has nothing to act on`;
    throw new RnnError('usage', 'E_CONFLICT', message, { fix: 'give every input of the graph by name in one .npz' });
  }
  const given: Map<string, Tensor> = request.input === undefined ? new Map(all?.arrays) : await namedArrays(request.input, graph.inputs);
  for (const [flagName, path] of [
    ['h', request.h0],
    ['c', request.c0],
  ] as const) {
    if (path === undefined) continue;
    const input = graph.inputs.find(i => new RegExp(`^(initial_)?${flagName}(_?0)?$`, 'i').test(i.name));
    if (!input || given.has(input.name)) throw noPlaceFor(`--${flagName}0`, input, graph.inputs);
    for (const array of (await namedArrays(path, [input])).values()) given.set(input.name, array);
  }
  const drawn = given.size === 0 && graph.inputs.length === 1 ? draw(graph.inputs[0], request, seed) : undefined;
  const values = new Map(
    graph.inputs.map((input): [string, GraphValue] => {
      const array = given.get(input.name) ?? drawn?.tensor;
      if (!array) throw missing(input.name, graph.inputs);
      return [input.name, toValue(input, array)];
    }),
  );
  const unknown = [...given.keys()].filter(name => !values.has(name));
  return {
    values,
    x: values.get(graph.inputs[0]?.name) ?? { shape: [], data: new Float32Array(1) },
    source: (drawn ?? all) ? `seed ${seed}` : escapeText(request.input ?? ''),
    promise: drawn?.promise ?? all?.promise ?? null,
    notes: unknown.length > 0 ? [`the graph has no inputs ${escapeNames(unknown)}: not used`] : [],
  };
}

/** Reads one array per name, or only the first input. @throws RnnError E_KEY */
async function namedArrays(path: string, inputs: readonly OnnxValue[]): Promise<Map<string, Tensor>> {
  const names = inputs.map(i => i.name);
  const byName = path.includes('=') ? await (await import('./namedInputs.js')).arraysByName(path, names) : undefined;
  if (byName) return byName;
  const { only, tensors } = await readArrays(path, []);
  return only && inputs.length > 0 && !names.some(name => tensors.has(name)) ? new Map([[names[0], only]]) : new Map(tensors);
}

/** @throws RnnError E_INPUT_SHAPE if a size differs from the one the graph fixes */
function toValue({ name, dtype, shape }: OnnxValue, array: Tensor): GraphValue {
  const fits =
    shape === null || (shape.length === array.shape.length && shape.every((n, i) => typeof n !== 'number' || n === array.shape[i]));
  if (!fits) {
    const message = `expected ${escapeText(name, 60)} of shape ${formatShape(shape!)}, found ${formatShape(array.shape)}`;
    throw new RnnError('shape', 'E_INPUT_SHAPE', message, {
      where: 'input',
      expected: escapeText(formatShape(shape!)),
      found: formatShape(array.shape),
      fix: 'the graph takes its own layout: PyTorch exports without batch_first, and ONNX operators themselves, read [T, N, D]',
    });
  }
  const broken = dtype !== null && isInteger(dtype) ? array.data.findIndex(v => !Number.isInteger(v)) : -1;
  if (broken >= 0) {
    const message = `the input ${escapeText(name, 60)} is of whole numbers, and one of them is ${array.data[broken]}`;
    throw new RnnError('shape', 'E_ONNX_INPUT', message, {
      where: 'input',
      expected: `whole numbers (${dtype})`,
      found: String(array.data[broken]),
      fix: 'give it with -i: token numbers or counts, as the graph reads them',
    });
  }
  if (dtype !== null && isInteger(dtype)) return { kind: 'int', type: dtype, shape: array.shape, data: Float64Array.from(array.data) };
  return { kind: dtype === 'bool' ? 'bool' : 'float', shape: array.shape, data: array.data };
}

/** Sizes of open axes: --T for one named like steps, or else for any but the first; --N or 1 for the others. @throws RnnError E_SIZE */
function draw({ name, shape }: OnnxValue, request: NetworkRequest & InputRequest, seed: string) {
  if (shape === null) throw missing(name, []);
  const named = shape.findIndex(n => typeof n === 'string' && /^(t$|seq|time|step)/i.test(n));
  const sizes = shape.map((n, i) => {
    if (typeof n === 'number') return n;
    if (named < 0 ? i === 0 : i !== named) return request.N ?? TUTORIAL.N;
    if (typeof request.T === 'number') return request.T;
    throw noSize('T', 'how many steps the input has');
  });
  const { x, promise } = drawInputFrom(request.inputRng ?? request.rng ?? DEFAULT_RNG, seed, { shape: sizes, tokens: null });
  checkDrawnSizes(request, [x]);
  return { tensor: x, promise };
}

/** The error for a name that no input has, or that is given twice. */
function noPlaceFor(flag: string, input: OnnxValue | undefined, inputs: readonly OnnxValue[]): RnnError {
  const why = input
    ? `${escapeText(input.name, 40)} is given by --input, too`
    : `no input of the graph is called so: ${escapeNames(inputs.map(i => i.name))}`;
  return new RnnError('usage', 'E_CONFLICT', `${flag}: ${why}`, { fix: `drop ${flag}${input ? '' : ', or give -i NAME=FILE,NAME=FILE'}` });
}

function missing(name: string, inputs: readonly OnnxValue[]): RnnError {
  const all = inputs.map(i => `${escapeText(i.name, 40)}${i.shape ? ` ${escapeText(formatShape(i.shape))}` : ''}`).join(', ');
  return new RnnError('shape', 'E_ONNX_INPUT', `the graph's input '${escapeText(name, 60)}' is not given`, {
    where: 'input',
    expected: all || escapeText(name, 60),
    found: 'nothing',
    fix: 'give -i FILE.npz with one array for each input, under its name',
  });
}
