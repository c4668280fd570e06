import { formatActivation } from '../../activations/index.js';
import { getCell, rowOf } from '../../cells/index.js';
import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { fileTensor } from '../../formats/fileTensor.js';
import type { FileTensor } from '../../formats/format.js';
import { isTorchProjection } from '../../model/frameworks.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';
import { isRecurrent, type RecurrentSpec } from '../../model/spec.js';
import { transpose } from '../../tensor/layout.js';
import { sliceRow, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import { fromCanonicalGates } from '../gateOrder.js';
import { attentionToTorch, isTorchAttention } from './attention.js';
import { torchLayerOf, toTorchLayout } from './layers.js';

/** Writes canonical weights as a state dict: modules `rnn`, `rnn2`, `fc` …, with PyTorch's names and layouts. */

/** @throws RnnError E_TORCH_CELL, E_TORCH_LAYER (unsupported) for what PyTorch lacks */
export function toStateDict(shapes: ModelShapes, weights: Weights): Map<string, FileTensor> {
  const named = new Map<string, FileTensor>();
  const places = recurrentPlaces(shapes);
  const modules = new Map<string, number>();
  for (const layer of shapes.layers.filter(l => l.layer.shares === undefined)) {
    const of = (name: string) => weights.get(`${layer.layer.name}/${name}`);
    if (isRecurrent(layer.layer)) writeRecurrent(named, layer.layer, places.get(layer.layer.name)!, of);
    else if (layer.weights.length > 0) writePlain(named, layer, modules, of);
  }
  return named;
}

function writePlain(
  named: Map<string, FileTensor>,
  shapes: LayerShapes,
  modules: Map<string, number>,
  of: (name: string) => Tensor | undefined,
): void {
  const { layer, weights } = shapes;
  const isAttention = isTorchAttention(shapes);
  const module = isAttention ? 'attention' : torchLayerOf(layer).module;
  const count = (modules.get(module) ?? 0) + 1;
  modules.set(module, count);
  const prefix = `${module}${count === 1 ? '' : count}`;
  if (isAttention) {
    for (const [name, tensor] of attentionToTorch(shapes, name => of(name)!)) named.set(`${prefix}.${name}`, fileTensor(tensor));
    return;
  }
  const theirs = torchLayerOf(layer);
  for (const { name, role } of weights) {
    const tensor = of(name)!;
    named.set(`${prefix}.${theirs.roles[name]}`, fileTensor(toTorchLayout(theirs, tensor, role)));
  }
  if (theirs.unused)
    for (const name of theirs.unused) named.set(`${prefix}.${name}`, { shape: [], data: Float64Array.of(0), dtype: 'i64' });
}

/** `rnn` and 0: the module and the layer in it. */
interface Place {
  readonly module: string;
  readonly depth: number;
}

/** Assigns recurrent layers to modules: consecutive layers of one kind and size, each reading the one before, share a module (num_layers); any other starts a new one, rnn2. */
function recurrentPlaces({ layers }: ModelShapes): Map<string, Place> {
  const places = new Map<string, Place>();
  const specs = new Map(layers.map(l => [l.layer.name, l.layer]));
  let last: RecurrentSpec | undefined;
  let modules = 0;
  for (const { layer } of layers) {
    if (!isRecurrent(layer) || layer.shares !== undefined) continue;
    let source = specs.get(layer.inputs[0]);
    while (source?.kind === 'dropout') source = specs.get(source.inputs[0]);
    const continues = last !== undefined && source === last && moduleOptions(layer) === moduleOptions(last);
    const depth = continues ? places.get(last!.name)!.depth + 1 : 0;
    if (!continues) modules++;
    places.set(layer.name, { module: modules === 1 ? 'rnn' : `rnn${modules}`, depth });
    last = layer;
  }
  return places;
}

function moduleOptions({ kind, units, bidirectional, useBias, projection, activation }: RecurrentSpec): string {
  return [kind, units, bidirectional, useBias, projection, formatActivation(activation)].join();
}

function writeRecurrent(
  named: Map<string, FileTensor>,
  layer: RecurrentSpec,
  { module, depth }: Place,
  of: (name: string) => Tensor | undefined,
): void {
  const cell = getCell(layer.kind);
  if (layer.peepholes) throw new RnnError('unsupported', 'E_TORCH_CELL', `PyTorch has no ${layer.kind} with peepholes`);
  if (layer.projection !== null && !isTorchProjection(layer.projection, layer.units)) {
    const message = `PyTorch has no LSTM of M = ${layer.units} with a projection to P = ${layer.projection}`;
    throw new RnnError('unsupported', 'E_TORCH_CELL', message, {
      where: escapeText(layer.name),
      expected: `proj_size smaller than hidden_size = ${layer.units}`,
      found: `projection ${layer.projection}`,
      fix: 'use fewer projected units; --to npz keeps these weights under our own names',
    });
  }
  const foreign = (t: Tensor) => fromCanonicalGates(t, cell, rowOf(cell, 'torch'));
  for (const [way, reverse] of layer.bidirectional
    ? [
        ['forward/', ''],
        ['backward/', '_reverse'],
      ]
    : [['', '']]) {
    const set = (role: string, t: Tensor) => named.set(`${module}.${role}_l${depth}${reverse}`, fileTensor(t));
    set('weight_ih', transpose(foreign(of(`${way}Wx`)!)));
    set('weight_hh', transpose(foreign(of(`${way}Wh`)!)));
    const bias = of(`${way}bh`);
    if (bias) {
      const [input, recurrent] =
        bias.shape.length === 2 ? [sliceRow(bias, 0), sliceRow(bias, 1)] : [bias, { shape: bias.shape, data: bias.data.map(() => 0) }];
      set('bias_ih', foreign(input));
      set('bias_hh', foreign(recurrent));
    }
    const projection = of(`${way}Wp`);
    if (projection) set('weight_hr', transpose(projection));
  }
}
