import { onInput, shapeSentences } from '../../src/diagnosis/shapeSentences.js';
import { scenarioIn, tensor } from '../helpers/scenarios.js';

/** N=4, T=5, D=3, M=6, K=2 unless the line has other sizes. */
const LAST = { layers: 'rnn:6,dense:2', N: 4, T: 5, D: 3 };
const STEPS = { ...LAST, layers: 'rnn:6+seq,dense:2' };

it.each([
  [LAST, [4, 5, 2], 'yours (4,5,2), right (4,2): one row per time step; the network gives its last step only'],
  [LAST, [1, 4, 5, 2], 'yours (1,4,5,2), right (4,2): one row per time step; the network gives its last step only'],
  [STEPS, [4, 2], 'yours (4,2), right (4,5,2): one row per sample; the network gives one per time step'],
  [LAST, [5, 2], 'yours (5,2), right (4,2): one row per time step instead of one per sample: samples and steps are mixed up'],
  [STEPS, [5, 4, 2], 'yours (5,4,2), right (4,5,2): samples and steps are exchanged'],
  [LAST, [2, 4], 'yours (2,4), right (4,2): the output is transposed'],
  [LAST, [4, 6], 'yours (4,6), right (4,2): these are hidden states of rnn_1 (M = 6), not outputs'],
  [LAST, [4, 5, 6], 'yours (4,5,6), right (4,2): these are hidden states of rnn_1 (M = 6), not outputs'],
  [LAST, [4, 3], 'yours (4,3), right (4,2): the last axis has the D = 3 features of the input'],
  [
    { ...LAST, layers: 'rnn:6,dense:3' },
    [7, 5, 3],
    'yours (7,5,3), right (4,3): no order of the axes N = 4, T = 5, K = 3 gives this shape',
  ],
  [LAST, [7, 2], 'yours (7,2), right (4,2): 7 samples, and x has 4: give the x of this output with -i FILE'],
  [LAST, [2], 'yours (2), right (4,2): 1 sample, and x has 4: give the x of this output with -i FILE'],
  [STEPS, [1, 5, 2], 'yours (1,5,2), right (4,5,2): 1 sample, and x has 4: give the x of this output with -i FILE'],
  [LAST, [4, 9], 'yours (4,9), right (4,2): no order of the axes N = 4, T = 5, K = 2 gives this shape'],
])('of %j an array of shape %j: %s', async (request, shape, sentence) => {
  const { scenario, right } = await scenarioIn(request);
  expect(
    shapeSentences(
      scenario,
      right,
      tensor(shape, k => k),
    ),
  ).toEqual([sentence]);
});

it('nothing is said of axes of size 1', async () => {
  const { scenario, right } = await scenarioIn(LAST);
  expect(
    shapeSentences(
      scenario,
      right,
      tensor([1, 4, 1, 2], k => k),
    ),
  ).toEqual([]);
});

it.each([
  ['lstm:6', 7, 'lstm:6,dense:7', '[6, 7]'],
  ['lstm:6+seq,dropout:0.5,bigru:5', 7, 'lstm:6+seq,dropout:0.5,bigru:5,dense:7', '[10, 7]'],
])('a Dense layer is missing behind %s where y has %d columns', async (layers, K, line, Wo) => {
  const { scenario, right } = await scenarioIn({ ...LAST, layers });
  const [said] = shapeSentences(
    scenario,
    right,
    tensor([4, K], k => k),
  );
  expect(said).toMatch(
    `no layer gives K = ${K}; a Dense layer of K outputs has Wo ${Wo} and bo [${K}], which are missing: give the weights of all layers with --layers "${line}"`,
  );
});

it.each([
  ['as many rows as no sample has', 'lstm:6', [3, 7]],
  ['a width that the directions have together', 'bilstm:6', [4, 12]],
  ['a layer that is no cell', 'lstm:6+seq,layernorm,lstm:6', [4, 7]],
])('and none is with %s', async (_, layers, shape) => {
  const { scenario, right } = await scenarioIn({ ...LAST, layers });
  expect(
    shapeSentences(
      scenario,
      right,
      tensor(shape, k => k),
    ).join(),
  ).not.toMatch('missing');
});

it('a Dense layer on the input takes the place of what the shapes say', () => {
  expect(onInput('yours (10,2), right (1,2): one row: twice')).toBe(
    'yours (10,2), right (1,2): the Dense layer is on the input, not on the last h',
  );
});
