import { spawnSync } from 'node:child_process';
import { runEmit, runForward } from '../../src/run/forward.js';

/** The scripts are run where a Python with NumPy and PyTorch is; elsewhere the tests say so. */
const PYTHON = '/usr/bin/python3';
const has = (module: string) => spawnSync(PYTHON, ['-c', `import ${module}`]).status === 0;

const NETWORKS = [
  { cell: 'lstm', N: 2 },
  { layers: 'gru:4+seq,lstm:3,dense:2@softmax', D: 3, N: 3 },
  { layers: 'bigru:4+seq,maxpool,dense:2', D: 2, N: 2 },
  { layers: 'rnn:4@relu+seq,avgpool,dense:3@sigmoid', D: 2, N: 2 },
] as const;

function numbersIn(printed: string): number[] {
  return (printed.match(/-?\d+\.?\d*(e[-+]?\d+)?/gi) ?? []).map(Number);
}

describe.each(['numpy', 'torch'] as const)('--emit %s', target => {
  const installed = has(target);
  (installed ? it : it.skip).each(NETWORKS)('prints a script that gives the same y: %j', async request => {
    const script = await runEmit(request, target);
    const run = spawnSync(PYTHON, ['-'], { input: `import numpy; numpy.set_printoptions(precision=9)\n${script}`, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const expected = (await runForward(request)).tensors.y.data;
    const found = numbersIn(run.stdout);
    expect(found.length).toBe(expected.length);
    for (const [k, v] of found.entries()) expect(Math.abs(v - expected[k])).toBeLessThan(2e-6);
  });
});

it('--emit keras builds the same layers', async () => {
  const script = await runEmit({ layers: 'bilstm:4+seq+sum,gru:3+resetbefore,dense:2@softmax', D: 3 }, 'keras');
  expect(script).toContain(
    'keras.layers.Bidirectional(keras.layers.LSTM(4, activation="tanh", recurrent_activation="sigmoid", return_sequences=True), merge_mode="sum")',
  );
  expect(script).toContain(
    'keras.layers.GRU(3, activation="tanh", recurrent_activation="sigmoid", return_sequences=False, reset_after=False)',
  );
  expect(script).toContain('keras.layers.Dense(2, activation="softmax", use_bias=True)');
});

it('names what PyTorch has not', async () => {
  await expect(runEmit({ layers: 'gru:4+resetbefore' }, 'torch')).rejects.toMatchObject({ code: 'E_CONVERT_LAYER', exit: 3 });
});
