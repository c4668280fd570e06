import { permuteAxes } from '../tensor/axes.js';
import { sliceLast } from '../tensor/layout.js';
import { type FloatArray, formatShape, reshape, sameShape, type Tensor } from '../tensor/tensor.js';
import type { Fix } from './hypothesis.js';
import { atEveryStep, atLastStep, bypass, headOf, lastRow } from './mistakes/heads.js';
import { type Layout, layoutsOf } from './mistakes/outputLayout.js';
import { type Outcome, runScenario } from './run.js';
import { changeLayer, changeLoop, recurrentLayers, type Scenario } from './scenario.js';
import { finished } from './variants.js';

/**
 * What the other output may be, by its shape: y itself, y with its axes in another order, y of every step or of only the last one, or the
 * states of a layer. For each reading, the correct tensor is computed, and the two are compared.
 */
export interface OutputReading {
  readonly kind: 'y' | 'layout' | 'every-step' | 'last-step' | 'sequence' | 'last';
  /** the layer whose states these are, for 'sequence' and 'last' */
  readonly layer: string | null;
  readonly scenario: Scenario;
  readonly right: Outcome;
  /** the other output in the shape of this reading */
  readonly other: Tensor;
  /** 'the hidden states of rnn_1 [4, 10, 5]' */
  readonly words: string;
  /** the mistake that was made if the numbers are equal; null for y */
  readonly code: string | null;
  /** whether it combines several runs: then it is only accepted as a whole */
  readonly whole?: boolean;
  /** replaces the fix of the mistake */
  readonly fix?: Fix;
}

interface Reading {
  readonly kind: OutputReading['kind'];
  readonly layer: string | null;
  readonly scenario: Scenario | undefined;
  readonly words: string;
  readonly code: string | null;
  readonly whole?: boolean;
}

/** The shape without axes of size 1, which may be missing or added. */
export function withoutUnitAxes(shape: readonly number[]): number[] {
  return shape.filter(n => n !== 1);
}

/**
 * Whether only neighbouring axes were merged or split: [N·T, K], [N, T·K], [N·T·K] for [N, T, K]. The order of the numbers is unchanged.
 */
export function isRegrouped(shape: readonly number[], of: readonly number[]): boolean {
  const [a, b] = [withoutUnitAxes(shape), withoutUnitAxes(of)];
  let i = 0;
  for (const size of a) {
    let product = 1;
    while (product < size && i < b.length) product *= b[i++];
    if (product !== size) return false;
  }
  return i === b.length;
}

/** All readings whose shape fits, the likeliest first. @param hidden the layer whose states at every step these are, if known */
export function outputReadings(scenario: Scenario, right: Outcome, other: Tensor, hidden: string | null = null): OutputReading[] {
  if (hidden === null && sameShape(withoutUnitAxes(right.y.shape), withoutUnitAxes(other.shape)))
    return [{ kind: 'y', layer: null, scenario, right, other: reshape(other, right.y.shape), words: 'y', code: null }];
  const readings = readingsOf(scenario, hidden).filter(
    r => hidden === null || (r.kind === 'sequence' && r.layer === hidden && r.code === 'head-missing'),
  );
  return readings.flatMap((reading): OutputReading[] => {
    if (!reading.scenario) return [];
    const outcome = reading.kind === 'y' ? right : runScenario(reading.scenario, { like: right });
    if (!outcome || outcome.y.data.length !== other.data.length) return [];
    const own = { ...reading, scenario: reading.scenario, right: outcome };
    const words = reading.kind === 'y' ? 'y' : `${reading.words} ${formatShape(outcome.y.shape)}`;
    if (sameShape(withoutUnitAxes(outcome.y.shape), withoutUnitAxes(other.shape)))
      return [{ ...own, other: reshape(other, outcome.y.shape), words }];
    return [...layoutsOf(outcome.y.shape), ...directionLayouts(reading, scenario, outcome.y.shape)]
      .filter(layout => sameShape(withoutUnitAxes(layout.shape), withoutUnitAxes(other.shape)))
      .map(layout => ({
        ...own,
        kind: reading.kind === 'y' ? ('layout' as const) : reading.kind,
        other: { shape: outcome.y.shape, data: layout.back(other.data) },
        words: `${reading.words} ${formatShape(outcome.y.shape)} ${layout.words}`,
        ...(reading.code === null && { fix: layout.fix }),
        code: reading.code ?? 'output-layout',
      }));
  });
}

function readingsOf(scenario: Scenario, hidden: string | null): Reading[] {
  const layers = recurrentLayers(scenario)
    .filter(l => l.name !== scenario.model.output || l.name === hidden)
    .reverse();
  const cells = layers.filter(l => l.kind === 'lstm' && l.projection === null);
  const states = (name: string, every: boolean, words: string, code: string, cut = (s: Scenario) => s): Reading => ({
    kind: every ? 'sequence' : 'last',
    layer: name,
    scenario: cut(hiddenOf(scenario, name, every)),
    words,
    code,
  });
  const ofCell = (name: string) => (s: Scenario) => changeLoop(s, name, { output: 1 });
  return [
    { kind: 'y', layer: null, scenario, words: 'y', code: null },
    { kind: 'every-step', layer: null, scenario: atEveryStep(scenario), words: 'y at every step', code: 'head-every-step' },
    { kind: 'last-step', layer: null, scenario: atLastStep(scenario), words: 'y of the last step alone', code: 'head-last' },
    { kind: 'last-step', layer: null, scenario: lastRow(scenario), words: 'the last row of y', code: 'head-last' },
    {
      kind: 'last',
      layer: headOf(scenario)?.name ?? null,
      scenario: beforeHead(scenario),
      words: 'what goes into the dense layer',
      code: 'head-missing',
    },
    ...layers.flatMap(({ name }) => [
      states(name, true, `the hidden states of ${name}`, 'head-missing'),
      states(name, false, `the last hidden state of ${name}`, 'head-missing'),
    ]),
    ...layers
      .filter(l => l.bidirectional === 'concat')
      .flatMap(({ name, units, projection }) =>
        (['forward', 'backward'] as const).map((way, d) => {
          const M = projection ?? units;
          const half = (s: Scenario) => finished(s, y => sliceLast(y, d * M, (d + 1) * M));
          return states(name, false, `the last hidden state of the ${way} direction of ${name} alone`, 'head-missing', half);
        }),
      ),
    ...cells.flatMap(({ name }) => [
      states(name, true, `the cell states c of ${name}`, 'cell-state-taken', ofCell(name)),
      states(name, false, `the last cell state c of ${name}`, 'cell-state-taken', ofCell(name)),
    ]),
    ...ofAllLayers(scenario, 'h_n', name => hiddenOf(scenario, name, false)),
    ...ofAllLayers(scenario, 'c_n', name => (cells.some(l => l.name === name) ? ofCell(name)(hiddenOf(scenario, name, false)) : undefined)),
  ];
}

/**
 * PyTorch's h_n and c_n of several layers, [L, N, M], or [2·L, N, M] for two directions: layer by layer, both directions of each together.
 */
function ofAllLayers(scenario: Scenario, symbol: 'h_n' | 'c_n', last: (name: string) => Scenario | undefined): Reading[] {
  const layers = recurrentLayers(scenario);
  const isAlike = layers.every(
    l => l.units === layers[0].units && l.kind === layers[0].kind && l.bidirectional === layers[0].bidirectional,
  );
  const parts = layers.flatMap(l => last(l.name) ?? []);
  if (layers.length < 2 || parts.length < layers.length || !isAlike) return [];
  const { units, projection, bidirectional } = layers[0];
  const width = (symbol === 'h_n' && projection) || units;
  const directions = bidirectional === 'concat' ? 2 : 1;
  const stacked = (): Tensor => {
    const states = parts.flatMap(part => {
      const y = runScenario(part)?.y;
      return y ? Array.from({ length: directions }, (_, d) => sliceLast(y, d * width, (d + 1) * width)) : [];
    });
    return {
      shape: [states.length, ...(states[0]?.shape ?? [])],
      data: Float64Array.from(states.flatMap(t => Array.from(t.data as ArrayLike<number>))),
    };
  };
  const code = symbol === 'h_n' ? 'head-missing' : 'cell-state-taken';
  return [{ kind: 'last', layer: null, scenario: finished(parts[0], stacked), words: `${symbol} of all layers`, code, whole: true }];
}

/**
 * Layouts of a bidirectional layer's states, [N, T, 2·M] or [N, 2·M], that have an axis for the directions: Y of ONNX [T, 2, N, M], h_n of
 * PyTorch [2, N, M].
 */
function directionLayouts({ kind, layer }: Reading, scenario: Scenario, shape: readonly number[]): Layout[] {
  const isBoth = recurrentLayers(scenario).some(l => l.name === layer && l.bidirectional === 'concat');
  if (!isBoth || (kind !== 'sequence' && kind !== 'last')) return [];
  const axes = [...shape.slice(0, -1), 2, shape[shape.length - 1] / 2];
  const letters = kind === 'last' ? ['N', '2', 'M'] : ['N', 'T', '2', 'M'];
  const orders =
    kind === 'last'
      ? [
          [1, 0, 2],
          [0, 1, 2],
        ]
      : [
          [1, 2, 0, 3],
          [2, 0, 1, 3],
          [2, 1, 0, 3],
          [0, 1, 2, 3],
          [1, 0, 2, 3],
        ];
  return orders.map(order => {
    const moved = order.map(axis => axes[axis]);
    const inverse = order.map((_, axis) => order.indexOf(axis));
    const back = (data: FloatArray) => permuteAxes({ shape: moved, data }, inverse).data;
    return {
      shape: moved,
      words: `with its axes in the order [${order.map(axis => letters[axis]).join(', ')}], 2 being the directions`,
      back,
    };
  });
}

function beforeHead(scenario: Scenario): Scenario | undefined {
  const head = headOf(scenario);
  return head && { ...scenario, model: bypass(scenario.model, head.name) };
}

/** The network cut after a layer: h of all steps [N, T, M], or the last one [N, M]. */
function hiddenOf(scenario: Scenario, name: string, returnSequences: boolean): Scenario {
  const { model } = scenario;
  const end = model.layers.findIndex(l => l.name === name);
  const layer = model.layers[end];
  const cut = { ...scenario, model: { ...model, layers: model.layers.slice(0, end + 1), output: name } };
  return 'returnSequences' in layer && layer.returnSequences === returnSequences ? cut : changeLayer(cut, name, { returnSequences });
}
