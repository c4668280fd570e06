import type { ActivationSpec } from '../activations/activation.js';
import { formatActivation } from '../activations/index.js';
import { getCell } from '../cells/index.js';
import { RnnError } from '../errors.js';
import { checkSpec } from './check.js';
import { type FrameworkName, isCellName, layerDefaults } from './frameworks.js';
import { parseLayers } from './parse.js';
import { inferSequences } from './sequences.js';
import type { ModelSpec } from './spec.js';

/**
 * A layer of a spec, with or without its defaults, as the grammar of `--layers` has it: `lstm:64@relu+seq`. `_` in a field stays: the
 * user has to say it. What the grammar has no word for is left out; `layersLineOf` finds that.
 */
export function layerText(layer: Readonly<Record<string, unknown>>, framework: FrameworkName): string {
  const kind = String(layer.kind);
  const bi = typeof layer.bidirectional === 'string' ? 'bi' : '';
  const word = kind === 'conv1d' ? 'conv' : kind;
  return `${bi}${word}${argumentText(kind, layer)}${activationText(kind, layer, framework)}${optionTexts(kind, layer, framework).join('')}`;
}

function argumentText(kind: string, layer: Readonly<Record<string, unknown>>): string {
  if (isCellName(kind) || kind === 'dense') return `:${layer.units}`;
  if (kind === 'embedding') return `:${layer.tokens}x${layer.units}`;
  if (kind === 'conv1d') return `:${[layer.filters, ...(layer.kernelSize as readonly number[])].join('x')}`;
  if (kind === 'groupnorm') return `:${layer.groups}`;
  const { [kind === 'masking' ? 'value' : kind === 'dropout' ? 'rate' : 'times']: number } = layer;
  return number === undefined ? '' : `:${number}`;
}

function activationText(kind: string, layer: Readonly<Record<string, unknown>>, framework: FrameworkName): string {
  const usual = isCellName(kind) ? 'tanh' : 'linear';
  const act = nameOf(layer.activation) ?? usual;
  const gates = nameOf(layer.recurrentActivation);
  if (gates !== undefined && gates !== layerDefaults(kind, framework).recurrentActivation) return `@${act}/${gates}`;
  return act === usual ? '' : `@${act}`;
}

function nameOf(activation: unknown): string | undefined {
  if (activation === undefined || activation === null) return undefined;
  return activation === '_' ? '_' : formatActivation(activation as ActivationSpec);
}

function optionTexts(kind: string, layer: Readonly<Record<string, unknown>>, framework: FrameworkName): string[] {
  const texts: string[] = [];
  const add = (condition: boolean, text: string) => {
    if (condition) texts.push(`+${text}`);
  };
  const { returnSequences, bidirectional, resetAfter, projection, name } = layer;
  add(returnSequences === true, 'seq');
  add(typeof bidirectional === 'string' && bidirectional !== 'concat', String(bidirectional));
  add(typeof layer.padding === 'string' && layer.padding !== 'valid', String(layer.padding));
  for (const [option, field] of WINDOW) {
    const [size = 1] = [layer[field] ?? 1].flat() as number[];
    add(size !== 1, `${option}=${size}`);
  }
  add(layer.useBias === false, 'nobias');
  if (isCellName(kind) && getCell(kind).fields.resetAfter && typeof resetAfter === 'boolean')
    add(resetAfter !== layerDefaults(kind, framework).resetAfter, resetAfter ? 'resetafter' : 'resetbefore');
  add(layer.goBackwards === true, 'backwards');
  add(layer.stateful === true, 'stateful');
  add(typeof projection === 'number', `proj=${projection}`);
  add(layer.peepholes === true, 'peepholes');
  add(typeof name === 'string' && !/^[a-z]+_\d+$/.test(name), `name=${name}`);
  return texts;
}

/** Options of a convolution, and their fields. */
const WINDOW = [
  ['stride', 'strides'],
  ['dilation', 'dilation'],
] as const;

/** `lstm:64+seq,lstm:32,dense:1` */
export function layersText(layers: readonly Readonly<Record<string, unknown>>[], framework: FrameworkName): string {
  return layers.map(layer => layerText(layer, framework)).join(',');
}

/**
 * The line that describes a network completely, so that nothing of it is assumed; null where the grammar has no words for it: it is no
 * chain, or a layer has an option that only a spec can say.
 * @param isMasked false: no step is, and what layers do with masked ones has no effect
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

/** Fields that change no number: who inferred a sequence, what Keras calls a layer, how its bias starts. */
const WITHOUT_EFFECT = new Set(['inferredSequences', 'timeDistributed', 'unitForgetBias', 'trainable']);
const WITHOUT_MASKS = new Set([...WITHOUT_EFFECT, 'zeroOutputForMask', 'useMask']);

function same(a: unknown, b: unknown, ignored: ReadonlySet<string>): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [first, second] = [a, b] as Record<string, unknown>[];
  const isHeld = (key: string) => ignored.has(key) || same(first[key], second[key], ignored);
  return Array.isArray(a) === Array.isArray(b) && Object.keys(a).every(isHeld) && Object.keys(b).every(key => key in a || isHeld(key));
}
