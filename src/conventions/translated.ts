import { RnnError } from '../errors.js';
import { escapeNames, escapeText } from '../escape.js';
import type { Assumption } from '../model/assumptions.js';
import type { FrameworkName } from '../model/frameworks.js';
import type { LayerShapes } from '../model/shapes.js';
import { isRecurrent } from '../model/spec.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Convention, NamedTensors } from './convention.js';
import { orderOfCells } from './groupOrder.js';
import { layersOf, type WeightGroup } from './inferLayers.js';
import { layerWeights } from './keras/keras.js';
import type { NamedArray } from './namedArray.js';
import { isSorted } from './torch/modules.js';
import { unexpectedWeight } from './unexpectedWeights.js';

/** A layer of a foreign file, with arrays as in Keras but gates in our order: kernel [D, G·M], recurrent_kernel [M, G·M], bias; forward before backward. */
export interface TranslatedLayer {
  readonly name: string;
  readonly arrays: readonly NamedArray[];
  readonly group: WeightGroup;
}

/** How the tensors of a file are translated. */
export interface Translation {
  readonly name: string;
  readonly framework: FrameworkName;
  detect(names: readonly string[]): boolean;
  /** @throws RnnError E_UNDETERMINED, E_WEIGHT_… naming a tensor that belongs to no layer */
  layers(tensors: NamedTensors): TranslatedLayer[];
  /** assumptions in addition to those about order and functions */
  assumptions?(tensors: NamedTensors): Assumption[];
}

/** Makes a convention that first converts files to Keras' form, so that the rules for layers are written only once. */
export function translatedConvention({ name, framework, detect, layers: translate, assumptions }: Translation): Convention {
  return {
    name,
    framework,
    detect,
    special: true,

    toWeights(shapes, tensors) {
      const layers = shapes.layers.filter(l => l.weights.length > 0);
      const found = pairedAs(layers, translate(tensors));
      const held = found.reduce((sum, layer) => sum + layer.arrays.length, 0);
      const own = ownLayers(layers, found);
      const weights = new Map<string, Tensor>();
      layers.forEach((layer, i) => {
        const { name: place } = own[i] ?? layer.layer;
        const arrays = own[i] ? arraysFor(layer, own[i]) : [];
        for (const [key, t] of layerWeights(shapes, layer, arrays, held, k => `${place}/${layer.weights[k].role}`, 'own'))
          weights.set(key, t);
      });
      const surplus = found.find(layer => !own.includes(layer));
      if (surplus)
        throw unexpectedWeight(
          surplus.name,
          layers.map(l => l.layer.name),
        );
      return weights;
    },

    toSpec(tensors, hints) {
      const groups = translate(tensors).map(layer => layer.group);
      const order = orderOfCells(groups, framework, isSorted(tensors));
      const read = layersOf(order.groups, hints, framework);
      return { ...read, assumptions: [...order.assumptions, ...(assumptions?.(tensors) ?? []), ...read.assumptions] };
    },
  };
}

/** Joins cells that the file has as separate layers into the network's bidirectional layers; the first one is forward. */
function pairedAs(layers: readonly LayerShapes[], found: readonly TranslatedLayer[]): readonly TranslatedLayer[] {
  /** cells of one direction by their shapes, the next one last */
  const free = new Map<string, TranslatedLayer[]>();
  for (const layer of [...found].reverse()) {
    const shape = String([layer.group.kernel, layer.group.recurrent]);
    if (layer.group.bidirectional) continue;
    const own = free.get(shape);
    if (own) own.push(layer);
    else free.set(shape, [layer]);
  }
  const pairs = new Map<TranslatedLayer, TranslatedLayer>();
  for (const { layer, weights } of layers) {
    if (!isRecurrent(layer)) continue;
    const fitting = free.get(String(weights.slice(0, 2).map(w => w.shape)));
    const first = fitting?.pop();
    const second = layer.bidirectional === null ? undefined : fitting?.pop();
    if (first && second) pairs.set(first, second);
  }
  const seconds = new Set(pairs.values());
  return found
    .filter(layer => !seconds.has(layer))
    .map(layer => {
      const second = pairs.get(layer);
      return second
        ? { name: layer.name, arrays: [...layer.arrays, ...second.arrays], group: { ...layer.group, bidirectional: true } }
        : layer;
    });
}

/**
 * Returns the file's layer for each layer of the network: by name if the network has the file's names, else the one whose arrays fit.
 * @throws RnnError E_UNDETERMINED if two fit
 */
function ownLayers(layers: readonly LayerShapes[], found: readonly TranslatedLayer[]): (TranslatedLayer | undefined)[] {
  const named = new Map(found.map(layer => [layer.name, layer]));
  const said = layers.map(({ layer }) => named.get(layer.tensors ?? layer.name));
  if (said.every(layer => layer !== undefined)) return said;
  const free = new Set(found);
  const groups = new Map<boolean, Map<string, Alike>>();
  return layers.map(layer => {
    const alike = groups.get(hasBias(layer)) ?? byShapes(layer, found);
    groups.set(hasBias(layer), alike);
    const { fitting, classes } = alike.get(String(layer.weights.map(w => w.shape))) ?? NONE_ALIKE;
    while (fitting.length > 0 && !free.has(fitting[fitting.length - 1])) fitting.pop();
    const first = fitting.at(-1);
    const isTwin = (other: TranslatedLayer) => free.has(other) && classOf(other.name) !== classOf(first!.name);
    // layers of one class are in order, so only two of different classes are ambiguous
    const twin = classes.size > 1 ? fitting.findLast(isTwin) : undefined;
    if (first && twin) {
      const message = `the file does not say whether ${layer.layer.name} is ${first.name} or ${twin.name}`;
      throw new RnnError('convention', 'E_UNDETERMINED', message, {
        expected: escapeNames(
          layers.map(l => l.layer.name),
          60,
        ),
        found: escapeNames(
          found.map(l => l.name),
          60,
        ),
        fix: `name the layers as the file does: --layers "…+name=${escapeText(first.name, 60)},…"`,
      });
    }
    const own = first ?? free.values().next().value;
    if (own) free.delete(own);
    return own;
  });
}

/** Layers with arrays of the same shapes, in reverse order, and the classes in their names. */
interface Alike {
  readonly fitting: TranslatedLayer[];
  readonly classes: Set<string>;
}

const NONE_ALIKE: Alike = { fitting: [], classes: new Set() };

/** Groups the file's layers by the shapes of the arrays that a layer like this would take from them. */
function byShapes(like: LayerShapes, found: readonly TranslatedLayer[]): Map<string, Alike> {
  const groups = new Map<string, Alike>();
  for (const layer of [...found].reverse()) {
    const key = String(arraysFor(like, layer).map(a => a.tensor.shape));
    const own = groups.get(key) ?? { fitting: [], classes: new Set() };
    groups.set(key, own);
    own.fitting.push(layer);
    own.classes.add(classOf(layer.name));
  }
  return groups;
}

function hasBias({ weights }: LayerShapes): boolean {
  return weights.some(w => w.role === 'bias');
}

/** Returns the arrays for a layer. If the layer has no bias, a bias of zeros in the file is dropped. */
function arraysFor(layer: LayerShapes, { arrays }: TranslatedLayer): readonly NamedArray[] {
  if (hasBias(layer)) return arrays;
  return arrays.filter(({ name, tensor }) => !name.endsWith('/bias') || tensor.data.some(v => v !== 0));
}

function classOf(name: string): string {
  return name.replace(/\d+/g, '');
}

/** Groups cells by layer, forward before backward: `rnn/fw/cell` and `rnn/bw/cell` are the directions of `rnn/cell`. */
export function byLayer(cells: readonly string[], forward: string, backward: string): [layer: string, cells: string[]][] {
  const way = new RegExp(`(^|/)(${forward}|${backward})(?=/)`);
  const layers = new Map<string, string[]>();
  for (const cell of cells) {
    const layer = cell.replace(way, '');
    layers.set(layer, [...(layers.get(layer) ?? []), cell]);
  }
  const isBackward = (cell: string) => Number(way.exec(cell)?.[2] === backward);
  return [...layers].map(([layer, names]) => [layer, names.sort((a, b) => isBackward(a) - isBackward(b))]);
}

/** Groups the tensors of a file by folder. The caller sorts numbered folders. */
export function byFolder(tensors: NamedTensors, state: RegExp): Map<string, Map<string, Tensor>> {
  const folders = new Map<string, Map<string, Tensor>>();
  for (const [name, tensor] of tensors) {
    if (state.test(name)) continue;
    const path = name.includes('/') ? name : name.replaceAll('.', '/');
    const at = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(0, at));
    folders.set(folder, (folders.get(folder) ?? new Map()).set(path.slice(at + 1), tensor));
  }
  return folders;
}

/** Reads a dense layer or token vectors from a folder that is not a cell. @throws RnnError E_UNDETERMINED */
export function plainLayer(
  name: string,
  tensors: ReadonlyMap<string, Tensor>,
  words: readonly [kernel: string, bias: string][],
): TranslatedLayer {
  const embedding = tensors.get('embedding');
  if (embedding && tensors.size === 1)
    return { name, arrays: [{ name: `${name}/embedding`, tensor: embedding }], group: { name, embedding: embedding.shape } };
  const [kernelName, biasName] = words.find(([kernel]) => tensors.has(kernel)) ?? words[0];
  const [kernel, bias] = [tensors.get(kernelName), tensors.get(biasName)];
  const surplus = [...tensors.keys()].find(key => key !== kernelName && key !== biasName);
  if (kernel?.shape.length !== 2 || surplus !== undefined) {
    const message = `${escapeText(name || 'a variable without a folder', 80)} is not a layer that its tensors alone describe`;
    throw new RnnError('convention', 'E_UNDETERMINED', message, {
      expected: 'a recurrent cell, a dense layer (kernel, bias) or token vectors (embedding)',
      found: [...tensors].map(([key, t]) => `${escapeText(key, 40)} [${t.shape}]`).join(', '),
      fix: 'save the variables of these layers alone',
    });
  }
  const arrays = [{ name: `${name}/${kernelName}`, tensor: kernel }, ...(bias ? [{ name: `${name}/${biasName}`, tensor: bias }] : [])];
  return { name, arrays, group: { name, dense: kernel.shape, bias: bias?.shape } };
}

/** Makes a recurrent layer with one or two directions from arrays in Keras' form. */
export function recurrentLayer(name: string, ways: readonly (readonly [Tensor, Tensor, Tensor?])[]): TranslatedLayer {
  const arrays = ways.flatMap(([kernel, recurrent, bias]) => [
    { name: `${name}/kernel`, tensor: kernel },
    { name: `${name}/recurrent_kernel`, tensor: recurrent },
    ...(bias ? [{ name: `${name}/bias`, tensor: bias }] : []),
  ]);
  const [[kernel, recurrent, bias]] = ways;
  const group = { name, kernel: kernel.shape, recurrent: recurrent.shape, bias: bias?.shape, bidirectional: ways.length === 2 };
  return { name, arrays, group };
}
