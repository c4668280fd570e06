import { layersText } from '../model/layersLine.js';
import { isRecurrent } from '../model/spec.js';
import { formatShape, sameShape, type Tensor } from '../tensor/tensor.js';
import type { Outcome } from './run.js';
import { recurrentLayers, type Scenario } from './scenario.js';

/** What two shapes show by themselves. */
export function shapeSentences(scenario: Scenario, right: Outcome, other: Tensor): string[] {
  const expected = right.y.shape;
  const found = other.shape;
  const core = (shape: readonly number[]) => shape.filter(n => n !== 1);
  if (sameShape(core(expected), core(found))) return [];
  const show = (shape: readonly number[]) => `(${shape.join(',')})`;
  const [N, T, D] = scenario.input.x.shape;
  const K = expected[expected.length - 1];
  const is = (...shape: number[]) => sameShape(core(found), core(shape));
  const start = `yours ${show(found)}, right ${show(expected)}: `;
  if (expected.length === 2 && is(N, T, K)) return [`${start}one row per time step; the network gives its last step only`];
  if (expected.length === 3 && is(N, K)) return [`${start}one row per sample; the network gives one per time step`];
  if (expected.length === 2 && N !== T && is(T, K))
    return [`${start}one row per time step instead of one per sample: samples and steps are mixed up`];
  if (expected.length === 3 && is(T, N, K)) return [`${start}samples and steps are exchanged`];
  if (expected.length === 2 && is(K, N)) return [`${start}the output is transposed`];
  for (const layer of recurrentLayers(scenario)) {
    const M = layer.units;
    if (is(N, T, M) || is(N, M)) return [`${start}these are hidden states of ${layer.name} (M = ${M}), not outputs`];
  }
  if (found[found.length - 1] === D && D !== K) return [`${start}the last axis has the D = ${D} features of the input`];
  const headless = withoutHead(scenario, expected, found);
  if (headless) return [`${start}${headless}`];
  if (sameShape(found.slice(1), expected.slice(1)) || sameShape(found, expected.slice(1))) {
    const samples = found.length === expected.length ? found[0] : 1;
    return [`${start}${samples} sample${samples === 1 ? '' : 's'}, and x has ${N}: give the x of this output with -i FILE`];
  }
  const sorted = (shape: readonly number[]) => core(shape).sort((a, b) => a - b);
  if (sameShape(sorted(found), sorted(expected))) return [`${start}the same axes in another order`];
  return [`${start}${UNKNOWN} N = ${N}, T = ${T}, K = ${K} gives this shape`];
}

/** If there are only recurrent layers, and the width of the outputs is the size of none of them: a Dense layer is missing. */
function withoutHead({ model, input }: Scenario, expected: readonly number[], found: readonly number[]): string | undefined {
  const width = found[found.length - 1];
  const { layers } = model;
  const last = layers.findLast(isRecurrent);
  if (!last || !layers.every(layer => isRecurrent(layer) || layer.kind === 'dropout')) return undefined;
  if (!sameShape(expected.slice(0, -1), found.slice(0, -1))) return undefined;
  const P = expected[expected.length - 1];
  const sizes = [
    ...input.x.shape,
    P,
    ...layers.flatMap(layer => (isRecurrent(layer) ? [layer.units, layer.projection ?? layer.units] : [])),
  ];
  if (width < 1 || sizes.includes(width)) return undefined;
  const line = layersText(layers as unknown as Record<string, unknown>[], last.twoBiases ? 'torch' : 'keras');
  return `no layer gives K = ${width}; a Dense layer of K outputs has Wo ${formatShape([P, width])} and bo [${width}], which are missing: give the weights of all layers with --layers "${line},dense:${width}"`;
}

const UNKNOWN = 'no order of the axes';

/** What the shapes show, then the explanation; an explanation of a shape replaces the statement that no order of the axes gives it. */
export function withShapes(shapes: readonly string[], { verdict, why }: { readonly verdict: string; readonly why: string }): string {
  const isUnknown = verdict !== 'rejected' && shapes.length === 1 && shapes[0].includes(UNKNOWN);
  return isUnknown ? shapes[0].replace(new RegExp(`${UNKNOWN}.*`), () => why.replace(/^Your/, 'your')) : [...shapes, why].join('\n');
}

/** 'yours (10,2), right (1,2): the Dense layer is on the input, not on the last h' */
export function onInput(sentence: string): string {
  return sentence.replace(/: .*/, ': the Dense layer is on the input, not on the last h');
}
