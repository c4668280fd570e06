import { fixForTextbookNames } from '../../src/conventions/textbookNames.js';

const gates = (start: string, letters: string) => [...letters].map(letter => start + letter);

test.each([
  ['min-char-rnn', ['Wxh', 'Whh', 'Why', 'bh', 'by'], 'Wx=Wxh, Wh=Whh, bh=bh, Wo=Why, bo=by'],
  ['the same with underscores', ['W_xh', 'W_hh', 'b_h', 'W_hy', 'b_y'], 'Wx=W_xh, Wh=W_hh, bh=b_h, Wo=W_hy, bo=b_y'],
  ['no dense layer of that book', ['Wax', 'Waa', 'ba', 'Wya'], 'Wx=Wax, Wh=Waa, bh=ba, Wo=Wya'],
  ['letters of no known book', ['U', 'V', 'W'], 'Wx=…, Wh=…, bh=…, Wo=…, bo=…'],
])('the five arrays of a SimpleRNN, %s', (_, names, letters) => {
  expect(fixForTextbookNames(names)).toContain(`np.savez("w.npz", ${letters})`);
});

test.each([
  ['lstm', [...gates('W_', 'fico'), ...gates('U_', 'fico'), ...gates('b_', 'fico')], 'W_i, W_f, W_c, W_o', 'bh [4M]'],
  ['lstm', [...gates('W', 'ogif'), ...gates('b', 'ogif'), 'Wy', 'by'], 'Wi, Wf, Wg, Wo', 'bh [4M]'],
  ['gru', [...gates('W', 'rzh'), ...gates('U', 'rzh'), ...gates('b', 'rzh')], 'Wz, Wr, Wh', 'bh [3M]'],
  ['gru', [...gates('W_i', 'nrz'), ...gates('W_h', 'nrz')], 'W_iz, W_ir, W_in', 'bh [3M]'],
])('one array a gate of %s: joined in our order', (cell, names, joined, bias) => {
  const fix = fixForTextbookNames(names);
  expect(fix).toContain(`"${cell}_1/Wx": np.concatenate([${joined}], axis=-1)`);
  expect(fix).toContain(bias);
});

test('three of four gates, or names that are words, are nobody’s', () => {
  expect(fixForTextbookNames([...gates('W', 'ifo'), ...gates('U', 'ifo'), ...gates('b', 'ifo')])).toBeUndefined();
  expect(fixForTextbookNames(['encoder.weight', 'encoder.bias'])).toBeUndefined();
});

test('each name is looked at a few times, however many there are', () => {
  let looks = 0;
  const counted = (names: string[]) =>
    new Proxy(names, {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks++;
        return Reflect.get(target, key);
      },
    });
  for (const start of ['layer', 'W']) fixForTextbookNames(counted(Array.from({ length: 500 }, (_, k) => `${start}${k}i`)));
  expect(looks).toBeLessThan(10 * 1000);
});
