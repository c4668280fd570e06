import { compareWeights } from '../diagnosis/weightsFaults.js';
import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { largestDifference, largestMagnitude } from '../tensor/difference.js';
import type { Tensor } from '../tensor/tensor.js';
import { drawInput } from '../weights/init.js';
import type { Weights } from '../weights/weights.js';
import { execute } from './execute.js';
import { loadNetwork, type Network, openModel } from './network.js';
import type { NetworkRequest } from './request.js';
import type { CompareModelsResult } from './result.js';
import { VERSION } from './version.js';

/** Two models in files, of whatever framework: their weights tensor by tensor and their outputs on one input. */
export interface CompareModelsRequest extends NetworkRequest {
  readonly files: readonly [string, string];
  seed?: string;
}

/** Steps and samples of the input both are run on, where the models leave them open. */
const SAMPLES = 4;
const STEPS = 10;

/** @throws RnnError E_WEIGHT_MISSING: a file without weights; E_LAYERS_DIFFER: the layers cannot be matched; and all that opening a model may throw */
export async function runCompareModels(request: CompareModelsRequest): Promise<CompareModelsResult> {
  const { files, seed = '42', ...network } = request;
  // weights alone say little of their network: the other file's description holds for both
  const [a, b] = [await isDescribed(files[0]), await isDescribed(files[1])];
  const first = await open(files[0], !a && b ? { ...network, model: files[1] } : network);
  const second = await open(files[1], a && !b ? { ...network, model: files[0] } : network);
  const renamed = matchLayers(first, second, files);
  const tensors = compareWeights(first.model.layers, toRows(first.weights!, renamed), toRows(renamed, first.weights!));
  const outputs = await compareOutputs(first, second, seed);
  const equalWeights = tensors.every(t => t.equal);
  return {
    schema: 'rnn-cli/compare-models@1',
    version: VERSION,
    equal: equalWeights && outputs.equal,
    files: { first: escapeText(files[0]), second: escapeText(files[1]) },
    tensors,
    outputs,
    notes: [...first.notes, ...second.notes],
    assumptions: [...first.assumptions, ...second.assumptions],
    exit: equalWeights && outputs.equal ? 0 : 1,
  };
}

async function isDescribed(file: string): Promise<boolean> {
  const opened = await openModel({ model: file });
  return opened?.spec !== undefined || opened?.graph !== undefined || opened?.problem !== undefined;
}

/** A model file describes itself; weights are of the model that is described beside them, or of one their names and shapes tell. */
async function open(file: string, request: NetworkRequest): Promise<Network> {
  const described = ['model', 'layers', 'M', 'cell'].some(key => request[key as keyof NetworkRequest] !== undefined);
  const network = await loadNetwork(described ? { ...request, weights: file } : { ...request, model: file });
  if (network.weights) return network;
  throw new RnnError('convention', 'E_WEIGHT_MISSING', 'the file has no weights to compare', {
    where: escapeText(file),
    expected: 'a trained model, or its weights',
  });
}

/** The second's weights under the first's layer names: layers with weights stand in one order, whatever they are called. */
function matchLayers(first: Network, second: Network, files: readonly [string, string]): Weights {
  const named = ({ shapes }: Network) => shapes.layers.filter(l => l.weights.length > 0).map(l => l.layer);
  const [a, b] = [named(first), named(second)];
  const kinds = (layers: typeof a) => layers.map(l => l.kind).join(', ');
  if (kinds(a) !== kinds(b)) {
    throw new RnnError('convention', 'E_LAYERS_DIFFER', 'the two models have other layers', {
      where: escapeText(files[1]),
      expected: kinds(a),
      found: kinds(b),
    });
  }
  const renamed = new Map<string, Tensor>();
  b.forEach((layer, i) => {
    for (const [key, t] of second.weights!)
      if (key.startsWith(`${layer.name}/`)) renamed.set(`${a[i].name}${key.slice(layer.name.length)}`, t);
  });
  return renamed;
}

/** Where the other side adds up its two biases in one row, so does this one: both are what the network adds. The GRU's stay apart. */
function toRows(own: Weights, other: Weights): Weights {
  return new Map(
    [...own].map(([key, t]): [string, Tensor] => {
      const beside = other.get(key);
      if (!/\/bh$/.test(key) || t.shape.length !== 2 || beside?.shape.length !== 1) return [key, t];
      const width = t.shape[1];
      return [key, { shape: [width], data: Float64Array.from({ length: width }, (_, k) => t.data[k] + t.data[width + k]) }];
    }),
  );
}

async function compareOutputs(first: Network, second: Network, seed: string): Promise<CompareModelsResult['outputs']> {
  const { features, batch } = first.model.input;
  const timesteps = stepsOf(first, second);
  const embedding = first.model.layers.find(l => l.kind === 'embedding');
  const shape = [batch ?? SAMPLES, timesteps ?? STEPS];
  const x =
    features === null
      ? drawInput(shape, { seed, tokens: embedding?.kind === 'embedding' ? embedding.tokens : 2 })
      : drawInput([...shape, features], { seed });
  const run = ({ model, weights }: Network, dtype: 'f32' | 'f64') =>
    execute(anyLength(model), weights!, { x }, { engine: 'batched', dtype });
  const [a, b, rounded] = [await run(first, 'f64'), await run(second, 'f64'), await run(first, 'f32')];
  const noise = largestDifference(a.y.data, rounded.y.data).abs;
  const allowed = Math.max(16 * noise, 4 * 2 ** -23 * largestMagnitude(a.y.data));
  const comparable = a.y.data.length === b.y.data.length;
  const maxAbs = comparable ? largestDifference(a.y.data, b.y.data).abs : null;
  return { shape: a.y.shape, input: { shape: x.shape, seed }, maxAbs, allowed, equal: maxAbs !== null && maxAbs <= allowed };
}

/** A flatten's weights fix T; else what a model says of it, weights alone saying nothing. */
function stepsOf(...networks: readonly Network[]): number | null {
  const said = networks.filter(n => n.model.layers.some(l => l.kind === 'flatten'));
  return (said.length > 0 ? said : networks)[0].model.input.timesteps;
}

function anyLength(model: Network['model']): Network['model'] {
  return { ...model, input: { ...model.input, timesteps: null } };
}
