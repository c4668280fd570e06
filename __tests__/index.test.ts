import { join } from 'node:path';
import type { RnnError } from '../src/errors.js';
import * as library from '../src/index.js';

describe('the library', () => {
  it('answers the three questions with the documents of the command line', async () => {
    const shapes = await library.shapes({ T: 10, D: 3, M: [5], K: 2 });
    expect([shapes.schema, shapes.totals.params]).toEqual(['rnn-cli/shapes@1', 57]);
    const forward = await library.forward({ N: 3, seed: '7' });
    expect([forward.schema, forward.shape]).toEqual(['rnn-cli/forward@1', [3, 2]]);
    const compare = await library.compare({ N: 3 });
    expect([compare.schema, compare.equal, compare.exit]).toEqual(['rnn-cli/compare@1', true, 0]);
    expect(library.version).toBe(shapes.version);
  });

  it('takes arrays where files may stand: tensors, plain numbers, nested lists', async () => {
    const { tensors } = await library.forward({ N: 3, T: 4, D: 2, M: 3, seed: 7 });
    const x = [0, 1, 2].map(n => [0, 1, 2, 3].map(t => [n - t, 0.5 * t]));
    const request = { N: 3, T: 4, D: 2, M: [3], seed: '7', input: x };
    const forward = await library.forward(request);
    expect(forward.shape).toEqual([3, 2]);
    const { data, shape } = forward.tensors.y;
    const against = [0, 1, 2].map(n => [...data.subarray(2 * n, 2 * n + 2)]);
    expect((await library.compare({ ...request, against })).status).toBe('SAME');
    expect((await library.compare({ ...request, against: { shape, data: [...data].map(v => v + 0.5) } })).status).toBe('DIFFERENT');
    expect(tensors.y.shape).toEqual([3, 2]);
  });

  it('takes weights by name or as the list of get_weights()', async () => {
    const Wx = { shape: [2, 3], data: [0.1, -0.2, 0.3, 0.4, 0.5, -0.6] };
    const Wh = { shape: [3, 3], data: new Float32Array(9).fill(0.25) };
    const [bh, Wo, bo] = [[0.1, 0.2, 0.3], [[0.5], [-1], [2]], [0.125]];
    const input = [[[1, 2], [3, 4], [-1, 0.5], [0.25, -2]]]; // biome-ignore format: one line
    const [named, listed] = await Promise.all([
      library.forward({ weights: { Wx, Wh, bh, Wo, bo }, input }),
      library.forward({ weights: [Wx, Wh, bh, Wo, bo], input }),
    ]);
    let h = [0, 0, 0];
    for (const x of input[0])
      h = h.map((_, m) => Math.tanh(bh[m] + x[0] * Wx.data[m] + x[1] * Wx.data[3 + m] + 0.25 * (h[0] + h[1] + h[2])));
    const y = h.reduce((sum, v, m) => sum + v * Wo[m][0], bo[0]);
    expect(named.tensors.y.data[0]).toBeCloseTo(y, 5);
    expect(listed.ySha256).toBe(named.ySha256);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['an unknown key', () => library.shapes({ units: 64 } as never), 'E_REQUEST', /unknown key 'units'/],
    ['a key in another case', () => library.shapes({ t: 3 } as never), 'E_REQUEST', /'t'/],
    ['what `load` does not read', () => library.load({ simulate: 'state-carry' } as never), 'E_REQUEST', /unknown key 'simulate'/],
    ['what only the command line has', () => library.forward({ chunk: 4 } as never), 'E_REQUEST', /unknown key 'chunk'/],
    ['a clock, which `probe` has no more', () => library.probe({ now: Date.now } as never), 'E_REQUEST', /unknown key 'now'/],
    ['text for a number', () => library.shapes({ K: '2' } as never), 'E_REQUEST', /K: expected a whole number, found '2'/],
    ['a list for text', () => library.shapes({ layers: ['lstm:4'] } as never), 'E_REQUEST', /layers: expected a non-empty string/],
    ['a word that is none of several', () => library.shapes({ framework: 'pytorch' } as never), 'E_REQUEST', /keras, torch/],
    ['a word that is nearly one', () => library.shapes({ cell: 'lsmt' } as never), 'E_REQUEST', /lstm/],
    ['a script in no language here', () => library.emit({}, 'pytorch' as never), 'E_REQUEST', /target: expected keras, torch, numpy/],
    [
      'no file to convert into',
      () => library.convert({ file: 'm.keras' } as never),
      'E_REQUEST',
      /output: expected a non-empty string, found undefined/,
    ],
    ['no file to inspect', () => library.inspect({} as never), 'E_REQUEST', /file: expected a non-empty string/],
    [
      'one file for two',
      () => library.compareModels({ files: ['m.keras'] } as never),
      'E_REQUEST',
      /files: expected two paths, found a list of 1/,
    ],
    ['a list for the request', () => library.compareModels(['a', 'b'] as never), 'E_REQUEST', /such as \{ files: .* found a list of 2/],
    ['no object', () => library.forward('m.keras' as never), 'E_REQUEST', /the request: expected an object/],
    ['lists of different lengths', () => library.forward({ input: [[[1, 2, 3]], [[1, 2]]] }), 'E_ARRAY', /input has lists/],
    ['a shape that its numbers do not have', () => library.forward({ input: { shape: [1, 10, 3], data: [1] } }), 'E_ARRAY', /has 30/],
    ['numbers that are none', () => library.forward({ input: { shape: [1], data: ['1'] } } as never), 'E_ARRAY', /has no data/],
    [
      'a network run on too few numbers',
      async () => (await library.load()).run({ shape: [1, 10, 3], data: new Float32Array(7) }),
      'E_ARRAY',
      /has 7/,
    ],
    ['a network run on nothing', async () => (await library.load()).run(undefined as never), 'E_ARRAY', /has no shape/],
  ])('refuses %s', async (_, call, code, message) => {
    const error: RnnError = await call().then(
      () => {
        throw new Error('was accepted');
      },
      e => e,
    );
    expect(error).toBeInstanceOf(library.RnnError);
    expect([error.code, error.exit]).toEqual([code, 2]);
    expect(error.message).toMatch(message);
  });

  it('a key that is nearly one is told', async () => {
    await expect(library.shapes({ t: 3 } as never)).rejects.toMatchObject({ fix: "did you mean 'T'?" });
  });

  it('writes scripts and compares models', async () => {
    expect(await library.emit({ T: 2, D: 1, M: 1, K: 1 }, 'numpy')).toContain('import numpy as np');
    const model = join(__dirname, 'reference/student/model.keras');
    expect(await library.compareModels({ files: [model, model] })).toMatchObject({ status: 'SAME', exit: 0 });
  });

  it('throws RnnError with code, place and fix', async () => {
    await expect(library.shapes({ layers: 'lsmt:5' })).rejects.toBeInstanceOf(library.RnnError);
    await expect(library.shapes({ layers: 'lsmt:5' })).rejects.toMatchObject({
      code: 'E_LAYERS',
      exit: 2,
      fix: expect.stringContaining('lstm'),
    });
  });
});
