import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from '../../formats/bytes/half.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Hypothesis, Scenario, Way } from '../mistake.js';
import { changeLoop, finished, mapData, mistake, onAllWeights, recurrentLayers } from '../mistake.js';

/** The same formula with numbers of fewer bits. */

/** Rounds to the nearest float16 and bfloat16. */
export const toHalf = (v: number) => f16ToNumber(numberToF16(v));
export const toBfloat = (v: number) => bf16ToNumber(numberToBf16(v));

/** Weights that may have been rounded alone: one kind of tensor, or one layer. */
function partsOf(scenario: Scenario): { what: string; wanted: (layer: string, weight: string) => boolean }[] {
  const recurrent = recurrentLayers(scenario).map(l => l.name);
  const layers = scenario.model.layers.map(l => l.name).filter(l => (scenario.weights.get(l)?.size ?? 0) > 0);
  const isMatrix = (weight: string) => !/(^|\/)b[ho]$/.test(weight);
  return [
    { what: 'The matrices (not the biases) were', wanted: (_, w) => isMatrix(w) },
    { what: 'The recurrent weights Wh were', wanted: (_, w) => w.endsWith('Wh') },
    { what: 'The input weights Wx were', wanted: (_, w) => w.endsWith('Wx') },
    ...(layers.length > recurrent.length
      ? [
          { what: 'The weights of the recurrent layers were', wanted: (l: string) => recurrent.includes(l) },
          { what: 'The matrices of the recurrent layers were', wanted: (l: string, w: string) => recurrent.includes(l) && isMatrix(w) },
        ]
      : []),
    ...(layers.length > 1 ? layers.map(name => ({ what: `The weights of ${name} were`, wanted: (l: string) => l === name })) : []),
  ];
}

/** Where a run in few bits rounds. */
function roundings(round: (v: number) => number) {
  // several variants round the same weights
  const known = new WeakMap<Tensor, Tensor>();
  const rounded = (t: Tensor): Tensor => {
    const result = known.get(t) ?? mapData(t, round);
    known.set(t, result);
    return result;
  };
  const some = (wanted: (layer: string, weight: string) => boolean) => onAllWeights((t, w, l) => (wanted(l, w) ? rounded(t) : t));
  const everyWeight = some(() => true);
  const weights = (s: Scenario): Scenario => everyWeight(s) ?? s;
  const input = (s: Scenario): Scenario => (s.input.x.shape.length === 3 ? { ...s, input: { ...s.input, x: rounded(s.input.x) } } : s);
  const states = (s: Scenario): Scenario => recurrentLayers(s).reduce((all, l) => changeLoop(all, l.name, { round }), s);
  const output = (s: Scenario): Scenario => finished(s, y => mapData(y, round));
  return { some, weights, input, output, all: (s: Scenario): Scenario => output(states(weights(input(s)))) };
}

/** Rounds the weights, the input, every state and the output. */
export function roundedThroughout(scenario: Scenario, round: (v: number) => number): Scenario {
  return roundings(round).all(scenario);
}

function narrow(name: string, words: string, round: (v: number) => number): Hypothesis {
  const { some, weights, input, output, all } = roundings(round);
  const variant = (what: string, change: Way['change']): Way => ({ change, why: `${what} ${words}. Nothing is wrong with the equations.` });
  return mistake(name, `numbers are kept in ${name}`, ['insideStep'], {
    why: `Numbers are ${words}. Nothing is wrong with the equations.`,
    numpy: 'y = forward(x.astype(np.float32))   # ← weights and states too; what was rounded once stays rounded',
    keras: "keras.mixed_precision.set_dtype_policy('float32')",
    torch: 'model.float()                 # ← not model.half(), .bfloat16() or autocast',
    example: { layers: 'rnn:3,dense:1', N: 2, T: 2, D: 2 },
    variants: scenario => [
      variant('The output was', output),
      variant('The weights were', weights),
      variant('The input was', input),
      variant('Weights and input were', s => weights(input(s))),
      variant('Weights, input and every state were', all),
      ...partsOf(scenario).map(({ what, wanted }): Way => ({ ...variant(what, some(wanted)), rare: true })),
    ],
  });
}

export const float16 = narrow('float16', 'rounded to float16 (3 digits)', toHalf);
export const bfloat16 = narrow('bfloat16', 'rounded to bfloat16 (2 to 3 digits)', toBfloat);
