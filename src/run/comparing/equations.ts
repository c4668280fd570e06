import type { ActivationSpec } from '../../activations/activation.js';
import { formatActivation } from '../../activations/index.js';
import { carriesMask } from '../../model/masks.js';
import { isRecurrent, type LayerSpec, type ModelSpec, type RecurrentSpec } from '../../model/spec.js';
import { equationsOf } from '../handCalculation.js';
import type { Network } from '../network/network.js';
import type { EquationDifference } from '../result.js';

/**
 * Finds where two networks with the same weighted layers compute different functions, from their descriptions, layer by layer, and reports
 * the equations that differ. What cannot change y (names, dropout, one or two bias rows) is ignored. So is what operators do to a layer's
 * output, which every framework writes differently: there, only comparing the outputs decides.
 */
export function differentEquations(first: Network, second: Network): EquationDifference[] {
  const [a, b] = [stagesOf(first), stagesOf(second)];
  return a.flatMap((stage, i) => (b[i] ? betweenStages(stage, b[i]) : []));
}

/** A layer with weights, with the layers without weights around it. */
interface Stage {
  readonly layer: LayerSpec;
  /** which steps are skipped; null if a computed value decides */
  readonly mask: string | null;
  /** What happens up to the next layer with weights; null if operators or branches follow, which cannot be described here. */
  readonly behind: { readonly functions: string; readonly reading: string } | null;
}

const IDENTITIES = new Set(['dropout', 'masking']);

function stagesOf({ model, shapes }: Network): Stage[] {
  const weighted = new Set(shapes.layers.filter(l => l.weights.length > 0).map(l => l.layer.name));
  const masks = masksIn(model);
  const stages: { layer: LayerSpec; behind: LayerSpec[] }[] = [];
  const sources = new Map<string, string>();
  for (const own of model.layers) {
    const layer = { ...own, inputs: own.inputs.map(name => sources.get(name) ?? name) };
    if (IDENTITIES.has(layer.kind)) sources.set(layer.name, layer.inputs[0]);
    else if (weighted.has(layer.name)) stages.push({ layer, behind: [] });
    else stages[stages.length - 1]?.behind.push(layer);
  }
  const end = { inputs: [sources.get(model.output) ?? model.output] };
  return stages.map(({ layer, behind }, i) => ({
    layer,
    mask:
      layer.mask === undefined
        ? (masks.get(layer.name) ?? UNMASKED)
        : layer.mask === null
          ? UNMASKED
          : maskInGraph(model.layers, layer.mask),
    behind: isDescribable([layer, ...behind, stages[i + 1]?.layer ?? end])
      ? { functions: functionsOf(layer, behind), reading: readingOf(layer, behind) }
      : null,
  }));
}

const UNMASKED = 'every step is computed';

/** For each layer that a mask reaches, the steps that the mask skips. */
function masksIn({ layers }: ModelSpec): ReadonlyMap<string, string> {
  const [reaching, carried] = [new Map<string, string>(), new Map<string, string>()];
  for (const layer of layers) {
    const [mask] = layer.inputs.flatMap(name => carried.get(name) ?? []);
    if (mask !== undefined) reaching.set(layer.name, mask);
    if (layer.kind === 'masking') carried.set(layer.name, leftOut('x_t =', layer.value));
    else if (layer.kind === 'embedding' && layer.maskZero) carried.set(layer.name, leftOut('token', 0));
    else if (mask !== undefined && carriesMask(layer)) carried.set(layer.name, mask);
  }
  return reaching;
}

/** Describes a mask computed by operators: an input compared with a number, as Keras writes Masking and mask_zero. null: any other mask. */
function maskInGraph(layers: readonly LayerSpec[], name: string): string | null {
  const operator = layers.find(l => l.name === name);
  if (operator?.kind !== 'op' || operator.inputs.length !== 1) return null;
  if (operator.op !== 'Equal') return MASK_OPERATORS.has(operator.op) ? maskInGraph(layers, operator.inputs[0]) : null;
  const value = operator.operands?.find(operand => operand?.data.length === 1)?.data[0];
  const isToken = layers.some(l => l.kind === 'embedding' && l.inputs[0] === operator.inputs[0]);
  return value === undefined ? null : leftOut(isToken ? 'token' : 'x_t =', value);
}

const MASK_OPERATORS = new Set(['Cast', 'Not', 'ReduceMax']);
const leftOut = (what: string, value: number) => `steps with ${what} ${value} are left out`;

/** Whether the layers form a chain up to the next layer with weights or the output, and all kinds in between can be described. */
function isDescribable(chain: readonly Pick<LayerSpec, 'inputs'>[]): boolean {
  const [layer, ...behind] = chain as readonly LayerSpec[];
  const hasWords = ({ kind }: LayerSpec) => kind === 'activation' || Object.hasOwn(READINGS, kind);
  const follows = (l: LayerSpec, i: number) => l.inputs.length === 1 && l.inputs[0] === (behind[i - 1] ?? layer).name;
  return behind.every(follows) && behind.slice(0, -1).every(hasWords);
}

/** The activations applied to the sum: that of the dense layer or convolution itself, then those of activation layers. */
function functionsOf(layer: LayerSpec, behind: readonly LayerSpec[]): string {
  const own = !isRecurrent(layer) && 'activation' in layer ? [asFloat32(formatActivation(layer.activation as ActivationSpec))] : [];
  const layers = behind.flatMap(l => (l.kind === 'activation' ? asFloat32(formatActivation(l.activation)) : []));
  return [...own, ...layers].filter(name => name !== 'linear').reduce((inner, name) => `${name}(${inner})`, 'z');
}

/** Rounds parameters to float32, as files store them: 0.05 is 0.05000000074505806 there. */
const asFloat32 = (text: string) => text.replace(/\d+\.\d+/g, number => String(Number(Number(number).toPrecision(7))));

const READINGS: Record<string, string> = {
  maxpool: 'the maximum of h_t over all steps',
  avgpool: 'the mean of h_t over all steps',
  last: 'the last h_T',
  flatten: 'every h_t, side by side',
};

function readingOf(layer: LayerSpec, behind: readonly LayerSpec[]): string {
  const rest = behind.filter(l => l.kind !== 'activation').map(l => READINGS[l.kind]);
  if (!isRecurrent(layer)) return rest.join(', then ');
  if (!layer.returnSequences) return [READINGS.last, ...rest].join(', then ');
  return rest.length > 0 ? rest.join(', then ') : 'every h_t';
}

function betweenStages(a: Stage, b: Stage): EquationDifference[] {
  const found: EquationDifference[] = [];
  const add = (what: string, first: string | readonly string[], second: string | readonly string[]) =>
    found.push({ layer: a.layer.name, what, first: [first].flat(), second: [second].flat() });
  if (isRecurrent(a.layer) && a.mask !== null && b.mask !== null && a.mask !== b.mask) add('mask', a.mask, b.mask);
  if (isRecurrent(a.layer) && isRecurrent(b.layer)) cells(a.layer, b.layer, add);
  const [one, other] = [a.layer, b.layer].map(epsilonOf);
  if (one && other && one !== other) add('epsilon', one, other);
  const [first, second] = [a.behind, b.behind];
  if (!first || !second) return found;
  if (first.functions !== second.functions)
    add(a.layer.kind === 'dense' ? 'head' : 'activation', `y = ${first.functions}`, `y = ${second.functions}`);
  if (first.reading !== second.reading)
    add(/maximum|mean/.test(first.reading + second.reading) ? 'pooling' : 'step', first.reading, second.reading);
  return found;
}

function cells(
  a: RecurrentSpec,
  b: RecurrentSpec,
  add: (what: string, first: readonly string[] | string, second: readonly string[] | string) => void,
): void {
  const [first, second] = [a, b].map(layer => equationsOf(layer, false).map(asFloat32));
  const off = first.map((line, i) => line !== second[i]);
  const lines = (all: readonly string[]) => all.filter((_, i) => off[i] ?? true);
  if (first.length === second.length && off.includes(true)) add(whatOf(a, b), lines(first), lines(second));
  if (a.goBackwards !== b.goBackwards) add('direction', wayOf(a), wayOf(b));
  if (a.bidirectional !== b.bidirectional) add('direction', bothOf(a), bothOf(b));
  if (clipOf(a) !== clipOf(b)) add('clip', clipOf(a), clipOf(b));
  if (a.stateful !== b.stateful) add('state', stateOf(a), stateOf(b));
}

/** The epsilon that a normalisation layer adds to the variance. */
const epsilonOf = (layer: LayerSpec) => ('epsilon' in layer ? asFloat32(`epsilon = ${Number(layer.epsilon).toFixed(12)}`) : undefined);

/** The option that makes the equations differ. */
function whatOf(a: RecurrentSpec, b: RecurrentSpec): string {
  if (a.kind === 'gru' && a.resetAfter !== b.resetAfter) return 'reset';
  const gates = (l: RecurrentSpec) => (l.recurrentActivation === null ? '' : formatActivation(l.recurrentActivation));
  return gates(a) !== gates(b) && formatActivation(a.activation) === formatActivation(b.activation) ? 'gates' : 'activation';
}

const wayOf = (l: RecurrentSpec) => (l.goBackwards ? 't = T−1 … 0' : 't = 0 … T−1');
const bothOf = (l: RecurrentSpec) => (l.bidirectional === null ? 'one direction' : `both directions, ${l.bidirectional}`);
const clipOf = (l: RecurrentSpec) => (l.clip === null ? 'sums are not clipped' : asFloat32(`sums are clipped to ±${l.clip}`));
const stateOf = (l: RecurrentSpec) =>
  l.stateful ? 'a batch starts with the states of the one before' : 'every batch starts with zero states';
