import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { getLayerKind } from '../../layers/index.js';
import type { LayerShapes } from '../../model/shapes.js';
import { isRecurrent } from '../../model/spec.js';
import { numpyActivation, torchActivation } from '../emit/activations.js';
import type { Network } from '../network/network.js';
import type { CompareModelsResult, EquationDifference } from '../result.js';
import { isMatch, layersWithWeights } from './matchedWeights.js';

/**
 * What two networks compute between the same layers with weights, where it differs: as lines of PyTorch if both are PyTorch's, else of NumPy.
 * Like `differentOptions`, this only explains outputs that differ: the same function can be written in many ways. Two frameworks write nearly
 * everything in different ways, so of these only what stands before the first difference is told.
 */
export function differentOperators(
  first: Network,
  second: Network,
  said: readonly EquationDifference[],
  place: CompareModelsResult['outputs']['first'],
): EquationDifference[] {
  if (!isMatch(first, second) || ![first, second].some(hasOperators)) return [];
  const [a, b] = [first, second].map(partsBetween);
  const weighted = layersWithWeights(first);
  // up to the first difference, what stands between the layers has the same effect, however it is written
  const reached = weighted.findIndex(l => l.name === place?.layer) + (place?.of === 'input' ? 0 : 1);
  const isOne = first.framework === second.framework;
  const library = isOne && first.framework === 'torch' ? 'torch' : 'numpy';
  return a.flatMap((part, i) => {
    const layer = i === 0 ? first.model.input.name : weighted[i - 1].name;
    const isTold = isOne ? i >= reached : i === reached && place?.of === 'input';
    if (!isTold || said.some(row => row.layer === layer && BEHIND.has(row.what))) return [];
    const [one, other] = apart(linesOf(part, first, library), linesOf(b[i], second, library));
    return one.length + other.length === 0 ? [] : [{ layer, what: 'operators', first: orNothing(one), second: orNothing(other) }];
  });
}

type Library = 'numpy' | 'torch';

const orNothing = (lines: readonly string[]) => (lines.length > 0 ? lines : ['nothing']);
const hasOperators = ({ model }: Network) => model.layers.some(l => l.kind === 'op');

/** Rows about what stands behind a layer. */
const BEHIND = new Set(['activation', 'head', 'pooling', 'step']);
const IDENTITIES = new Set(['dropout', 'masking']);

/** The layers without weights before the first layer with weights, and behind each of them. */
function partsBetween({ shapes }: Network): LayerShapes[][] {
  const parts: LayerShapes[][] = [[]];
  for (const own of shapes.layers)
    if (own.weights.length > 0) parts.push([]);
    else parts[parts.length - 1].push(own);
  return parts;
}

/** Each layer as `h = …`, where h is the value that the part begins with; layers that read others are written with the names of those. */
function linesOf(part: readonly LayerShapes[], { model, shapes }: Network, library: Library): string[] {
  const names = new Map<string, string>();
  const before = part[0]?.layer.inputs[0];
  const start = shapes.layers.find(l => l.layer.name === before)?.layer;
  const value = start === undefined ? 'x' : isRecurrent(start) ? 'h' : 'y';
  if (before !== undefined) names.set(before, value);
  const own = part.filter(({ layer }) => !IDENTITIES.has(layer.kind));
  for (const { layer } of part) names.set(layer.name, value);
  return own.map(one => {
    const inputs = one.layer.inputs.map(name => names.get(name) ?? (name === model.input.name ? 'x' : escapeText(name, 40)));
    return `${value} = ${expressionOf(one, inputs, library)}`;
  });
}

/** A layer as Python; an operator or layer that cannot be written is called by its name. */
function expressionOf({ layer, inputs: shapes, output, others }: LayerShapes, inputs: readonly string[], library: Library): string {
  const { scripts, kerasClass } = getLayerKind(layer.kind);
  const called = (name: string, ...more: unknown[]) => `${name}(${[...inputs, ...more].join(', ')})`;
  if (layer.kind === 'op' && Object.hasOwn(FUNCTIONS, layer.op)) {
    const { axis } = layer.attributes;
    return called(`${library === 'torch' ? 'torch.' : ''}${FUNCTIONS[layer.op]}`, ...(axis === undefined ? [] : [axis]));
  }
  try {
    const text = scripts?.[library]?.expression(layer as never, {
      ...{ inputs, shapes, output, types: shapes.map(() => 'f32' as const) },
      ...{ others: others.map(o => o.shape), wantsOthers: false, weight: () => undefined },
      activation: (spec, x) => (library === 'torch' ? torchActivation(spec, x) : numpyActivation(spec).of(x)),
    });
    if (text !== undefined) return text;
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
  }
  return called(layer.kind === 'op' ? layer.op : kerasClass(layer as never));
}

/** Operators for which a script defines a function of its own. */
const FUNCTIONS: Readonly<Record<string, string>> = { Sigmoid: 'sigmoid', Softmax: 'softmax', LogSoftmax: 'log_softmax' };

/** Two lists without what they begin and end with in common. */
function apart(a: readonly string[], b: readonly string[]): readonly [readonly string[], readonly string[]] {
  const most = Math.min(a.length, b.length);
  let from = 0;
  while (from < most && a[from] === b[from]) from++;
  let end = 0;
  while (end < most - from && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return [a.slice(from, a.length - end), b.slice(from, b.length - end)];
}
