import { formatActivation } from '../../activations/index.js';
import { isRecurrent, type LayerSpec, type RecurrentSpec } from '../../model/spec.js';
import { equationsOf } from '../handCalculation.js';
import type { Network } from '../network/network.js';
import type { EquationDifference } from '../result.js';

/**
 * Where two networks of the same weighted layers compute something else: found from their descriptions, layer by layer, and said by the equations that
 * differ. What cannot change y (names, dropout, biases in one row or two) is left out.
 */
export function differentEquations(first: Network, second: Network): EquationDifference[] {
  const [a, b] = [stagesOf(first), stagesOf(second)];
  return a.flatMap((stage, i) => (b[i] ? betweenStages(stage, b[i]) : []));
}

/** A layer with weights, and what stands before and behind it without any. */
interface Stage {
  readonly name: string;
  readonly layer: LayerSpec | null;
  /** before it: masking */
  readonly mask: string;
  /** behind it, in the order it is computed: activations */
  readonly functions: string;
  /** which steps go on, and everything else without weights */
  readonly reading: string;
}

const IDENTITIES = new Set(['dropout']);

function stagesOf({ model, shapes }: Network): Stage[] {
  const weighted = new Set(shapes.layers.filter(l => l.weights.length > 0).map(l => l.layer.name));
  const stages: Stage[] = [];
  let mask = 'every step is computed';
  let current: { layer: LayerSpec; mask: string; behind: LayerSpec[] } | undefined;
  const close = () => {
    if (!current) return;
    const { layer, behind } = current;
    stages.push({ name: layer.name, layer, mask: current.mask, functions: functionsOf(layer, behind), reading: readingOf(layer, behind) });
  };
  for (const layer of model.layers) {
    if (IDENTITIES.has(layer.kind)) continue;
    if (layer.kind === 'masking') {
      mask = `steps with x_t = ${layer.value} are left out`;
      continue;
    }
    if (layer.kind === 'embedding' && layer.maskZero) mask = 'steps with token 0 are left out';
    if (weighted.has(layer.name)) {
      close();
      current = { layer, mask, behind: [] };
    } else current?.behind.push(layer);
  }
  close();
  return stages;
}

/** Every activation behind the sum: of the dense layer itself, and layers of their own. */
function functionsOf(layer: LayerSpec, behind: readonly LayerSpec[]): string {
  const own = layer.kind === 'dense' ? [formatActivation(layer.activation)] : [];
  const layers = behind.flatMap(l => (l.kind === 'activation' ? formatActivation(l.activation) : []));
  return [...own, ...layers].filter(name => name !== 'linear').reduce((inner, name) => `${name}(${inner})`, 'z');
}

const READINGS: Record<string, string> = {
  maxpool: 'the maximum of h_t over all steps',
  avgpool: 'the mean of h_t over all steps',
  last: 'the last h_T',
  flatten: 'every h_t, side by side',
};

function readingOf(layer: LayerSpec, behind: readonly LayerSpec[]): string {
  const rest = behind.filter(l => l.kind !== 'activation').map(l => READINGS[l.kind] ?? l.kind);
  if (!isRecurrent(layer)) return rest.join(', then ');
  if (!layer.returnSequences) return [READINGS.last, ...rest].join(', then ');
  return rest.length > 0 ? rest.join(', then ') : 'every h_t';
}

function betweenStages(a: Stage, b: Stage): EquationDifference[] {
  const found: EquationDifference[] = [];
  const add = (what: string, first: string | readonly string[], second: string | readonly string[]) =>
    found.push({ layer: a.name, what, first: [first].flat(), second: [second].flat() });
  if (a.mask !== b.mask && a.layer && b.layer && isRecurrent(a.layer)) add('mask', a.mask, b.mask);
  if (a.layer && b.layer && isRecurrent(a.layer) && isRecurrent(b.layer)) cells(a.layer, b.layer, add);
  if (a.functions !== b.functions) add(a.layer?.kind === 'dense' ? 'head' : 'activation', `y = ${a.functions}`, `y = ${b.functions}`);
  if (a.reading !== b.reading) add(/maximum|mean/.test(a.reading + b.reading) ? 'pooling' : 'step', a.reading, b.reading);
  return found;
}

function cells(
  a: RecurrentSpec,
  b: RecurrentSpec,
  add: (what: string, first: readonly string[] | string, second: readonly string[] | string) => void,
): void {
  const [first, second] = [a, b].map(layer => equationsOf(layer, false));
  const off = first.map((line, i) => line !== second[i]);
  const lines = (all: readonly string[]) => all.filter((_, i) => off[i] ?? true);
  if (first.length === second.length && off.includes(true)) add(whatOf(a, b), lines(first), lines(second));
  if (a.goBackwards !== b.goBackwards) add('direction', wayOf(a), wayOf(b));
  if (a.bidirectional !== b.bidirectional) add('direction', bothOf(a), bothOf(b));
  if (a.clip !== b.clip) add('clip', clipOf(a), clipOf(b));
  if (a.stateful !== b.stateful) add('state', stateOf(a), stateOf(b));
}

/** Which option makes the equations differ. */
function whatOf(a: RecurrentSpec, b: RecurrentSpec): string {
  if (a.kind === 'gru' && a.resetAfter !== b.resetAfter) return 'reset';
  const gates = (l: RecurrentSpec) => (l.recurrentActivation === null ? '' : formatActivation(l.recurrentActivation));
  return gates(a) !== gates(b) && formatActivation(a.activation) === formatActivation(b.activation) ? 'gates' : 'activation';
}

const wayOf = (l: RecurrentSpec) => (l.goBackwards ? 't = T−1 … 0' : 't = 0 … T−1');
const bothOf = (l: RecurrentSpec) => (l.bidirectional === null ? 'one direction' : `both directions, ${l.bidirectional}`);
const clipOf = (l: RecurrentSpec) => (l.clip === null ? 'sums are not clipped' : `sums are clipped to ±${l.clip}`);
const stateOf = (l: RecurrentSpec) =>
  l.stateful ? 'a batch starts with the states of the one before' : 'every batch starts with zero states';
