import { firstDifferenceOf } from '../../src/diagnosis/firstDifference.js';
import { type Change, changeLayer, changeLoop, changeWeights, mapData, type Scenario } from '../../src/diagnosis/mistake.js';
import type { Finding } from '../../src/diagnosis/ranking.js';
import { runScenario } from '../../src/diagnosis/run.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { scenarioIn, tensor } from '../helpers/scenarios.js';

const TWO = { layers: 'rnn:3+seq,rnn:4,dense:2', N: 3, T: 5, D: 2 };
const more =
  (layer: string, weight: string): Change =>
  s =>
    changeWeights(s, layer, (name, t) => (name === weight ? mapData(t, v => v + 0.1) : t));
const carried: Change = s => changeLoop(s, 'rnn_2', { carry: { what: 'all', by: 'sample' } });
/** Step t of every x moved. */
const xMoved =
  (at: number): Change =>
  s => {
    const { shape, data } = s.input.x;
    return {
      ...s,
      input: {
        ...s.input,
        x: { shape, data: Float64Array.from(data, (v, k) => v + (Math.floor(k / shape[2]) % shape[1] >= at ? 0.5 : 0)) },
      },
    };
  };

/** @param given what the finding says beside its change */
async function parted(change: Change, given: Partial<Finding> = {}, request: object = TWO, noise = 1e-8) {
  const { scenario, right } = await scenarioIn(request);
  const other = runScenario(change(scenario)!)!.y;
  return firstDifferenceOf(
    viewOf(scenario, right.y, other),
    { layers: [null], needsAll: false, change, ...given } as Finding,
    tensor(other.shape, () => noise),
  );

  function viewOf(s: Scenario, _: Tensor, y: Tensor) {
    return { kind: 'y', layer: null, scenario: s, right, other: y, words: 'y', code: null } as const;
  }
}

it.each<[string, Change, Partial<Finding>, object]>([
  ['a wrong bias of the first layer', more('rnn_1', 'bh'), {}, { sample: 0, step: 0, layer: 'rnn_1' }],
  ['a wrong recurrent matrix', more('rnn_1', 'Wh'), {}, { sample: 0, step: 1, layer: 'rnn_1' }],
  ['a wrong bias of the second layer', more('rnn_2', 'bh'), {}, { sample: 0, step: 0, layer: 'rnn_2' }],
  ['the dense layer alone', more('dense_1', 'bo'), {}, { sample: 0, step: null, layer: 'dense_1' }],
  ['a state kept from the sample before', carried, {}, { sample: 1, step: 0, layer: 'rnn_2' }],
  ['x of the fourth step on', xMoved(3), {}, { sample: 0, step: 3, layer: 'rnn_1' }],
  [
    'steps that are left out behind',
    s => changeLoop(s, 'rnn_2', { skip: { first: 0, last: 1 } }),
    {},
    { sample: 0, step: 4, layer: 'rnn_2' },
  ],
  ['fewer units than there are', s => changeLayer(s, 'rnn_1', { returnSequences: true }), { change: more('rnn_1', 'bh') }, {}],
])('%s', async (_, change, given, where) => {
  if (given.change) expect(await parted(change, given)).toBeNull();
  else expect(await parted(change, given)).toEqual(where);
});

it('of a sample behind the first, a loop that stops early parts where it stops', async () => {
  const early: Change = s => {
    const { shape, data } = s.input.x;
    const [N, T, D] = shape;
    const left = data.filter((_, k) => Math.floor(k / D) % T < T - 1);
    return { ...s, input: { ...s.input, x: { shape: [N, T - 1, D], data: left } } };
  };
  const { scenario, right } = await scenarioIn(TWO);
  const { y } = runScenario(early(scenario)!)!;
  // sample 1 is as it should be
  const other = mapData(y, (v, k) => (k < 2 ? right.y.data[k] : v));
  const view = { kind: 'y', layer: null, scenario, right, other, words: 'y', code: null } as const;
  const finding = { layers: [null], needsAll: false, change: early } as unknown as Finding;
  expect(
    firstDifferenceOf(
      view,
      finding,
      tensor(other.shape, () => 1e-8),
    ),
  ).toEqual({ sample: 1, step: 4, layer: 'rnn_1' });
});

it('the first sample that differs by more than rounding counts', async () => {
  const last: Change = s => ({ ...s, finish: [y => mapData(y, (v, k) => (k >= 4 ? v + 1 : v + 1e-8))] });
  expect(await parted(last, { change: undefined })).toEqual({ sample: 2, step: null, layer: null });
  expect(await parted(last, { change: undefined }, TWO, 1e-10)).toEqual({ sample: 0, step: null, layer: null });
});

it('without numbers to compute again the layer is the one the explanation names', async () => {
  const bias = more('rnn_2', 'bh');
  expect(await parted(bias, { change: undefined, layers: [null, 'rnn_2', 'rnn_1'] })).toEqual({ sample: 0, step: null, layer: 'rnn_2' });
  expect(await parted(bias, { change: () => undefined, layers: ['rnn_1'] })).toEqual({ sample: 0, step: null, layer: 'rnn_1' });
  // computed again it moves nothing inside: what is said of y alone
  expect(await parted(bias, { change: s => ({ ...s }), layers: ['rnn_2'] })).toEqual({ sample: 0, step: null, layer: 'rnn_2' });
});

it('a mistake that must see all samples is computed on all', async () => {
  // each sample gets the x of the next one: of the samples up to the first that differs nothing would be left to take
  const next: Change = s => {
    const { shape, data } = s.input.x;
    const size = shape[1] * shape[2];
    return shape[0] < 3
      ? s
      : { ...s, input: { ...s.input, x: { shape, data: Float64Array.from(data, (_, k) => data[(k + size) % data.length]) } } };
  };
  expect(await parted(next, { needsAll: true })).toEqual({ sample: 0, step: 0, layer: 'rnn_1' });
  expect(await parted(next, { needsAll: false })).toEqual({ sample: 0, step: null, layer: null });
});

it('where one sequence is shorter, the first step that is missing', async () => {
  const shorter: Change = s => {
    const { shape, data } = s.input.x;
    const [N, T, D] = shape;
    const x = Float64Array.from({ length: N * (T - 2) * D }, (_, k) => data[Math.floor(k / ((T - 2) * D)) * T * D + (k % ((T - 2) * D))]);
    return {
      ...s,
      model: { ...s.model, input: { ...s.model.input, timesteps: null } },
      input: { ...s.input, x: { shape: [N, T - 2, D], data: x } },
    };
  };
  expect(await parted(shorter)).toEqual({ sample: 0, step: 3, layer: 'rnn_1' });
});
