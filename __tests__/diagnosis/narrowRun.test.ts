import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toBfloat, toHalf } from '../../src/diagnosis/mistakes/precisionFaults.js';
import { readTensors, writeTensors } from '../../src/formats/index.js';
import { memorySource } from '../../src/formats/source.js';
import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { runInMemory } from '../../src/run/inMemory.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();

/** A GRU and a Linear run by PyTorch 2.13 on a processor: model.bfloat16(), model.half() and autocast. */
async function recorded() {
  const bytes = readFileSync(join(__dirname, '..', 'reference', 'comparisons', 'narrow_runs.npz'));
  const { tensors } = await readTensors(memorySource(bytes), {});
  const arrays = Object.fromEntries(tensors);
  const weights = Object.fromEntries(Object.entries(arrays).filter(([name]) => name.includes('.')));
  const write = async (name: string, only: typeof arrays, format: string) => folder.write(name, await bytesOf(format, only));
  return {
    net: {
      weights: await write('w.safetensors', weights, 'safetensors'),
      layers: 'gru:6+last,dense:2@linear',
      input: await write('x.npy', { x: arrays.x }, 'npy'),
      budget: 0.001,
    },
    y: async (name: string, change: (v: number) => number = v => v) => {
      const { shape, data } = arrays[name];
      return write('y.npy', { y: { shape, data: Float32Array.from(data, change), dtype: 'f32' } }, 'npy');
    },
  };
}

it.each([
  ['bfloat16', 'bfloat16'],
  ['autocast', 'bfloat16'],
  ['float16', 'float16'],
])('a run of PyTorch in 16 bits is likely one, with the figures that show it: %s', async (name, code) => {
  const { net, y } = await recorded();
  const { explanations, verdict, status, max } = await runCompare({ ...net, against: await y(name) });
  expect({ status, verdict, code: explanations[0].code }).toEqual({ status: 'DIFFERENT', verdict: 'likely', code });
  const [, numbers, off, moved] = explanations[0].why.match(
    /: all (\d+) of your output .* off by more than (\S+), .* moves y by (\S+)\. /,
  )!;
  expect(Number(numbers)).toBe(8);
  expect(Number(off) / max!.abs).toBeCloseTo(1, 1);
  expect(Number(moved)).toBeGreaterThan(max!.abs / 3);
});

it('is none where the numbers need more bits, or are further off than such a run', async () => {
  const { net, y } = await recorded();
  for (const against of [await y('float16', v => v * 1.0001), await y('float16', v => 2 * v)])
    expect((await runCompare({ ...net, against })).codes).not.toContain('float16');
});

it('is none where the file itself has 16 bits and such a run leaves more than the right y does', async () => {
  const { net } = await recorded();
  const { tensors } = await runForward(net);
  // off by no more than a run of 16 bits, and by nothing that rounding the weights does
  const off = Float32Array.from(tensors.y.data, (v, k) => toHalf(v + (k % 2 ? 1 : -1) * 1e-4));
  for (const dtype of ['f16', 'f32'] as const) {
    const y = new Map([['y', { shape: tensors.y.shape, data: off, dtype }]]);
    const { codes, verdict } = await runCompare({ ...net, against: folder.write('off.npy', await writeTensors('npy', y)) });
    // numbers of float32 that are all such as float16 has are by no accident
    expect({ dtype, verdict, codes }).toEqual(
      dtype === 'f16' ? { dtype, verdict: 'unexplained', codes: [] } : { dtype, verdict: 'likely', codes: ['float16'] },
    );
  }
});

it('is none where the network is chaotic: there such a run moves y by much of its size', async () => {
  const call = { layers: 'rnn:24,dense:2', N: 3, T: 40, D: 3, budget: 0.001 };
  const { weights } = await runInMemory({ ...call, init: 'torch' });
  const given = folder.write(
    'chaotic.npz',
    await bytesOf(
      'npz',
      Object.fromEntries([...weights].map(([n, t]) => [n, { ...t, data: t.data.map(v => CHAOTIC * v) as Float32Array }])),
    ),
  );
  const net = { ...call, weights: given };
  const { y } = (await runForward(net)).tensors;
  const near = Float32Array.from(y.data, (v, k) => toHalf(v * (k === 3 ? 1.3 : 1.001)));
  const against = folder.write('y.npy', await bytesOf('npy', { y: { shape: y.shape, data: near } }));
  expect((await runCompare({ ...net, against })).codes).toEqual([]);
});

it('a chaotic network gives no row a step that it does not give: only numbers that rounding leaves as they are tell one', async () => {
  const call = { layers: 'rnn:24+seq,dense:2', N: 1, T: 60, D: 3, init: 'torch' as const, budget: 0.001 };
  const { weights } = await runInMemory(call);
  const { init: _, ...own } = call;
  const scaled = [...weights].map(([name, t]) => [name, { ...t, data: t.data.map(v => 4 * CHAOTIC * v) as Float32Array }]);
  const net = { ...own, weights: folder.write('chaos.npz', await bytesOf('npz', Object.fromEntries(scaled))) };
  const { y } = (await runForward(net)).tensors;
  const lastAlone = { ...net, layers: 'rnn:24,dense:2' };
  for (const [change, codes] of [
    [(v: number) => v, ['head-every-step']],
    [(v: number, k: number) => (k < 2 ? v : 0.9 * v), []],
  ] as const) {
    const against = folder.write('steps.npy', await bytesOf('npy', { y: { shape: y.shape, data: Float32Array.from(y.data, change) } }));
    expect((await runCompare({ ...lastAlone, against })).codes).toEqual(codes);
  }
});

/** What PyTorch's first weights are multiplied by: a small change of one step grows to all of y. */
const CHAOTIC = 5.4;

/** The y of weights in float32, beside the same weights rounded. */
async function roundedWeights(round: (v: number) => number, change: (v: number) => number = v => v) {
  const call = { layers: 'lstm:5,dense:2', N: 4, T: 6, D: 3, init: 'torch' as const, framework: 'torch' as const, budget: 0.001 };
  const { tensors } = await runForward(call);
  const { weights } = await runInMemory(call);
  const rounded = Object.fromEntries(
    [...weights].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data, round) }]),
  );
  const { init: _, ...own } = call;
  return {
    net: { ...own, weights: folder.write('rounded.npz', await bytesOf('npz', rounded)) },
    against: folder.write(
      'whole.npy',
      await bytesOf('npy', { npy: { shape: tensors.y.shape, data: Float32Array.from(tensors.y.data, change) } }),
    ),
  };
}

it.each([
  ['float16', toHalf],
  ['bfloat16', toBfloat],
] as const)('weights that were saved in %s beside the y of those before: likely that, and how to save them', async (code, round) => {
  const { net, against } = await roundedWeights(round);
  const { explanations, verdict } = await runCompare({ ...net, against });
  expect({ verdict, code: explanations[0].code, why: explanations[0].why }).toEqual({
    verdict: 'likely',
    code,
    why: expect.stringMatching(
      new RegExp(`^The weights given here are rounded: all \\d+ numbers of the matrices can be written in ${code}\\.`),
    ),
  });
  expect(explanations[0].fix).toBe("torch.save(net.state_dict(), 'net.pt')   # ← before net.half(), or net.bfloat16()");
});

it('are not the cause where y is further off, or closer, than that moves it, or where they need more bits', async () => {
  for (const given of [
    await roundedWeights(toHalf, v => 1.01 * v + 0.003),
    await roundedWeights(
      v => v,
      v => v + 1e-5,
    ),
  ])
    expect((await runCompare({ ...given.net, against: given.against })).codes).not.toContain('float16');
  const { net } = await roundedWeights(toBfloat);
  const { y } = (await runForward({ ...net, layers: net.layers })).tensors;
  const near = folder.write(
    'near.npy',
    await bytesOf('npy', { npy: { shape: y.shape, data: Float32Array.from(y.data, (v, k) => v + 3e-6 * Math.sin(9 * k)) } }),
  );
  expect((await runCompare({ ...net, against: near })).codes).not.toContain('bfloat16');
});
