import type { RnnError } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import type { TensorFile } from '../../formats/format.js';
import { asObject, type Json, text, unsupportedClass } from '../../layers/kerasConfig.js';
import { byNaturalOrder } from '../naturalOrder.js';
import { layerNameOfClass, ownClass } from './classes.js';
import { specOfModel } from './config.js';
import { classCalled } from './layers.js';
import { inputSpec, MODELS } from './models.js';
import { namesIn } from './names.js';
import type { KerasOutline, OutlinedLayer } from './outlined.js';

/**
 * Outlines a model of a user-defined class, whose configuration only that class can interpret. Its parts are those for which the weights
 * file has tensors or names; the order in which they run, and their outputs, are unknown.
 */
export function ownModelOutline(config: unknown, own: Json, file: TensorFile): KerasOutline {
  const { class_name, build_config } = asObject(config, 'model config');
  const parts = partsOf(file);
  const model = parts.find(part => part.group === '');
  const name = model?.name || escapeText(text(own.name) ?? layerNameOfClass(wordOf(class_name)), 60);
  const layers = parts.filter(part => part !== model).map(layerOf);
  // the model's own variables are counted, but have no row in Keras' summary
  const variables: OutlinedLayer[] = model?.ownVariables ? [{ ...layerOf(model), name, kerasClass: ownClass(wordOf(class_name)) }] : [];
  const shape = (build_config as Json | null | undefined)?.input_shape;
  // the size of the first batch does not determine that of later ones
  const sizes = Array.isArray(shape) && shape.every(n => n === null || typeof n === 'number') ? [null, ...shape.slice(1)] : undefined;
  const input = inputSpec({ batch_shape: sizes ?? [null] }, 'input');
  const nothing = [{ kind: 'op', op: 'Identity', name: 'nothing known', inputs: ['input'] }];
  return {
    rows: layers.map(layer => ({
      name: layer.name,
      className: layer.kerasClass,
      isModel: false,
      trainable: true,
      outputs: [],
      keys: null,
      reads: [],
    })),
    details: new Map(),
    blockers: [unsupportedModel(config)],
    known: specOfModel('Sequential', { name }, { inputs: [input], layers: nothing, outputs: [{ name: 'output', value: 'nothing known' }] }),
    layers: [...layers, ...variables],
    inputs: ['input'],
    outputs: [{ name: 'output', value: 'output', isKnown: false }],
    ownClass: escapeText(ownClass(wordOf(class_name)), 60),
    unordered: !hasOrder(file),
    unshaped: sizes === undefined,
  };
}

/** The facts about a model of a user-defined class; undefined if the class is Keras' own. */
export function ownModel(config: unknown): Json | undefined {
  const { class_name, config: own } = asObject(config, 'model config');
  return typeof class_name === 'string' && !MODELS.has(class_name) ? ((own ?? {}) as Json) : undefined;
}

/** @returns the error for a model of a user-defined class, whose `call` is not in any file */
export function unsupportedModel(config: unknown): RnnError {
  return unsupportedClass((config as Json).class_name, 'a Sequential or Functional model');
}

interface Part {
  /** prefix of its tensors' names; '' for the model itself */
  readonly group: string;
  readonly name: string;
  /** its class in snake case, if the file numbers it by class */
  readonly counted: string | null;
  readonly ownVariables?: boolean;
}

function layerOf({ group, name, counted }: Part): OutlinedLayer {
  const kerasClass = classCalled(counted ?? name.replace(/_\d+$/, '')) ?? '?';
  return { name, kerasClass, inputs: [], group, shape: null };
}

function partsOf(file: TensorFile): Part[] {
  const parts = listedParts(file) ?? placedParts(file) ?? variableParts(file);
  const names = new Map<string, number>();
  for (const { name } of parts) names.set(name, (names.get(name) ?? 0) + 1);
  return parts.map(part => (names.get(part.name) === 1 ? part : { ...part, name: part.group }));
}

const LISTS = ['model_weights@layer_names', 'layer_names'];

function hasOrder({ metadata }: TensorFile): boolean {
  return LISTS.some(key => metadata.has(key));
}

/** Legacy .h5: the file lists its layers in order, and the model's own variables separately. */
function listedParts({ tensors, metadata }: TensorFile): Part[] | undefined {
  const list = LISTS.find(key => metadata.has(key));
  if (list === undefined) return undefined;
  const root = list.startsWith('model_weights') ? 'model_weights/' : '';
  const parts = (namesIn(metadata.get(list)) ?? []).map(name => ({ group: `${root}${name}`, name, counted: null }));
  const top = `${root}top_level_model_weights/`;
  const ownVariables = [...tensors.keys()].some(name => name.startsWith(top));
  return [...parts, { group: '', name: '', counted: null, ownVariables }];
}

/** Keras 3: `vars` in each layer's group, under the layer's attribute; a list of layers has groups by class, `layers/dense_1`. */
function placedParts({ tensors, metadata }: TensorFile): Part[] | undefined {
  const named = [...metadata.keys()].filter(key => /(^|\/)vars@name$/.test(key)).map(key => key.slice(0, -'vars@name'.length));
  const held = [...tensors.keys()].flatMap(name => /^(.*\/)?vars\/\d+$/.exec(name)?.slice(1) ?? []).map(place => place ?? '');
  if (held.length === 0) return undefined;
  // without names, only the groups with tensors are known; nested groups belong to the outermost one
  const places = [...new Set([...named, ...(named.length > 0 ? held : held.map(topOf))])].filter(place => !NO_PART.test(place));
  const tops = places.filter(place => place === '' || !places.some(other => other !== '' && other !== place && place.startsWith(other)));
  return tops.sort(byNaturalOrder).map(place => {
    const group = place.slice(0, -1);
    const last = group.slice(group.lastIndexOf('/') + 1);
    const name = metadata.get(`${place}vars@name`) ?? last;
    return {
      group,
      name: escapeText(name, 60),
      counted: group.includes('/') ? last.replace(/_\d+$/, '') : null,
      ownVariables: tensors.has('vars/0'),
    };
  });
}

const NO_PART = /^(optimizer|compile_metrics|metrics)\/|(^|\/)seed_generator\//;

/** The outermost group: `enc/` for `enc/cell/`, `layers/lstm/` for `layers/lstm/cell/`. */
function topOf(place: string): string {
  const [first, second] = place.split('/');
  return first === 'layers' && second ? `${first}/${second}/` : first && `${first}/`;
}

/** A checkpoint: attributes by name, lists with a number, as in `blocks/0/kernel`. */
function variableParts({ tensors }: TensorFile): Part[] {
  const groups = [...tensors.keys()]
    .filter(name => name.includes('/') && !/^(optimizer|save_counter|_|keras_api|loss|metrics)|OPTIMIZER_SLOT/.test(name))
    .map(name => /^(model\/)?[^/]+(\/\d+(?=\/))?(?=\/)/.exec(name)?.[0] ?? name);
  return [...new Set(groups)].sort(byNaturalOrder).map(group => ({ group, name: escapeText(group, 60), counted: null }));
}
