import type { WeightShape } from '../cells/cell.js';
import { RnnError, within } from '../errors.js';
import { showShape } from '../layers/dims.js';
import { getLayerKind } from '../layers/index.js';
import type { Dim, DimShape, LayerSymbols, NamedShape } from '../layers/layer.js';
import { formatShape } from '../tensor/tensor.js';
import { type InputSpec, inputsOf, isRecurrent, type LayerSpec, type ModelSpec, tokenValues } from './spec.js';

/** The input and output shapes of one layer and the shapes of its weights. */
export interface LayerShapes {
  readonly layer: LayerSpec;
  readonly symbols: LayerSymbols;
  readonly inputs: readonly DimShape[];
  readonly output: DimShape;
  /** outputs after the first: the states of a recurrent layer */
  readonly others: readonly NamedShape[];
  /** empty for a further call of a layer, which uses the weights of the first */
  readonly weights: readonly WeightShape[];
  /** sizes of the outer time axes inside `eachstep`, where each step is a sample; absent outside */
  readonly steps?: readonly Dim[];
}

export interface ModelShapes {
  readonly input: DimShape;
  readonly layers: readonly LayerShapes[];
  readonly output: DimShape;
  /** every value by its name: inputs, outputs of layers, their states */
  readonly values: ReadonlyMap<string, DimShape>;
}

/**
 * Infers all shapes in one pass from the inputs to the outputs. Needs no weights.
 * @param given shapes of inputs that are not [N, T, D] or [N, …], as an ONNX graph may have
 * @throws RnnError E_SEQ, E_RANK, E_MERGE, E_STATE_SHAPE, E_WEIGHT_SHAPE, E_SYMBOLIC, E_FEATURES naming the layer
 */
export function inferShapes(model: ModelSpec, given?: ReadonlyMap<string, DimShape>): ModelShapes {
  const tokens = tokenValues(model.layers);
  const known = new Map<string, DimShape>(
    inputsOf(model).map((input, i) => [input.name, given?.get(input.name) ?? inputShape(input, tokens.has(input.name), i)]),
  );
  const letters = layerLetters(model);
  const givers = new Map(model.layers.map(layer => [layer.name, layer]));
  const readable = shortLetters();
  const around = new Map<string, readonly Dim[]>();
  const owned = new Map<string, readonly WeightShape[]>();
  const layers = model.layers.map((layer): LayerShapes => {
    const inputs = layer.inputs.map(name => known.get(name) ?? noValue(layer.name, name));
    // allsteps ends an eachstep: only the steps around its first input count
    const read = layer.kind === 'allsteps' ? layer.inputs.slice(0, 1) : layer.inputs;
    const steps = read.map(name => around.get(name) ?? []).find(dims => dims.length > 0) ?? [];
    const shapes = within(layer.name, () => {
      const { output, others, ...rest } = layerShapes(layer, inputs, letters.get(layer.name)!, steps, { givers, owned });
      return { ...rest, output: readable(output), others: others.map(other => ({ ...other, shape: readable(other.shape) })) };
    });
    if (layer.states) within(layer.name, () => checkStates(layer, known, shapes.others.filter(isState)));
    known.set(layer.name, shapes.output);
    owned.set(layer.name, shapes.weights);
    const inside = layer.kind === 'eachstep' ? [...steps, inputs[0][1]] : steps;
    if (inside.length > 0) around.set(layer.name, inside);
    for (const { suffix, shape } of shapes.others) {
      known.set(`${layer.name}/${suffix}`, shape);
      if (steps.length > 0) around.set(`${layer.name}/${suffix}`, steps);
    }
    return shapes;
  });
  return { input: known.get(model.input.name)!, layers, output: known.get(model.output)!, values: known };
}

/** Longest formula of a size, in characters. A longer one is unreadable, and formulas double when a value is concatenated with itself. */
const MOST_LETTERS = 80;

/** Returns a function that replaces too long a formula of a size by its number, or by a letter of its own (S1, S2 …) if the size is open. */
export function shortLetters(): (shape: DimShape) => DimShape {
  const own = new Map<string, string>();
  const short = (dim: Dim): Dim => {
    if (dim.size !== null && !Number.isSafeInteger(dim.size)) throw tooWide(dim.size);
    if (dim.symbol.length <= MOST_LETTERS) return dim;
    if (dim.size !== null) return { ...dim, symbol: String(dim.size) };
    own.set(dim.symbol, own.get(dim.symbol) ?? `S${own.size + 1}`);
    return { ...dim, symbol: own.get(dim.symbol)! };
  };
  const isShort = ({ symbol, size }: Dim) => symbol.length <= MOST_LETTERS && (size === null || Number.isSafeInteger(size));
  const isOpen = ({ symbol, size }: Dim) => size === null && symbol.length > MOST_LETTERS;
  return shape => {
    const { numbers } = shape;
    if (shape.every(isShort) && !numbers?.some(isOpen)) return shape;
    return Object.assign(shape.map(short), numbers ? { numbers: numbers.map(n => (isOpen(n) ? short(n) : n)) } : {});
  };
}

function tooWide(size: number): RnnError {
  return new RnnError('limit', 'E_LIMIT_DIMENSION', `an axis of its output is ${size} long`, {
    expected: `at most ${Number.MAX_SAFE_INTEGER}`,
    found: String(size),
    fix: 'use smaller sizes',
  });
}

/** Weight shapes by layer name, for initialisers and checks. */
export function weightShapesByLayer(shapes: ModelShapes): ReadonlyMap<string, readonly WeightShape[]> {
  return new Map(shapes.layers.map(l => [l.layer.name, l.weights]));
}

/** Returns the shape of an input with a letter for each size; the index of the input keeps the letters distinct. @throws RnnError E_FEATURES */
function inputShape(input: InputSpec, tokens: boolean, index: number): DimShape {
  const number = index === 0 ? '' : String(index + 1);
  const N = { symbol: 'N', size: input.batch };
  if (input.shape) {
    if (tokens) return [N, ...input.shape.map((size, i) => ({ symbol: `T${number}${i === 0 ? '' : String.fromCharCode(97 + i)}`, size }))];
    const letter = (i: number) => `${['H', 'W', 'C', 'A', 'B'][i + (input.shape!.length === 1 ? 2 : 0)] ?? 'A'}${number}`;
    return [N, ...input.shape.map((size, i) => ({ symbol: input.shape!.length === 1 ? `D${number}` : letter(i), size }))];
  }
  const T = { symbol: `T${number}`, size: input.timesteps };
  if (tokens) return [N, T];
  if (input.features === null) {
    throw new RnnError('spec', 'E_FEATURES', 'the number of input features D is not known', {
      where: 'input',
      expected: 'a whole number from 1',
      fix: 'give --D, or "features" in the spec\'s input',
    });
  }
  return [N, T, { symbol: `D${number}`, size: input.features }];
}

function layerShapes(
  layer: LayerSpec,
  inputs: readonly DimShape[],
  symbols: LayerSymbols,
  steps: readonly Dim[],
  { givers, owned }: { readonly givers: ReadonlyMap<string, LayerSpec>; readonly owned: ReadonlyMap<string, readonly WeightShape[]> },
): LayerShapes {
  const kind = getLayerKind(layer.kind);
  if (layer.kind === 'embedding') checkTokens(layer.inputs[0], inputs[0], givers);
  try {
    const output = kind.outputShape(layer, inputs, symbols);
    const others = kind.otherOutputs?.(layer, inputs, symbols) ?? [];
    const needed = kind.weightShapes(layer, inputs, symbols);
    if (layer.shares !== undefined) checkShared(layer, needed, owned.get(layer.shares) ?? noValue(layer.name, layer.shares));
    const weights = layer.shares === undefined ? needed : [];
    return { layer, symbols, inputs, output, others, weights, ...(steps.length > 0 ? { steps } : {}) };
  } catch (error) {
    throw error instanceof RnnError && error.code === 'E_SEQ' ? explainMissingSequence(error, layer, inputs[0], givers) : error;
  }
}

/** Checks that the shared weights are those that this call needs, with its input and its options. @throws RnnError E_WEIGHT_SHAPE */
function checkShared({ shares }: LayerSpec, needed: readonly WeightShape[], owned: readonly WeightShape[]): void {
  const textOf = (weights: readonly WeightShape[]) =>
    weights.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(', ') || 'none';
  const [expected, found] = [needed, owned].map(textOf);
  if (expected === found) return;
  throw new RnnError('shape', 'E_WEIGHT_SHAPE', `shares the weights of ${shares}, but with this input and these options it needs others`, {
    expected,
    found: `${found} of ${shares}`,
    fix: `give it an input of the same width and the options of ${shares}, or weights of its own: leave "shares" out`,
  });
}

/** Whether a further output is a state. A wrapper of two layers (bidirectional) also outputs the sequence of the second one. */
function isState({ suffix }: NamedShape): boolean {
  return suffix !== 'backward';
}

/** Specs are checked before, but a simulated mistake (diagnosis) may have removed a value. @throws RnnError E_SPEC_INPUT */
function noValue(layer: string, name: string): never {
  throw new RnnError('spec', 'E_SPEC_INPUT', `reads '${name}', which no layer computes`, { where: layer });
}

/** Checks that the initial states have the shapes of the layer's own states. @throws RnnError E_STATE_SHAPE */
function checkStates({ name: layer, states }: LayerSpec, known: ReadonlyMap<string, DimShape>, wanted: readonly NamedShape[]): void {
  const given = states!.map(name => ({ name, shape: known.get(name) ?? noValue(layer, name) }));
  const fits = (shape: DimShape, { shape: own }: NamedShape) =>
    shape.length === own.length && shape.every((d, i) => d.size === null || own[i].size === null || d.size === own[i].size);
  if (given.length === wanted.length && given.every(({ shape }, i) => fits(shape, wanted[i]))) return;
  const expected = wanted.map(({ suffix, shape }) => `${suffix} ${showShape(shape)}`).join(', ');
  const found = given.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(', ') || 'none';
  throw new RnnError('shape', 'E_STATE_SHAPE', `it is given the initial states ${found}, but has ${expected || 'no states'}`, {
    expected,
    found,
    fix: 'give one value for each state, or leave "states" out to start from zero',
  });
}

/**
 * Checks that an embedding reads whole numbers: an input, possibly through layers that only move its values, or the output of an operator
 * or of hashing. @throws RnnError E_TOKENS
 */
function checkTokens(value: string, shape: DimShape, givers: ReadonlyMap<string, LayerSpec>): void {
  let giver = givers.get(value);
  while (giver && getLayerKind(giver.kind).movesNumbers) giver = givers.get(giver.inputs[0]);
  if (!giver || giver.kind === 'op' || giver.kind === 'hashing') return;
  throw new RnnError(
    'shape',
    'E_TOKENS',
    `needs token numbers (N, T) but ${value} gives ${showShape(shape)}, which are not whole numbers`,
    {
      expected: 'the input, whole numbers (N, T)',
      found: `the output of ${value}`,
      fix: 'put the embedding first, on an input of whole numbers [N, T]',
    },
  );
}

/** Replaces E_SEQ by an error that names the layer to change: `needs a sequence (N, T, 64) but lstm_1 gives its last step only (N, 64)`. */
function explainMissingSequence(error: RnnError, layer: LayerSpec, input: DimShape, givers: ReadonlyMap<string, LayerSpec>): RnnError {
  const giver = source(layer.inputs[0], givers);
  if (!giver || input.length !== 2) return error;
  const wanted = `(${input[0].size ?? 'N'}, T, ${input[1].size ?? input[1].symbol})`;
  const gives = isRecurrent(giver) ? 'gives its last step only' : 'gives one vector per sample';
  const fix = isRecurrent(giver)
    ? `return every step: drop +last, or write +seq (Keras: return_sequences=True on ${giver.name})`
    : `leave ${giver.name} out, or put repeat:T after it`;
  return new RnnError('shape', 'E_SEQ', `needs a sequence ${wanted} but ${giver.name} ${gives} ${showShape(input)}`, {
    expected: wanted,
    found: showShape(input),
    fix,
    layer: giver.name,
    more: 'return_sequences',
  });
}

/** Returns the layer that decides the rank of the value `name`, skipping layers that keep the rank of their input. */
function source(name: string, givers: ReadonlyMap<string, LayerSpec>): LayerSpec | undefined {
  let layer = givers.get(name);
  for (let next = layer; next; next = getLayerKind(next.kind).reads === 'anything' ? givers.get(next.inputs[0]) : undefined) layer = next;
  return layer;
}

/** Returns the letters of each layer's sizes: M for a single recurrent layer, M1, M2 … for several; likewise for other kinds with a letter, and P for projections. */
function layerLetters(model: ModelSpec): Map<string, LayerSymbols> {
  const letterOf = (layer: LayerSpec) => getLayerKind(layer.kind).letter ?? '';
  const places = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const layer of model.layers) counts.set(letterOf(layer), (counts.get(letterOf(layer)) ?? 0) + 1);
  return new Map(
    model.layers.map(layer => {
      const letter = letterOf(layer);
      if (letter === '') return [layer.name, { units: 'M', projection: 'P' }];
      const place = (places.get(letter) ?? 0) + 1;
      places.set(letter, place);
      const number = counts.get(letter)! > 1 ? String(place) : '';
      return [layer.name, { units: letter + number, projection: `P${number}` }];
    }),
  );
}
