import type { WeightShape } from '../cells/cell.js';
import { RnnError, within } from '../errors.js';
import { showShape } from '../layers/dims.js';
import { getLayerKind } from '../layers/index.js';
import type { DimShape, LayerSymbols } from '../layers/layer.js';
import { isRecurrent, type LayerSpec, type ModelSpec } from './spec.js';

/** One walk from [N, T, D] to the output: every layer's input and output shape and the shapes of its weights. No weights needed. */
export interface LayerShapes {
  readonly layer: LayerSpec;
  readonly symbols: LayerSymbols;
  readonly inputs: readonly DimShape[];
  readonly output: DimShape;
  readonly weights: readonly WeightShape[];
}

export interface ModelShapes {
  readonly input: DimShape;
  readonly layers: readonly LayerShapes[];
  readonly output: DimShape;
}

/** @throws RnnError E_SEQ, E_RANK, E_MERGE, E_SYMBOLIC, E_FEATURES naming the layer */
export function inferShapes(model: ModelSpec): ModelShapes {
  const input = inputShape(model);
  const known = new Map<string, DimShape>([[model.input.name, input]]);
  const letters = layerLetters(model);
  const layers = model.layers.map((layer): LayerShapes => {
    const inputs = layer.inputs.map(name => known.get(name)!);
    const shapes = within(layer.name, () => layerShapes(layer, inputs, letters.get(layer.name)!, model));
    known.set(layer.name, shapes.output);
    return shapes;
  });
  return { input, layers, output: known.get(model.output)! };
}

/** Weight shapes by layer, for initialisers and checks. */
export function weightShapesByLayer(shapes: ModelShapes): ReadonlyMap<string, readonly WeightShape[]> {
  return new Map(shapes.layers.map(l => [l.layer.name, l.weights]));
}

function inputShape({ input, layers }: ModelSpec): DimShape {
  const N = { symbol: 'N', size: input.batch };
  const T = { symbol: 'T', size: input.timesteps };
  const readers = layers.filter(l => l.inputs.includes(input.name));
  const tokens = readers.some(l => l.kind === 'embedding');
  if (tokens) return [N, T];
  if (input.features === null) {
    throw new RnnError('spec', 'E_FEATURES', 'the number of input features D is not known', {
      where: 'input',
      expected: 'a whole number from 1',
      fix: 'give --D, or "features" in the spec\'s input',
    });
  }
  return [N, T, { symbol: 'D', size: input.features }];
}

function layerShapes(layer: LayerSpec, inputs: readonly DimShape[], symbols: LayerSymbols, model: ModelSpec): LayerShapes {
  const kind = getLayerKind(layer.kind);
  if (layer.kind === 'embedding' && layer.inputs[0] !== model.input.name && inputs[0].length === 2)
    throw noTokens(layer.inputs[0], inputs[0]);
  try {
    const output = kind.outputShape(layer, inputs, symbols);
    return { layer, symbols, inputs, output, weights: kind.weightShapes(layer, inputs, symbols) };
  } catch (error) {
    throw error instanceof RnnError && error.code === 'E_SEQ' ? explainMissingSequence(error, layer, inputs[0], model) : error;
  }
}

/** An embedding looks up whole numbers; what a layer computes is none. */
function noTokens(giver: string, shape: DimShape): RnnError {
  return new RnnError('shape', 'E_TOKENS', `needs token numbers (N, T) but ${giver} gives real numbers ${showShape(shape)}`, {
    expected: 'the input, whole numbers (N, T)',
    found: `the output of ${giver}`,
    fix: 'put the embedding first, on an input of whole numbers [N, T]',
  });
}

/** `gru_2 needs a sequence (N, T, 64) but lstm_1 gives its last step only (N, 64)`: names the layer to mend. */
function explainMissingSequence(error: RnnError, layer: LayerSpec, input: DimShape, model: ModelSpec): RnnError {
  const giver = source(layer.inputs[0], model);
  if (!giver) return error;
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

/** The layer that decides the rank of `name`: past layers that hand on what they get. */
function source(name: string, model: ModelSpec): LayerSpec | undefined {
  const layer = model.layers.find(l => l.name === name);
  if (layer && ['dense', 'dropout', 'activation'].includes(layer.kind)) return source(layer.inputs[0], model) ?? layer;
  return layer;
}

/** Letters by layer: one recurrent layer has M, several M1, M2 …; likewise K for dense, E for embeddings, P for projections. */
function layerLetters(model: ModelSpec): Map<string, LayerSymbols> {
  const groups = {
    M: model.layers.filter(isRecurrent),
    K: model.layers.filter(l => l.kind === 'dense'),
    E: model.layers.filter(l => l.kind === 'embedding'),
  };
  const letters = new Map<string, LayerSymbols>(model.layers.map(l => [l.name, { units: 'M', projection: 'P' }]));
  for (const [letter, layers] of Object.entries(groups)) {
    layers.forEach((layer, index) => {
      const number = layers.length > 1 ? String(index + 1) : '';
      letters.set(layer.name, { units: letter + number, projection: `P${number}` });
    });
  }
  return letters;
}
