import { formatActivation } from '../../activations/index.js';
import { changeLayer, runLayer, runScenario, scenarioOf } from '../../diagnosis/index.js';
import { escapeText } from '../../escape.js';
import { getLayerKind } from '../../layers/index.js';
import { pythonText } from '../../layers/python.js';
import { isRecurrent, type LayerSpec } from '../../model/spec.js';
import { once } from '../../once.js';
import { largestDifference, largestMagnitude } from '../../tensor/difference.js';
import { sameShape } from '../../tensor/tensor.js';
import type { Network } from '../network/network.js';
import type { Prepared } from '../prepare.js';
import type { EquationDifference } from '../result.js';

/**
 * Options in which the layers of two networks differ, in Keras' terms (padding, strides, heads, the axis of a softmax), and layers that
 * only one network has. Frameworks write the same function in many ways, so this is only used to explain outputs that differ, never to
 * decide whether they do.
 */

/**
 * Fields that are not reported here: sizes, which the weights show; options without effect on a prediction; and what the mask or the
 * equations of a cell say.
 */
const ELSEWHERE = new Set([
  'units',
  'filters',
  'use_bias',
  'rate',
  'dropout',
  'seed',
  'momentum',
  'masks',
  'value',
  'output_dim',
  'input_dim',
]);
const IDENTITIES = new Set(['dropout', 'masking']);
/** Most layers of only one network that are reported: with more, the networks are simply written in different ways. */
const MOST_ALONE = 3;

/**
 * @param said the rows of `differentEquations`, which are not reported again
 * @param run the first network with its input: options of the second network that would not change the output of the layer there
 * (`padding='same'` instead of one zero at each end) are not differences
 */
export function differentOptions(first: Network, second: Network, said: readonly EquationDifference[], run: Run): EquationDifference[] {
  const [a, b] = [first, second].map(({ model }) => model.layers.filter(l => !IDENTITIES.has(l.kind) && l.kind !== 'op'));
  const pairs = aligned(a, b);
  const acts = actsIn(run);
  const options = pairs.flatMap(([one, other]) => (one && other && acts(one, other) ? betweenLayers(one, other, said) : []));
  const alone = pairs.filter(([one, other]) => !one || !other);
  const isTold = alone.length <= MOST_ALONE && first.framework === second.framework && !hasOperators(first) && !hasOperators(second);
  return [...options, ...(isTold ? replacements(alone).flatMap(pair => presence(pair, said)) : [])];
}

const hasOperators = ({ model }: Network) => model.layers.some(l => l.kind === 'op');

/** A network with its weights and input. */
type Run = Pick<Prepared, 'network' | 'weights' | 'input' | 'graphInputs'>;

/**
 * Returns a test whether a layer of the first network gives another output with the options of another layer; true if that cannot be run.
 */
function actsIn({ network, weights, input, graphInputs }: Run): (one: LayerSpec, other: LayerSpec) => boolean {
  const outcome = once(() => {
    const scenario = graphInputs ? undefined : scenarioOf(network.model, weights, input);
    const right = scenario && runScenario(scenario);
    return right && { scenario, right };
  });
  return (one, other) => {
    const own = isRecurrent(one) ? undefined : outcome();
    const y = own?.right.layers.get(one.name)?.result.tensor;
    // a layer that only another output reads is not run for y
    const changed = own && y && changeLayer(own.scenario, one.name, { ...other, name: one.name, inputs: one.inputs });
    const there = changed && runLayer(changed, one.name, own.right)?.tensor;
    return !y || !there || !sameShape(y.shape, there.shape) || largestDifference(y.data, there.data).abs > SAME * largestMagnitude(y.data);
  };
}

/** relative to the largest number, in float64 */
const SAME = 1e-9;

type Pair = readonly [LayerSpec | undefined, LayerSpec | undefined];

/** Aligns two lists of layers by the longest common subsequence of their kinds; layers of only one network stand between. */
function aligned(a: readonly LayerSpec[], b: readonly LayerSpec[]): Pair[] {
  const most = Array.from({ length: a.length + 1 }, () => new Int32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      most[i][j] = a[i].kind === b[j].kind ? most[i + 1][j + 1] + 1 : Math.max(most[i + 1][j], most[i][j + 1]);
  const pairs: Pair[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i].kind === b[j].kind) pairs.push([a[i++], b[j++]]);
    else if (i < a.length && (j === b.length || most[i + 1][j] >= most[i][j + 1])) pairs.push([a[i++], undefined]);
    else pairs.push([undefined, b[j++]]);
  }
  return pairs;
}

/** Pairs a layer of only the first network with an adjacent one of only the second: one replaces the other. */
function replacements(alone: readonly Pair[]): Pair[] {
  const pairs: Pair[] = [];
  for (const [one, other] of alone) {
    const last = pairs.at(-1);
    if (other && last?.[0] && !last[1]) pairs[pairs.length - 1] = [last[0], other];
    else pairs.push([one, other]);
  }
  return pairs;
}

function betweenLayers(one: LayerSpec, other: LayerSpec, said: readonly EquationDifference[]): EquationDifference[] {
  if (isRecurrent(one)) return [];
  const told = said.filter(({ layer }) => layer === one.name).map(({ what }) => what);
  if (told.includes('head')) told.push('activation');
  const [first, second] = [one, other].map(optionsOf);
  const off = [...new Set([...first.keys(), ...second.keys()])].filter(
    key => !ELSEWHERE.has(key) && !told.includes(key) && first.get(key) !== second.get(key),
  );
  // the activation that follows a layer with weights has been reported there
  if (off.length === 0 || (one.kind === 'activation' && said.some(({ what }) => what === 'activation' || what === 'head'))) return [];
  const written = (own: ReadonlyMap<string, string>) => off.map(key => `${key}=${own.get(key) ?? 'None'}`);
  return [{ layer: one.name, what: 'option', first: written(first), second: written(second) }];
}

/** The arguments of the layer in Keras, as Python. */
function optionsOf(layer: LayerSpec): Map<string, string> {
  const { keras } = getLayerKind(layer.kind);
  const own = layer as unknown as Readonly<Record<string, unknown>>;
  const called = Object.entries(keras?.callOptions ?? {}).map(([argument, field]) => [argument, own[field] ?? false] as const);
  const all =
    layer.kind === 'activation'
      ? [['activation', formatActivation(layer.activation)] as const, ...(layer.axis ? [['axis', layer.axis] as const] : [])]
      : [...Object.entries(keras?.config(layer as never) ?? {}), ...called];
  return new Map(all.map(([key, value]) => [key, inPython(value)]));
}

/** A value as Python: a list of one number becomes the number, strings are quoted. */
function inPython(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? inPython(value[0]) : `(${value.map(inPython).join(', ')})`;
  if (typeof value === 'string') return `'${escapeText(value, 40)}'`;
  if (typeof value === 'object' && value !== null) return escapeText(JSON.stringify(value), 60);
  return pythonText(value);
}

function presence([one, other]: Pair, said: readonly EquationDifference[]): EquationDifference[] {
  const kinds = [one, other].flatMap(l => l?.kind ?? []);
  const isSaid = (what: readonly string[], own: readonly string[]) =>
    kinds.every(kind => own.includes(kind)) && said.some(row => what.includes(row.what));
  if (isSaid(['pooling', 'step'], ['maxpool', 'avgpool', 'last', 'flatten']) || isSaid(['activation', 'head'], ['activation'])) return [];
  const words = (layer: LayerSpec | undefined) => [layer ? getLayerKind(layer.kind).kerasClass(layer as never) : 'no such layer'];
  return [{ layer: (one ?? other)!.name, what: 'layer', first: words(one), second: words(other) }];
}
