import { isRegrouped, outputReadings, withoutUnitAxes } from '../../src/diagnosis/outputReadings.js';
import { runScenario } from '../../src/diagnosis/run.js';
import type { Scenario } from '../../src/diagnosis/scenario.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { scenarioIn, tensor } from '../helpers/scenarios.js';

/** The numbers with their axes in another order: axis k of the result is axis order[k]. */
function moved({ shape, data }: Tensor, order: readonly number[]): Tensor {
  const to = order.map(axis => shape[axis]);
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return tensor(to, k => {
    let [rest, at] = [k, 0];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      at += (rest % to[axis]) * steps[order[axis]];
      rest = Math.floor(rest / to[axis]);
    }
    return data[at];
  });
}

/** Every h [N, T, M] or the last [N, M] of a layer, by the engine that the network without what follows has. */
function statesOf(scenario: Scenario, name: string, every: boolean): Tensor {
  const end = scenario.model.layers.findIndex(l => l.name === name);
  const layers = scenario.model.layers.slice(0, end + 1).map((l, i) => (i === end ? { ...l, returnSequences: every } : l));
  return runScenario({ ...scenario, model: { ...scenario.model, output: name, layers } })!.y;
}

const BOTH = { layers: 'bilstm:5,dense:2', N: 3, T: 4, D: 2 };
const letters = (order: readonly number[], of: readonly string[]) => `[${order.map(axis => of[axis]).join(', ')}], 2 being the directions`;

it.each([
  [1, 0, 2],
  [0, 1, 2],
])('the last states of both directions are read in the order %d, %d, %d of [N, 2, M]', async (...order) => {
  const { scenario, right } = await scenarioIn(BOTH);
  const last = statesOf(scenario, 'lstm_1', false);
  const [view] = outputReadings(scenario, right, moved({ shape: [3, 2, 5], data: last.data }, order));
  expect(view).toMatchObject({
    kind: 'last',
    code: 'head-missing',
    words: expect.stringContaining(`with its axes in the order ${letters(order, ['N', '2', 'M'])}`),
  });
  expect(view.other).toEqual(last);
});

it.each([
  [1, 2, 0, 3],
  [2, 0, 1, 3],
  [2, 1, 0, 3],
  [0, 1, 2, 3],
  [1, 0, 2, 3],
])('every state of both directions is read in the order %d, %d, %d, %d of [N, T, 2, M]', async (...order) => {
  const { scenario, right } = await scenarioIn(BOTH);
  const all = statesOf(scenario, 'lstm_1', true);
  const [view] = outputReadings(scenario, right, moved({ shape: [3, 4, 2, 5], data: all.data }, order));
  expect(view).toMatchObject({
    kind: 'sequence',
    layer: 'lstm_1',
    code: 'head-missing',
    words: `the hidden states of lstm_1 [3, 4, 10] with its axes in the order ${letters(order, ['N', 'T', '2', 'M'])}`,
  });
  expect(view.other).toEqual(all);
});

it('the layer that is asked for is the one that is read', async () => {
  const { scenario, right } = await scenarioIn({ layers: 'rnn:3+seq,rnn:3,dense:2', N: 2, T: 4, D: 2 });
  for (const name of ['rnn_1', 'rnn_2']) {
    const all = statesOf(scenario, name, true);
    expect(outputReadings(scenario, right, all, name).map(v => [v.layer, v.kind, v.words])).toEqual([
      [name, 'sequence', `the hidden states of ${name} [2, 4, 3]`],
    ]);
    expect(outputReadings(scenario, right, all, name)[0].right.y).toEqual(all);
  }
});

it('without a dense layer the hidden states that are asked for are those of the output, too', async () => {
  const { scenario, right } = await scenarioIn({ layers: 'rnn:3+seq,lstm:4', N: 2, T: 5, D: 2 });
  expect(outputReadings(scenario, right, statesOf(scenario, 'lstm_2', true), 'lstm_2').map(v => v.words)).toEqual([
    'the hidden states of lstm_2 [2, 5, 4]',
  ]);
  // unasked they are y at every step
  expect(outputReadings(scenario, right, statesOf(scenario, 'lstm_2', true)).map(v => [v.kind, v.code])).toEqual([
    ['every-step', 'head-every-step'],
  ]);
});

it.each([
  ['lstm:4+seq,gru:3+seq,dense:2', [2, 5, 4], ['the hidden states of lstm_1 [2, 5, 4]', 'the cell states c of lstm_1 [2, 5, 4]']],
  ['lstm:4+seq,gru:3,dense:2', [2, 4], ['the last hidden state of lstm_1 [2, 4]', 'the last cell state c of lstm_1 [2, 4]']],
  ['lstm:4+seq,gru:3,dense:2', [2, 3], ['what goes into the dense layer [2, 3]', 'the last hidden state of gru_2 [2, 3]']],
  ['lstm:4+seq,gru:3,dense:2', [2, 5, 2], ['y at every step [2, 5, 2]']],
  ['lstm:4+seq,gru:3+seq,dense:6', [2, 6], ['y of the last step alone [2, 6]']],
  ['bigru:4,dense:2', [2, 4], ['forward', 'backward'].map(way => `the last hidden state of the ${way} direction of gru_1 alone [2, 4]`)],
  ['lstm:4+seq,gru:3,dense:2', [2, 7], []],
])('%s: an array of shape %j may be %j', async (layers, shape, words) => {
  const { scenario, right } = await scenarioIn({ layers, N: 2, T: 5, D: 3 });
  const readings = outputReadings(
    scenario,
    right,
    tensor(shape, k => k),
  );
  expect(readings.map(v => v.words)).toEqual(words);
  for (const { kind, code } of readings) expect([kind, code]).not.toContain(null);
});

it('c is read where the loop hands it out', async () => {
  const { scenario, right } = await scenarioIn({ layers: 'lstm:4,dense:2', N: 2, T: 5, D: 3 });
  const cells = outputReadings(
    scenario,
    right,
    tensor([2, 4], k => k),
  ).find(v => v.words.startsWith('the last cell state'));
  const traced = runScenario(scenario, { trace: true })!.layers.get('lstm_1')!.result.traces![0].states[1];
  expect(cells?.code).toBe('cell-state-taken');
  expect([...cells!.right.y.data]).toEqual(Array.from({ length: 8 }, (_, k) => traced.data[Math.floor(k / 4) * 20 + 16 + (k % 4)]));
});

it.each<[number[], number[], boolean]>([
  [[6], [2, 3], true],
  [[2, 12], [2, 3, 4], true],
  [[6, 4], [2, 3, 4], true],
  [[24], [2, 3, 4], true],
  [[2, 1, 12], [2, 3, 4], true],
  [[3, 8], [2, 3, 4], false],
  [[4, 6], [2, 3, 4], false],
  [[2, 3], [2, 3, 4], false],
  [[2, 3, 4, 5], [2, 3, 4], false],
  [[12], [2, 3, 4], false],
])('%j is %j with neighbouring axes as one: %s', (shape, of, is) => {
  expect([isRegrouped(shape, of), withoutUnitAxes(shape)]).toEqual([is, shape.filter(n => n !== 1)]);
});

it('a layer of two directions and one of one have no h_n in common', async () => {
  const { scenario, right } = await scenarioIn({ layers: 'bigru:3+seq,gru:3,dense:2', N: 2, T: 4, D: 2 });
  const views = outputReadings(
    scenario,
    right,
    tensor([4, 2, 3], k => k / 7),
  );
  expect(views.filter(({ words }) => words.includes('h_n'))).toEqual([]);
});
