import { HYPOTHESES } from '../../src/diagnosis/hypotheses.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { variantsOf } from '../../src/diagnosis/runCache.js';
import { type Scenario, scenarioOf } from '../../src/diagnosis/scenario.js';
import { prepare } from '../../src/run/prepare.js';
import type { ForwardRequest } from '../../src/run/request.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { array, temporaryFolder } from '../helpers/files.js';

/** A run that takes over what an earlier one has of its layers gives the same bits as one that computes all of it. */
const { write } = temporaryFolder();
const rows = (shift: number) => {
  const { data } = array(3, 3);
  return [0, 1, 2].map(n => [0, 1, 2].map(m => data[(3 * n + m + shift) % 9]));
};
const states = { h0: write('h0.json', JSON.stringify(rows(1))), c0: write('c0.json', JSON.stringify(rows(4))) };
const described = write(
  'described.json',
  JSON.stringify({
    input: { timesteps: 4, features: 2 },
    layers: [
      { kind: 'lstm', name: 'a', units: 3, returnSequences: true },
      { kind: 'dense', name: 'b', units: 3, activation: 'relu', inputs: ['a'] },
      { kind: 'add', name: 'c', inputs: ['a', 'b'] },
      { kind: 'layernorm', name: 'n', inputs: ['c'] },
      { kind: 'gru', name: 'g', units: 2, inputs: ['n'] },
    ],
  }),
);

const NETWORKS: Readonly<Record<string, ForwardRequest>> = {
  'with first states': { layers: 'lstm:3,dense:2', N: 3, T: 4, D: 2, init: 'torch', ...states },
  'with padding': { layers: 'bigru:2+seq,lstm:3,dense:2', N: 3, T: 4, D: 2, init: 'torch', lengths: '4,2,3' },
  'that forks': { model: described, N: 3, init: 'torch' },
  'of tokens': { layers: 'embedding:6x3+maskzero,rnn:3+seq,maxpool,dense:2', N: 3, T: 4, init: 'torch' },
};

async function scenario(request: ForwardRequest): Promise<Scenario> {
  const { network, weights, input } = await prepare(request);
  return scenarioOf(network.model, weights, input);
}

describe.each(Object.entries(NETWORKS))('a network %s', (_, request) => {
  it('under every mistake', async () => {
    const right = await scenario(request);
    const like = runScenario(right)!;
    const wrong: string[] = [];
    let tried = 0;
    for (const hypothesis of HYPOTHESES) {
      for (const { code, layer, change } of variantsOf(hypothesis, right).slice(0, 12)) {
        const changed = change(right);
        const [kept, whole] = changed ? [runScenario(changed, { like }), runScenario(changed)] : [undefined, undefined];
        if (whole) tried++;
        if (!whole || (kept && whole.y.data.every((v, k) => Object.is(v, kept.y.data[k])))) continue;
        wrong.push(`${hypothesis.name}:${code} ${layer}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(200);
  });
});

it.each([0, 1])('state %i alone is another one', async which => {
  const right = await scenario(NETWORKS['with first states']);
  const like = runScenario(right)!;
  const initialStates = new Map(
    [...right.input.initialStates!].map(([name, own]): [string, Tensor[]] => [
      name,
      own.map((t, i) => (i === which ? { ...t, data: Float64Array.from(t.data, v => v / 2) } : t)),
    ]),
  );
  const changed = { ...right, input: { ...right.input, initialStates } };
  const [kept, whole] = [runScenario(changed, { like })!, runScenario(changed)!];
  expect([...kept.y.data]).toEqual([...whole.y.data]);
  expect([...kept.y.data]).not.toEqual([...like.y.data]);
});
