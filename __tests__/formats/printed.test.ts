import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decimalsOf, newDecimals } from '../../src/formats/bytes/decimals.js';
import { readArray } from '../../src/run/input/input.js';
import { runInspect } from '../../src/run/inspect.js';
import { readTensors } from '../helpers/readFormat.js';
import { saidLater } from '../helpers/said.js';

const STUDENT = join(__dirname, '..', 'reference', 'student');
const read = async (text: string) => readTensors(new TextEncoder().encode(text));
const only = async (text: string) => {
  const { format, tensors, notes } = await read(text);
  const [[name, { shape, data, dtype }]] = tensors;
  return { format, name, shape, data: [...data], dtype, notes };
};

describe('what stands around a printed array on a screen', () => {
  const y = '[[ 0.25 -1.5 ]\n [ 3.   -0.75]]\n';
  const bar = '\u001b[1m1/1\u001b[0m \u001b[32m━━━━━━━━━━━━━━━━━━━━\u001b[0m\u001b[37m\u001b[0m \u001b[1m0s\u001b[0m 62ms/step';
  const utf16 = (text: string, big: boolean) =>
    Uint8Array.from(
      [...`\ufeff${text}`].flatMap(c =>
        big ? [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255] : [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8],
      ),
    );

  it.each<[string, string, string[]]>([
    [
      'a progress bar of Keras 2',
      `1/1 [==============================] - 0s 127ms/step\n${y}`,
      ["the line '1/1 [==============================] - …' is left out"],
    ],
    [
      'a bar of Keras 3, drawn twice, with colours',
      `\r${bar}\b\b\b\r${bar}\n${y}`,
      ["2 lines such as '1/1 ━━━━━━━━━━━━━━━━━━━━ 0s 62ms/step' are left out"],
    ],
    ['a prompt', `>>> print(y)\n${y}`, ["the line '>>> print(y)' is left out"]],
    ['a prompt of IPython, and what it writes before the value', `In [3]: y\nOut[3]: \n${y}`, ["the line 'In [3]: y' is left out"]],
    [
      'line ends of Windows behind a prompt of the shell',
      `$ python y.py\r\n${y.replaceAll('\n', '\r\n')}`,
      ["the line '$ python y.py' is left out"],
    ],
  ])('%s is left out with a note', async (_, text, notes) => {
    expect(await only(text)).toEqual({
      format: 'printed',
      name: 'printed',
      shape: [2, 2],
      data: [0.25, -1.5, 3, -0.75],
      dtype: 'f64',
      notes,
    });
  });

  it('UTF-16 is read in both byte orders, as brackets and as a table', async () => {
    for (const big of [true, false]) {
      for (const [text, format] of [
        [y, 'printed'],
        ['0.25,-1.5\r\n3,-0.75\r\n', 'csv'],
      ]) {
        const { tensors, format: found } = await readTensors(utf16(text, big));
        expect([found, [...[...tensors.values()][0].data]]).toEqual([format, [0.25, -1.5, 3, -0.75]]);
      }
    }
  });

  it('other lines are refused, and what to keep is said', async () => {
    await expect(only(`2.16.1\n(2, 2)\n${y}`)).rejects.toMatchObject({
      code: 'E_CSV_CELL',
      fix: 'keep the numbers alone: of a printed array what print(y) shows',
    });
    await expect(only(`${y}done in 3 s\n`)).rejects.toMatchObject({
      code: 'E_PRINTED_SYNTAX',
      fix: expect.stringContaining('nothing else'),
    });
    await expect(only('[[1. 2.]\n [3. ')).rejects.toThrow('line 2, column 6: the text ends within an array');
    await expect(only('!? nothing\n')).rejects.toMatchObject({ code: 'E_FORMAT_UNKNOWN', found: "text that begins with '!? nothing'" });
  });
});

/** made by __tests__/reference/student/printed/make.py from y.npy in float32 */
describe('what NumPy, PyTorch, pandas and Python write of y [4, 2] is read as y', () => {
  it.each<[string, string, number]>([
    ['print_np.txt', 'printed', 8],
    ['repr_np.txt', 'printed', 8],
    ['print_torch.txt', 'printed', 4],
    ['np2list.txt', 'printed', 9],
    ['list.txt', 'json', 17],
    ['savetxt.txt', 'csv', 19],
    ['savetxt.csv', 'csv', 19],
    ['savetxt_f.csv', 'csv', 6],
    ['space4.txt', 'csv', 4],
    ['torch4.csv', 'csv', 4],
    ['np8.csv', 'csv', 8],
    ['sci3.csv', 'csv', 4],
    ['pd.csv', 'csv', 17],
    ['pd_names.csv', 'csv', 17],
    ['pd_noindex.csv', 'csv', 17],
    ['semicolon_comma.csv', 'csv', 17],
  ])('%s', async (file, format, decimals) => {
    const right = await readArray(join(STUDENT, 'printed', 'y.npy'), ['y']);
    const found = await readArray(join(STUDENT, 'printed', file), ['y']);
    expect([found.format, found.tensor.shape, found.decimals]).toEqual([format, [4, 2], decimals]);
    expect(right.decimals).toBeUndefined();
    const allowed = 0.5 * 10 ** -decimals + 2 ** -24;
    for (let k = 0; k < 8; k++) expect(Math.abs(found.tensor.data[k] - right.tensor.data[k])).toBeLessThanOrEqual(allowed);
  });

  it.each(['y.print', 'printed/print_np.txt', 'printed/np2list.txt'])('inspect %s', async file => {
    expect(await runInspect({ file: join(STUDENT, file) })).toMatchObject({ format: 'printed', tensors: [{ shape: [4, 2] }] });
  });

  it('y.print and y.txt, whose columns are padded', async () => {
    const [printed, text] = await Promise.all(['y.print', 'y.txt'].map(file => readArray(join(STUDENT, file), ['y'])));
    expect([printed.format, printed.decimals, text.format]).toEqual(['printed', 8, 'csv']);
    printed.tensor.data.forEach((value, k) => {
      expect(Math.fround(value)).toBe(Math.fround(text.tensor.data[k]));
    });
  });
});

describe('pickles, which are read as data', () => {
  it.each(['weights.pkl', 'weights_obj.npy'])('%s is the list of get_weights()', async file => {
    const [right, found] = await Promise.all(['weights.npz', file].map(name => readTensors(readFileSync(join(STUDENT, name)))));
    expect([...found.tensors]).toEqual([...right.tensors].map(([name, { shape, dtype, data }]) => [name, { shape, dtype, data }]));
    expect(found.notes).toEqual([]);
  });

  it.each(['y.pkl', 'obj.npy'])('%s is y', async file => {
    const [right, found] = await Promise.all(['y.npy', file].map(name => readArray(join(STUDENT, 'printed', name), ['y'])));
    expect([found.tensor.shape, [...found.tensor.data]]).toEqual([[4, 2], [...Float32Array.from(right.tensor.data)]]);
  });

  it('lists of lists of numbers are an array, of one length each', async () => {
    // protocol 2: ]( K\x01 K\x02 e is the list [1, 2]
    const list = (...items: string[]) => `](${items.join('')}e`;
    const pickle = (text: string) => readTensors(Buffer.from(`\x80\x02${text}.`, 'latin1'));
    const whole = await pickle(list(list('K\x01', 'K\x02', 'K\x05'), list('K\x03', 'K\x04', 'K\x06')));
    const [tensor] = whole.tensors.values();
    expect([tensor.shape, [...tensor.data]]).toEqual([
      [2, 3],
      [1, 2, 5, 3, 4, 6],
    ]);
    expect((await pickle(list(list('K\x01', 'K\x02'), list('K\x03')))).tensors.size).toBe(0);
  });
});

describe('printed arrays', () => {
  it.each<[string, string, number[], number[]]>([
    ['of one axis', '[1. 2. 3.]', [3], [1, 2, 3]],
    ['with whole numbers', '[1 2 3]', [3], [1, 2, 3]],
    ['over several lines', '[[ 1.   2.\n   3. ]\n [-4.   5.e-03\n   6. ]]\n', [2, 3], [1, 2, 3, -4, 0.005, 6]],
    ['with blank lines between blocks', '[[[1.]\n  [2.]]\n\n [[3.]\n  [4.]]]', [2, 2, 1], [1, 2, 3, 4]],
    ['in array()', 'array([[1., 2.],\n       [3., 4.]], dtype=float32)', [2, 2], [1, 2, 3, 4]],
    ['in np.array()', 'np.array([1, 2.5])', [2], [1, 2.5]],
    ['with a label', 'y = [[0.1 0.2]]', [1, 2], [0.1, 0.2]],
    ['with a label of an item', 'y[0]: array([0.1, 0.2])', [2], [0.1, 0.2]],
    ['of PyTorch with a gradient', 'tensor([[ 0.1, -0.2]], grad_fn=<AddmmBackward0>)', [1, 2], [0.1, -0.2]],
    ['of PyTorch on a GPU', "tensor([1.5000e+00, 2.0000e-10], device='cuda:0', dtype=torch.float64)", [2], [1.5, 2e-10]],
    ['of a parameter', 'Parameter containing:\ntensor([0.5], requires_grad=True)', [1], [0.5]],
    ['of TensorFlow', '<tf.Tensor: shape=(1, 2), dtype=float32, numpy=array([[0.1, 0.2]], dtype=float32)>', [1, 2], [0.1, 0.2]],
    ['of TensorFlow by print', 'tf.Tensor(\n[[0.1 0.2]\n [0.3 0.4]], shape=(2, 2), dtype=float32)', [2, 2], [0.1, 0.2, 0.3, 0.4]],
    ['of JAX', 'Array([[0.1, 0.2]], dtype=float32)', [1, 2], [0.1, 0.2]],
    ['of NumPy scalars', '[np.float32(0.1), np.float32(-2.5e-07)]', [2], [0.1, -2.5e-7]],
    ['of tuples', '((0.1, 0.2), (0.3, 0.4))', [2, 2], [0.1, 0.2, 0.3, 0.4]],
    ['of tuples of one', '[(1.,), (2.,)]', [2, 1], [1, 2]],
    ['with nan and inf', '[nan inf -inf]', [3], [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['of a list with nan', '[nan, 0.5]', [2], [Number.NaN, 0.5]],
  ])('%s are read', async (_, text, shape, data) => {
    expect(await only(text)).toEqual({ format: 'printed', name: 'printed', shape, data, dtype: 'f64', notes: [] });
  });

  it.each([
    ['tensor([0.1201, 0.5000], dtype=torch.bfloat16)', 'bf16'],
    ['[tensor([0.1201, 0.5000], dtype=torch.bfloat16), tensor([0.1, 0.2], dtype=torch.bfloat16)]', 'bf16'],
    ['array([0.1201, 0.5], dtype=float16)', 'f16'],
    ['<tf.Tensor: shape=(2,), dtype=float16, numpy=array([0.1201, 0.5], dtype=float16)>', 'f16'],
    ['tensor([0.1201, 0.5000], dtype=torch.float64)', 'f64'],
  ])('%s holds numbers of %s', async (text, dtype) => {
    const { tensors } = await read(text);
    expect([...tensors.values()].map(t => t.dtype)).toEqual([...tensors.values()].map(() => dtype));
  });

  it('of booleans are a mask', async () => {
    expect(await only('[[ True False]\n [False  True]]')).toMatchObject({ shape: [2, 2], data: [1, 0, 0, 1], dtype: 'bool' });
  });

  it('one after the other are stacked, as a print in the loop over samples writes them', async () => {
    const { shape, data, notes } = await only('[0.1 0.2]\n[0.3 0.4]\n[0.5 0.6]\n');
    expect([shape, data]).toEqual([
      [3, 2],
      [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    ]);
    expect(notes).toEqual(['3 printed arrays [2] are read as one [3, 2]']);
  });

  it('of different shapes are arr_0, arr_1 …, as get_weights() prints them', async () => {
    const text =
      '[array([[0.1, 0.2]], dtype=float32), array([[0.3, 0.4],\n       [0.5, 0.6]], dtype=float32), array([0., 0.], dtype=float32)]';
    const { tensors } = await read(text);
    expect([...tensors].map(([name, t]) => [name, t.shape])).toEqual([
      ['arr_0', [1, 2]],
      ['arr_1', [2, 2]],
      ['arr_2', [2]],
    ]);
  });

  it.each<[string, string]>([
    ['[[1. 2. ... 9.]]', 'E_PRINTED_SHORT line 1, column 9: the array was printed shortened: "..." stands for numbers that are missing'],
    ['tensor([[1.],\n        ...,\n        [2.]])', 'E_PRINTED_SHORT line 2, column 9: the array was printed shortened'],
    ['[[1. 2.]\n [3.]]', 'E_PRINTED_RAGGED line 2, column 7: the values in this bracket have different shapes'],
    ['array([[1., 2.], [3.]])', 'E_PRINTED_RAGGED line 1, column 23: the values'],
    ['[1.+2.j 3.+0.j]', "E_PRINTED_SYNTAX line 1, column 2: expected a number, found '1.+2.j'"],
    ['[1. 2.', 'E_PRINTED_SYNTAX line 1, column 7: the text ends within an array'],
    ['[1., 2. 3.]', "E_PRINTED_SYNTAX line 1, column 9: expected ',', found '3.]'"],
    ['[1.,, 2.]', "E_PRINTED_SYNTAX line 1, column 5: expected a number, found ','"],
    [
      "OrderedDict([('weight_ih_l0', tensor([[0.1]]))])",
      'E_PRINTED_DICT line 1, column 13: a printed state dict shows its numbers rounded',
    ],
    ['[1.e999 2.]', 'E_PRINTED_NUMBER line 1, column 8: 1.e999 is more than a double can hold'],
    ['array([1., 2.] 3)', "E_PRINTED_SYNTAX line 1, column 16: expected ')' or a keyword such as dtype=, found '3)'"],
    [`${'['.repeat(40)}1.`, 'E_PRINTED_SYNTAX line 1, column 11: expected at most 8 brackets'],
  ])('%s is refused', async (text, words) => {
    expect((await saidLater(() => read(text))).slice(0, words.length)).toBe(words);
  });

  it.each(['[1, 2]', '[[0.5]]', '{"y": [1, 2]}', '[]', '[0.1, 0.2]\n[0.3, 0.4]\n'])('JSON stays JSON: %s', async text => {
    expect((await read(text)).format).toMatch(/^jsonl?$/);
  });
});

describe('the decimals of a text', () => {
  const of = (...numerals: string[]) => {
    const decimals = newDecimals();
    for (const numeral of numerals) decimals.see(numeral);
    return decimals.most;
  };
  it.each<[string[], number | undefined]>([
    [['0.1191', '-0.2249'], 4],
    [['0.1190', '0.2200'], 4],
    [['1.', '2.'], 0],
    [['1', '0.25', '0.5'], 2],
    [['-1.191e-01', '6.569e-02', '0.000e+00'], 4],
    [['1.191e+02', '6.569e-02'], 1],
    [['0.119094', '1.16273', '-0.5'], 5],
    [['12.345678', '0.1', '0.25'], 6],
    [['nan'], undefined],
    [[], undefined],
  ])('%j have %s', (numerals, decimals) => {
    expect(of(...numerals)).toBe(decimals);
  });

  it('of numbers that were read are those of their shortest text', () => {
    expect([[0.1191, -0.2249], [0.5, 2], [1e-7, 0.25], [0.1 + 0.2]].map(decimalsOf)).toEqual([4, 1, 7, 17]);
  });
});
