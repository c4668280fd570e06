import { formatShape, reshape, sameShape, type Tensor } from '../tensor/tensor.js';
import { atEveryStep, atLastStep, lastRow } from './mistakes/heads.js';
import { type Outcome, runScenario } from './run.js';
import { changeLayer, recurrentLayers, type Scenario } from './scenario.js';

/**
 * What the other output may be, told from its shape: y itself, y at every step or of the last step alone, or the hidden states of a layer.
 * Whichever it is, the right one is computed and the two are compared there.
 */
export interface View {
  readonly kind: 'y' | 'every-step' | 'last-step' | 'sequence' | 'last';
  /** whose hidden states, for 'sequence' and 'last' */
  readonly layer: string | null;
  readonly scenario: Scenario;
  readonly right: Outcome;
  /** the other output in the view's shape */
  readonly other: Tensor;
  /** 'the hidden states of rnn_1 [4, 10, 5]' */
  readonly words: string;
}

/** Axes of size 1 may be missing or surplus. */
function core(shape: readonly number[]): number[] {
  return shape.filter(n => n !== 1);
}

/** Every reading whose shape fits, the likeliest first. @param hidden the layer whose states of every step it is, where that is known */
export function viewsOf(scenario: Scenario, right: Outcome, other: Tensor, hidden: string | null = null): View[] {
  const all: { kind: View['kind']; layer: string | null; scenario: Scenario | undefined; words: string }[] = [
    { kind: 'y', layer: null, scenario, words: 'y' },
    { kind: 'every-step', layer: null, scenario: atEveryStep(scenario), words: 'y at every step' },
    { kind: 'last-step', layer: null, scenario: atLastStep(scenario), words: 'y of the last step alone' },
    { kind: 'last-step', layer: null, scenario: lastRow(scenario), words: 'the last row of y' },
    ...recurrentLayers(scenario)
      .map(l => l.name)
      .reverse()
      .flatMap(name => [
        { kind: 'sequence' as const, layer: name, scenario: hiddenOf(scenario, name, true), words: `the hidden states of ${name}` },
        { kind: 'last' as const, layer: name, scenario: hiddenOf(scenario, name, false), words: `the last hidden state of ${name}` },
      ]),
  ];
  const readings = hidden === null ? all : all.filter(r => r.kind === 'sequence' && r.layer === hidden);
  const views = readings.flatMap((reading): View[] => {
    if (!reading.scenario) return [];
    const outcome = reading.kind === 'y' ? right : runScenario(reading.scenario, { like: right });
    if (!outcome || !sameShape(core(outcome.y.shape), core(other.shape))) return [];
    const words = reading.kind === 'y' ? 'y' : `${reading.words} ${formatShape(outcome.y.shape)}`;
    return [{ ...reading, scenario: reading.scenario, right: outcome, other: reshape(other, outcome.y.shape), words }];
  });
  const exact = views.filter(v => v.kind === 'y');
  return exact.length > 0 ? exact : views;
}

/** The network cut behind a layer: its every h [N, T, M], or its last one [N, M]. */
function hiddenOf(scenario: Scenario, name: string, returnSequences: boolean): Scenario {
  const { model } = scenario;
  const end = model.layers.findIndex(l => l.name === name);
  const layer = model.layers[end];
  const cut = { ...scenario, model: { ...model, layers: model.layers.slice(0, end + 1), output: name } };
  return 'returnSequences' in layer && layer.returnSequences === returnSequences ? cut : changeLayer(cut, name, { returnSequences });
}
