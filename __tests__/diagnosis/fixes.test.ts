import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inCell, inHead } from '../../src/diagnosis/fixes.js';
import type { Fix, Hypothesis } from '../../src/diagnosis/hypothesis.js';
import { HYPOTHESES } from '../../src/diagnosis/index.js';
import { headOf } from '../../src/diagnosis/mistakes/heads.js';
import { recurrentLayers, type Scenario, scenarioOf } from '../../src/diagnosis/scenario.js';
import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { runInMemory } from '../../src/run/inMemory.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** A repair that does not run is worse than none: every one that can be printed is executed, or its calls are looked up. */
jest.setTimeout(60_000);

const folder = temporaryFolder();

/** The example of a mistake's page, and the same with the other cells, at every step, with a softmax, and pooled. */
async function scenariosOf({ example: own }: Hypothesis): Promise<Scenario[]> {
  const example = own ?? { layers: 'rnn:3,dense:1', N: 2, T: 3, D: 2 };
  const lines = ['rnn', 'lstm', 'gru'].map(cell => example.layers.replace(/\b(bi)?rnn:/g, `$1${cell}:`));
  const heads = lines.flatMap(line => [
    line,
    line.replace(/:(\d+),dense/, ':$1+seq,dense'),
    line.replace(/dense:\d+$/, 'dense:3@softmax'),
    line.replace(/:(\d+),dense/, ':$1+seq,avgpool,dense'),
  ]);
  return Promise.all(
    [...new Set(heads)].map(async layers => {
      const { network, weights, input } = await runInMemory({ ...example, layers, init: 'torch' });
      return scenarioOf(network.model, weights, input);
    }),
  );
}

async function everyFix(): Promise<{ fix: Fix; cell: string; rank: number }[]> {
  const all = await Promise.all(
    HYPOTHESES.map(async hypothesis => {
      const found = await scenariosOf(hypothesis);
      return found.flatMap(scenario => {
        const last = recurrentLayers(scenario).at(-1)!;
        const rank = last.returnSequences ? 3 : 2;
        const fixes = [hypothesis.fix, ...hypothesis.variants(scenario).flatMap(v => v.fix ?? [])];
        return fixes.map(fix => ({ fix: inCell(inHead(fix, scenario.model.layers, headOf(scenario)), last), cell: last.kind, rank }));
      });
    }),
  );
  return all.flat();
}

it('every repair in NumPy runs, and those of Keras and PyTorch call what is there, with arguments that are there', async () => {
  const fixes = await everyFix();
  const numpy = new Map(
    fixes.flatMap(({ fix, cell, rank }) => (fix.numpy ? [[`${fix.numpy}${cell}${rank}`, [fix.numpy, cell, rank]] as const] : [])),
  );
  const calls = [...new Set(fixes.flatMap(({ fix: { keras, torch } }) => [keras, torch].flatMap(code => code ?? [])))];
  expect([numpy.size > 150, calls.length > 100]).toEqual([true, true]);
  if (spawnSync('python3', ['-c', 'import numpy']).status !== 0) return;
  const real = JSON.parse(readFileSync(join(__dirname, '../reference/frameworkCalls.json'), 'utf8'));
  const { stdout, stderr } = spawnSync('python3', [join(__dirname, '../helpers/fixes.py')], {
    input: JSON.stringify({ numpy: [...numpy.values()], calls, real }),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ failed: [] });
});

it.each([
  ['rnn:3,dense:2', 'activation:relu', 'rnn:3@relu,dense:2'],
  ['lstm:3,dense:2', 'hard-sigmoid@lstm_1', 'lstm:3@tanh/hard_sigmoid,dense:2'],
  ['gru:3+nobias,dense:2', 'gru-reset-before', 'gru:3+resetbefore+nobias,dense:2'],
  ['birnn:3+sum,dense:2', 'bidirectional-merge:mul', 'birnn:3+mul,dense:2'],
  ['rnn:3,dense:3@softmax', 'softmax-missing', 'rnn:3,dense:3'],
  ['rnn:3,dense:2', 'pool-mean', 'rnn:3+seq,avgpool,dense:2'],
  ['rnn:3+seq,lstm:3+seq,dense:2', 'last-repeated', 'rnn:3,repeat:4,lstm:3+seq,dense:2'],
  ['bilstm:3,dense:2', 'bidirectional-last-step', 'bilstm:3+seq,last,dense:2'],
  ['rnn:3,dense:2', 'head-every-step', 'rnn:3+seq,dense:2'],
  ['rnn:3+seq,dense:2', 'head-last', 'rnn:3,dense:2'],
])('%s: where it is the description that is wrong (%s), the line that is right is said', async (layers, code, line) => {
  const call = { N: 3, T: 4, D: 2, init: 'torch' as const };
  const { tensors } = await runForward({ ...call, layers, simulate: code, dtype: 'f64' });
  const against = folder.write(`${line.replace(/\W/g, '-')}.npy`, await bytesOf('npy', { npy: tensors.y }));
  const { explanations } = await runCompare({ ...call, layers, against });
  expect(explanations.find(e => e.call !== null)?.call).toBe(`--layers "${line}"`);
  expect(await runCompare({ ...call, layers: line, against })).toMatchObject({ status: 'SAME' });
});

it('padding that only the other side leaves out: the lengths are said, and with them both agree', async () => {
  const T = 5;
  const lengths = [5, 3, 1, 4];
  const x = {
    shape: [4, T, 2],
    data: Float32Array.from({ length: 4 * T * 2 }, (_, k) =>
      Math.floor(k / 2) % T < lengths[Math.floor(k / 2 / T)] ? Math.sin(k + 1) : 0,
    ),
  };
  const input = folder.write('padded.npy', await bytesOf('npy', { npy: x }));
  const call = { layers: 'bilstm:3,dense:2', init: 'torch' as const, input };
  const { tensors } = await runForward({ ...call, lengths: lengths.join(',') });
  const against = folder.write('packed.npy', await bytesOf('npy', { npy: tensors.y }));
  const { explanations } = await runCompare({ ...call, against });
  expect(explanations[0]).toMatchObject({ code: 'padding-skipped', verdict: 'fits', call: '--lengths 5,3,1,4' });
  expect(await runCompare({ ...call, against, lengths: lengths.join(',') })).toMatchObject({ status: 'SAME' });
});

it('x of a file whose steps come first: --time-major is said, where it helps', async () => {
  const x = { shape: [6, 4, 2], data: Float32Array.from({ length: 48 }, (_, k) => Math.sin(k + 1)) };
  const call = {
    layers: 'rnn:3,dense:2',
    init: 'torch' as const,
    input: folder.write('steps-first.npy', await bytesOf('npy', { npy: x })),
  };
  const { tensors } = await runForward({ ...call, timeMajor: true });
  const against = folder.write('of-steps-first.npy', await bytesOf('npy', { npy: tensors.y }));
  expect((await runCompare({ ...call, against })).explanations[0]).toMatchObject({ code: 'axes-swapped', call: '--time-major' });
  expect(await runCompare({ ...call, against, timeMajor: true })).toMatchObject({ status: 'SAME' });
});

it('two mistakes at once in a network of PyTorch: both repairs are in PyTorch', async () => {
  const call = { N: 4, T: 5, D: 2, init: 'torch' as const, framework: 'torch' as const, lengths: '5,3,1,4' };
  const { y } = (await runForward({ ...call, layers: 'bilstm:3+seq,dense:2' })).tensors;
  // out[:, -1] of a packed sequence
  const last = { shape: [4, 2], data: Float32Array.from({ length: 8 }, (_, k) => y.data[(Math.floor(k / 2) * 5 + 4) * 2 + (k % 2)]) };
  const against = folder.write('rows.npy', await bytesOf('npy', { npy: last }));
  const [found] = (await runCompare({ ...call, layers: 'bilstm:3,dense:2', against })).explanations;
  expect(found.code).toBe('bidirectional-last-step+mask-zeros');
  expect(found.fix).toMatch(/^h = torch\.cat.*\ny = fc\(torch\.cat/);
});

it('a multiple of y that is written with few digits has no offset: one number that is enough says more than two', async () => {
  const call = { layers: 'gru:2,dense:1', N: 5, T: 6, D: 3, seed: '8' };
  const { tensors } = await runForward(call);
  const against = folder.write('percent.csv', [...tensors.y.data].map(v => (100 * v).toFixed(4)).join('\n'));
  const { explanations } = await runCompare({ ...call, against });
  const scaled = explanations.find(e => e.code === 'output-scaled');
  expect(scaled).toMatchObject({
    verdict: expect.stringMatching(/fits|tie/),
    why: expect.stringContaining('100 · right: one scale for all 5 numbers'),
  });
});

it('the dense layer of a repair reads and ends as that of the network, and what a comment says not to do stays', async () => {
  const layersOf = async (layers: string) => {
    const { network, weights, input } = await runInMemory({ layers, N: 2, T: 3, D: 2 });
    const scenario = scenarioOf(network.model, weights, input);
    return [network.model.layers, headOf(scenario)] as const;
  };
  const last: Fix = {
    numpy: 'y = hs2[:, -1] @ Wo + bo   # ← not hs2[:, 0]',
    torch: 'out, h_n = rnn(x)\ny = fc(h_n[-1])   # ← not fc(out[:, -1])',
  };
  const said = async (layers: string, fix = last) => inHead(fix, ...(await layersOf(layers)));
  expect(await said('rnn:3,dense:2')).toEqual(last);
  expect(await said('rnn:3+seq,dense:2')).toEqual({
    numpy: 'y = hs2 @ Wo + bo   # ← not hs2[:, 0]',
    torch: 'out, h_n = rnn(x)\ny = fc(out)   # ← not fc(out[:, -1])',
  });
  expect((await said('rnn:3+seq,avgpool,dense:2@softmax')).numpy).toBe('y = softmax(hs.mean(axis=1) @ Wo + bo)   # ← not hs2[:, 0]');
  expect((await said('rnn:3,dense:1@sigmoid')).torch).toContain('\ny = torch.sigmoid(fc(h_n[-1]))   # ←');
  const once = { numpy: 'y = softmax(h @ Wo + bo)', torch: 'y = torch.softmax(fc(h), dim=-1)' };
  expect(await said('rnn:3,dense:2@softmax', once)).toEqual(once);
});
