import type { ActivationSpec } from '../activations/activation.js';
import { formatActivation } from '../activations/index.js';
import { RnnError } from '../errors.js';
import type { Grammar } from '../layers/facets.js';
import { findLayerKind } from '../layers/index.js';
import { checkSpec } from './check.js';
import { type FrameworkName, layerDefaults } from './frameworks.js';
import { sizesIn } from './layerSizes.js';
import { parseLayers } from './parse.js';
import { inferSequences } from './sequences.js';
import type { ModelSpec } from './spec.js';

/**
 * Writes a layer of a spec in the grammar of `--layers`: `lstm:64@relu+seq`. Default values may be absent. A field with the value `_` is
 * written as `_`, for the user to fill in. Fields that the grammar cannot express are left out; `layersLineOf` notices.
 */
export function layerText(layer: Readonly<Record<string, unknown>>, framework: FrameworkName): string {
  const name = String(layer.kind);
  const { grammar = {}, fields = {} } = findLayerKind(name) ?? {};
  const defaults = Object.entries(fields).map(([field, { default: value }]) => [field, value]);
  const usual: Values = { ...Object.fromEntries(defaults), ...layerDefaults(name, framework) };
  const head = `${typeof layer.bidirectional === 'string' ? 'bi' : ''}${grammar.word ?? name}`;
  return `${head}${argumentText(grammar, layer)}${grammar.activation ? activationText(layer, usual) : ''}${optionTexts(grammar, layer, usual)}`;
}

type Values = Readonly<Record<string, unknown>>;

function argumentText({ sizes, number }: Grammar, layer: Values): string {
  const parts = sizes ? sizesIn(sizes.fields, layer) : number && layer[number.field] !== undefined ? [layer[number.field]] : [];
  return parts.length === 0 ? '' : `:${parts.join('x')}`;
}

function activationText(layer: Values, usual: Values): string {
  const own = nameOf(layer.activation) ?? nameOf(usual.activation)!;
  const gates = nameOf(layer.recurrentActivation);
  if (gates !== undefined && gates !== usual.recurrentActivation) return `@${own}/${gates}`;
  return own === usual.activation ? '' : `@${own}`;
}

function nameOf(activation: unknown): string | undefined {
  if (activation === undefined || activation === null) return undefined;
  return activation === '_' ? '_' : formatActivation(activation as ActivationSpec);
}

/** Writes the options of a layer, `+seq+stride=2+name=enc`: those that set a field to something other than its default. */
function optionTexts({ options = {} }: Grammar, layer: Values, usual: Values): string {
  // the prefix `bi` already implies the merge mode concat
  const without: Values = { ...usual, bidirectional: 'concat' };
  const isHere = (field: string, value: unknown) => layer[field] === value && without[field] !== value;
  const texts = Object.entries(options).flatMap(([name, option]) => {
    if ('set' in option) {
      if (Object.keys(option.set).some(field => layer[field] === '_')) return ['_'];
      return Object.entries(option.set).every(([field, value]) => isHere(field, value)) ? [name] : [];
    }
    if ('number' in option) {
      const value = layer[option.number];
      return typeof value === 'number' && value !== without[option.number] ? [`${name}=${value}`] : [];
    }
    const [size, ...more] = [layer[option.size] ?? []].flat() as number[];
    // null: the layer has no such size, or takes it from another one
    const [otherwise = 1] = [without[option.size]].flat();
    return size === undefined || size === otherwise || more.some(n => n !== size) ? [] : [`${name}=${size}`];
  });
  if (typeof layer.name === 'string' && !/^[a-z]+_\d+$/.test(layer.name)) texts.push(`name=${layer.name}`);
  return [...new Set(texts)].map(text => `+${text}`).join('');
}

/** `lstm:64+seq,lstm:32,dense:1` */
export function layersText(layers: readonly Readonly<Record<string, unknown>>[], framework: FrameworkName): string {
  return layers.map(layer => layerText(layer, framework)).join(',');
}

/**
 * Returns the `--layers` line that describes a network completely; null if there is none, because the network is not a chain or has an
 * option that only a spec can express.
 * @param isMasked whether any step may be masked; if not, what layers do with masked steps is ignored
 */
export function layersLineOf(model: ModelSpec, framework: FrameworkName, isMasked = true): string | null {
  const line = layersText(model.layers as unknown as Record<string, unknown>[], framework);
  try {
    const read = checkSpec({ input: model.input, layers: inferSequences(parseLayers(line).layers, false) }, framework);
    return read.output === model.output && same(read.layers, model.layers, isMasked ? WITHOUT_EFFECT : WITHOUT_MASKS) ? line : null;
  } catch (error) {
    if (error instanceof RnnError) return null;
    throw error;
  }
}

/** Fields that do not affect y: whether returnSequences was inferred, what Keras calls a layer, how its bias is initialised. */
const WITHOUT_EFFECT = new Set(['inferredSequences', 'timeDistributed', 'unitForgetBias', 'trainable']);
const WITHOUT_MASKS = new Set([...WITHOUT_EFFECT, 'zeroOutputForMask', 'useMask']);

function same(a: unknown, b: unknown, ignored: ReadonlySet<string>): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [first, second] = [a, b] as Record<string, unknown>[];
  const isHeld = (key: string) => ignored.has(key) || same(first[key], second[key], ignored);
  return Array.isArray(a) === Array.isArray(b) && Object.keys(a).every(isHeld) && Object.keys(b).every(key => key in a || isHeld(key));
}
