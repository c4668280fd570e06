import { numberToF16 } from '../../src/formats/bytes/half.js';
import { compareText } from '../../src/report/compareReport.js';
import { PLAIN } from '../../src/report/table.js';
import { runCompare } from '../../src/run/compare.js';
import { closeAllowance } from '../../src/run/comparing/judge.js';
import { saveTensors } from '../../src/run/files/save.js';
import { runForward } from '../../src/run/forward.js';
import { prepare } from '../../src/run/prepare.js';
import type { CompareRequest } from '../../src/run/request.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();
const verdict = async (request: CompareRequest) => {
  const { status, equal, exit, mismatched, undecided } = await runCompare({ explain: false, ...request });
  return { status, equal, exit, mismatched, undecided };
};
const SAME = { status: 'SAME', equal: true, exit: 0, undecided: null };
const DIFFERENT = { status: 'DIFFERENT', equal: false, exit: 1, undecided: null };

async function saved(name: string, request: CompareRequest, change: (y: Float64Array) => void = () => undefined): Promise<string> {
  const { tensors } = await runForward(request);
  const data = Float64Array.from(tensors.y.data);
  change(data);
  return folder.write(name, await bytesOf('npy', { npy: { shape: tensors.y.shape, data } }));
}

describe('each value has its own tolerance', () => {
  it('a sample of NaN does not excuse another one', async () => {
    const input = folder.write('nan-x.csv', 'nan,0,0\n1,2,3\n');
    const wrong = folder.write('nan-y.csv', 'nan,nan\n100,100\n');
    expect(await verdict({ D: 3, T: 1, input, against: wrong })).toMatchObject({ ...DIFFERENT, mismatched: 2 });
    expect(await verdict({ D: 3, T: 1, input, against: await saved('nan.npy', { D: 3, T: 1, input }) })).toMatchObject(SAME);
  });

  it('nor does one that overflows, or is ten million times as large', async () => {
    for (const [name, x, y] of [
      ['overflow', '3e38,3e38,3e38', '5,5'],
      ['scale', '1e7,1e7,1e7', '3524988.3,9244515'],
    ]) {
      const input = folder.write(`${name}-x.csv`, `${x}\n1,2,3\n`);
      const against = folder.write(`${name}-y.csv`, `${y}\n5,5\n`);
      for (const activation of ['tanh', 'relu'])
        expect(await verdict({ D: 3, T: 1, input, activation, against })).toMatchObject({ status: 'DIFFERENT', exit: 1 });
    }
  });

  it('a small output beside a huge one is held to its own noise', async () => {
    const net: CompareRequest = { layers: 'rnn:6,dense:3', D: 4, T: 5, N: 3 };
    const file = folder.path('scaled.npz');
    const { weights } = await prepare(net);
    const columns = Float32Array.from(weights.get('dense_1/Wo')!.data, (v, k) => (k % 3 === 0 ? v * 1e7 : v));
    const tensors = new Map([...weights].map(([name, t]) => [name, name === 'dense_1/Wo' ? { shape: t.shape, data: columns } : t]));
    await saveTensors(file, tensors, { force: true });
    const request = { ...net, weights: file };
    expect(await verdict({ ...request, against: await saved('huge.npy', { ...request, engine: 'manual' }) })).toMatchObject(SAME);
    const against = await saved('small.npy', { ...request, engine: 'manual' }, y => {
      y[4] += 0.5;
    });
    expect(await verdict({ ...request, against })).toMatchObject({ ...DIFFERENT, mismatched: 1 });
  });
});

describe('NaN and infinity', () => {
  it('are compared by place', async () => {
    const request: CompareRequest = { N: 2 };
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const against = await saved('out.npy', request, y => {
        y[2] = value;
      });
      expect(await verdict({ ...request, against })).toMatchObject({ ...DIFFERENT, mismatched: 1 });
    }
  });
});

describe('a class that softmax left out', () => {
  it('is no damaged weight, whose value the output would tell', async () => {
    const request: CompareRequest = { layers: 'rnn:5,rnn:5,dense:5@softmax', D: 5, T: 20, N: 3, seed: '1' };
    const against = await saved('class.npy', request, y => {
      for (let n = 0; n < 3; n++) {
        const row = y.subarray(5 * n, 5 * n + 5);
        const rest = 1 - row[4];
        row.set([...row.subarray(0, 4)].map(p => p / rest).concat(0));
      }
    });
    const { verdict, codes } = await runCompare({ ...request, against });
    expect([verdict, codes]).toEqual(['unexplained', []]);
  });
});

describe('samples beside one of NaN', () => {
  it('are numbered as the whole output is', async () => {
    const request: CompareRequest = { N: 4, K: 2, rng: 'numpy' };
    const against = await saved('beside.npy', request, y => {
      const [, second, third] = [0, 2, 4].map(at => [...y.subarray(at, at + 2)]);
      y.set([Number.NaN, Number.NaN, ...third, ...second]);
    });
    const { explanations } = await runCompare({ ...request, against });
    expect(explanations[0].code).toBe('samples-permuted');
    expect(explanations[0].why).toContain('Your samples 2, 3, 4 hold the right outputs of samples 3, 2, 4.');
  });
});

describe('what rounding alone decides', () => {
  const CHAOS: CompareRequest = { init: 'standard_normal', M: [32], T: 60 };

  it('is not called same in the row of its sample', async () => {
    const steps = Array.from({ length: 60 }, (_, t) => [Math.sin(t), Math.cos(3 * t), 1]);
    const input = folder.write('calm-and-chaos.json', JSON.stringify([steps.map(() => [0, 0, 0]), steps, steps]));
    const same = await saved('calm-and-chaos.npy', { ...CHAOS, input }, y => y.set([1, 1, 1, 1]));
    const result = await runCompare({ ...CHAOS, input, against: same });
    expect([result.status, result.perSample.map(({ ok, undecided }) => [ok, undecided])]).toEqual([
      'DIFFERENT',
      [
        [false, false],
        [true, true],
        [true, false],
      ],
    ]);
    expect(await compareText(result, PLAIN, { digits: 8, rows: 20 })).toMatch(/^ +2 .*undecided$/m);
  });

  it('is undecided, with the reason and what would decide', async () => {
    const against = folder.write('ones.json', '[[1,1]]');
    const result = await runCompare({ ...CHAOS, against });
    expect(result).toMatchObject({ status: 'UNDECIDED', equal: false, exit: 6, mismatched: 0, firstDifference: null, explanations: [] });
    expect(result.undecided!.values).toBe(2);
    expect(result.undecided!.reason).toContain('correct float32 programs may differ');
    expect(result.undecided!.decide).toContain('--dtype f64');
    expect(await verdict(CHAOS)).toMatchObject({ status: 'UNDECIDED', exit: 6 });
  });

  it('is the same where every bit is', async () => {
    expect(await verdict({ ...CHAOS, against: await saved('bits.npy', { ...CHAOS, engine: 'batched' }) })).toMatchObject(SAME);
  });

  it('is decided by a tolerance that somebody gives', async () => {
    const against = folder.write('ones.json', '[[1,1]]');
    expect(await verdict({ ...CHAOS, against, atol: 1e-3 })).toMatchObject(DIFFERENT);
    expect(await verdict({ ...CHAOS, against, atol: 100 })).toMatchObject(SAME);
  });

  it('is decided in float64 where both sides are', async () => {
    const shorter = { ...CHAOS, T: 24 };
    expect(await verdict(shorter)).toMatchObject({ status: 'UNDECIDED' });
    expect(await verdict({ ...shorter, dtype: 'f64' })).toMatchObject(SAME);
    const right = await saved('double.npy', { ...shorter, engine: 'manual' });
    expect(await verdict({ ...shorter, dtype: 'f64', against: right })).toMatchObject(SAME);
    const wrong = await saved('double-wrong.npy', { ...shorter, engine: 'manual' }, y => {
      y[0] += 1e-3;
    });
    expect(await verdict({ ...shorter, dtype: 'f64', against: wrong })).toMatchObject(DIFFERENT);
  });
});

describe('an array that was written with few digits', () => {
  it.each([
    ['bfloat16', 0, 'UNDECIDED'],
    ['bfloat16', 0.03, 'DIFFERENT'],
  ])('too coarse to be equal in %s, and off by %d: what its digits cannot explain is different', async (dtype, off, status) => {
    const net = { layers: 'rnn:3,dense:2', N: 4, T: 5, D: 2, seed: '4' };
    const { tensors } = await runForward(net);
    const unit = (v: number) => 2 ** (Math.floor(Math.log2(Math.abs(v))) - 7);
    const rows = Array.from({ length: 4 }, (_, n) => Array.from(tensors.y.data.subarray(2 * n, 2 * n + 2), v => v * (1 + off)));
    const written = rows.map(row => row.map(v => Math.round(v / unit(v)) * unit(v)));
    const against = folder.write(`${status}.txt`, Buffer.from(`tensor(${JSON.stringify(written)}, dtype=torch.${dtype})\n`));
    const result = await runCompare({ ...net, against, explain: false });
    expect(result).toMatchObject({ status, written: dtype });
    expect(result.mismatched).toBe(status === 'DIFFERENT' ? 8 : 0);
    if (result.undecided) expect(result.undecided.reason).toMatch(/: all values are equal as far as that shows$/);
  });

  const net: CompareRequest = { layers: 'lstm:4+seq,dense:3', D: 2, T: 6, N: 3 };
  /** y with each number changed, as JSON text */
  const text = async (name: string, change: (v: number, k: number) => number) => {
    const { tensors } = await runForward(net);
    const [N, T, K] = tensors.y.shape;
    const at = (n: number, t: number, k: number) => (n * T + t) * K + k;
    const rows = Array.from({ length: N }, (_, n) =>
      Array.from({ length: T }, (_u, t) => Array.from({ length: K }, (_v, k) => change(tensors.y.data[at(n, t, k)], at(n, t, k)))),
    );
    return folder.write(name, JSON.stringify(rows));
  };
  const rounded = (v: number) => Number(v.toFixed(5));

  it('is equal to the decimals written, and says so', async () => {
    const result = await runCompare({ ...net, against: await text('5.json', rounded) });
    expect(result).toMatchObject({ ...SAME, written: '5 decimals' });
    expect(await verdict({ ...net, against: await text('5off.json', (v, k) => rounded(v + (k === 4 ? 3e-5 : 0))) })).toMatchObject({
      ...DIFFERENT,
      mismatched: 1,
    });
  });

  it('decides nothing where the decimals are too few for what y is', async () => {
    const result = await runCompare({ ...net, explain: false, against: await text('2.json', v => Number(v.toFixed(2))) });
    expect(result).toMatchObject({ status: 'UNDECIDED', exit: 6 });
    expect(result.undecided!.reason).toContain('2 decimals');
  });

  it('may be a binary file: float16 says it itself, --decimals says it of others', async () => {
    const { tensors } = await runForward(net);
    const { shape } = tensors.y;
    const bits = Uint16Array.from(tensors.y.data, numberToF16);
    const header = `{'descr': '<f2', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117);
    const half = Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, 'latin1'), Buffer.from(bits.buffer)]);
    expect(await runCompare({ ...net, against: folder.write('half.npy', half) })).toMatchObject({ ...SAME, written: 'float16' });
    const against = await saved('5.npy', net, y => {
      for (let k = 0; k < y.length; k++) y[k] = rounded(y[k]);
    });
    expect(await verdict({ ...net, against })).toMatchObject({ status: 'DIFFERENT' });
    expect(await verdict({ ...net, against, decimals: 5 })).toMatchObject(SAME);
    await expect(verdict({ ...net, decimals: 5 })).rejects.toThrow('no file is compared');
  });
});

describe('a network of several outputs', () => {
  const layers = [
    { kind: 'lstm', name: 'l', units: 4, returnSequences: true },
    { kind: 'dense', name: 'a', units: 2, inputs: ['l'] },
    { kind: 'dense', name: 'b', units: 1, inputs: ['l'] },
  ];
  const outputs = [
    { name: 'first', value: 'a' },
    { name: 'second', value: 'b' },
  ];

  it('is judged by each that both sides have, and says which it did not see', async () => {
    const model = folder.write('two.json', JSON.stringify({ input: { features: 3, timesteps: 4 }, layers, outputs }));
    const net: CompareRequest = { model, N: 3, explain: false };
    const { tensors } = await runForward({ ...net, engine: 'manual' });
    const [a, b] = [tensors.y, tensors.others!.get('second')!];
    const file = async (name: string, arrays: Record<string, Tensor>) => folder.write(name, await bytesOf('npz', arrays));
    const both = await runCompare({ ...net, against: await file('both.npz', { first: a, second: b }) });
    expect(both).toMatchObject({ ...SAME, notes: expect.arrayContaining(['2 outputs were compared: first SAME, second SAME']) });
    const moved = { shape: b.shape, data: Float64Array.from(b.data, v => v + 0.1) };
    const wrong = await runCompare({ ...net, against: await file('moved.npz', { first: a, second: moved }) });
    expect(wrong).toMatchObject({ status: 'DIFFERENT', mismatched: 12, total: 12 });
    const one = await runCompare({ ...net, against: await file('one.npz', { first: a }) });
    expect(one.notes).toContain('not compared, for the other side does not hold it: second');
    expect((await runCompare(net)).notes).toContain('2 outputs were compared: first SAME, second SAME');
  });

  it('arrays without names are told by their shapes, then by their numbers, or are all outputs in order', async () => {
    const alike = [{ kind: 'dense', name: 'c', units: 2, inputs: ['l'] }];
    const model = folder.write(
      'three.json',
      JSON.stringify({
        input: { features: 3, timesteps: 4 },
        layers: [...layers, ...alike],
        outputs: [...outputs, { name: 'third', value: 'c' }],
      }),
    );
    const net: CompareRequest = { model, N: 3, explain: false };
    const { tensors } = await runForward({ ...net, engine: 'manual' });
    const [first, second, third] = [tensors.y, tensors.others!.get('second')!, tensors.others!.get('third')!];
    const against = async (arrays: Record<string, Tensor>) => {
      const file = folder.write('nameless.npz', await bytesOf('npz', arrays));
      const { status, notes } = await runCompare({ ...net, against: file });
      return { status, note: notes.at(-1) };
    };
    expect(await against({ arr_0: second })).toEqual({
      status: 'SAME',
      note: 'the other side was compared with the output second, the only one of its shape; not compared: first, third',
    });
    expect(await against({ arr_0: third })).toEqual({
      status: 'SAME',
      note: 'the other side was compared with the output third, of those of its shape (first, third) the one that is nearest; not compared: first, second',
    });
    expect(await against({ arr_0: first, arr_1: second, arr_2: third })).toEqual({
      status: 'SAME',
      note: '3 outputs were compared: first SAME, second SAME, third SAME',
    });
    expect((await against({ arr_0: { shape: [3, 4, 7], data: new Float64Array(84) } })).note).toMatch(
      /first, the first one, because none has its shape/,
    );
  });
});

describe('noise is measured as closely as the answer needs', () => {
  /** One value in each of four samples, which is off by 1 or `by`; running them again finds that this one moves as much, measuring closely that all do. */
  const judged = async (off: readonly number[], moving: readonly number[], by = 1) => {
    const calls: string[] = [];
    const moved = new Float64Array(4).fill(1e-3);
    const noise = {
      ...{ moved, floor: new Float64Array(4), exact: new Float64Array(4).fill(Number.NaN), samples: 4, atOnce: 1 },
      repeat: async (samples: readonly number[]) => {
        calls.push(`repeat ${samples}`);
        for (const n of samples) if (moving.includes(n)) moved[n] = 1;
      },
      refine: async (samples: readonly number[], certain?: boolean) => {
        calls.push(`refine ${samples}${certain ? ', certain' : ''}`);
      },
    };
    const expected = { shape: [4, 1], data: new Float64Array(4).fill(1e5) };
    const actual = { shape: [4, 1], data: expected.data.map((v, n) => v + (off.includes(n) ? by : 0)) };
    const allowance = await closeAllowance(noise, expected, actual, false);
    return { calls, allowed: Array.from(expected.data, (e, k) => allowance.of(k, e)) };
  };

  it('a value that moved little by luck is run again, and no more', async () => {
    expect(await judged([], [])).toEqual({ calls: [], allowed: [0.016, 0.016, 0.016, 0.016] });
    expect(await judged([2], [2])).toEqual({ calls: ['repeat 2'], allowed: [0.016, 0.016, 16, 0.016] });
  });

  it('one that is off for all that is measured closely, and so are more than half of the samples', async () => {
    expect((await judged([1, 2], [2])).calls).toEqual(['repeat 1,2', 'refine 1']);
    expect((await judged([0, 1, 2], [0, 1, 2])).calls).toEqual(['refine 0']);
  });

  it('what is off by ten thousand times what is allowed needs no close look', async () => {
    expect((await judged([0, 1, 2], [], 159)).calls).toEqual(['refine 0']);
    expect((await judged([0, 1, 2], [], 161)).calls).toEqual(['refine 0, certain']);
  });
});
