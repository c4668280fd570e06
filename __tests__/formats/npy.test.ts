import fc from 'fast-check';
import { DEFAULT_LIMITS, type DType } from '../../src/formats/format.js';
import { writeTensors } from '../../src/formats/index.js';
import { npy } from '../../src/formats/npy.js';
import { cases } from '../helpers/effort.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { corruptCases, expectCutsRefused, expectNumbers, flatten, referenceBytes, refusal } from './reference.js';

const CASES = corruptCases('npy_');
// int64 beyond 2^53: the manifest allows a strict reader to refuse it, and rounding in silence is what we do not do
const REFUSED_ON_PURPOSE = new Set(['npy_ok_i8_unsafe.npy']);

describe('npy files of the reference folder', () => {
  const good = CASES.filter(c => c.expect === 'ok' && !REFUSED_ON_PURPOSE.has(c.file));
  it.each(good.map(c => [c.file, c] as const))('reads %s exactly', async (name, c) => {
    const { tensors } = await readTensors(referenceBytes('corrupt', name), { nameHint: name });
    const t = tensors.get('npy')!;
    if (c.shape) expect(t.shape).toEqual(c.shape);
    expectNumbers(t.data, c.values_str ? c.values_str.map(Number) : flatten(c.values!));
  });

  const bad = CASES.filter(c => c.expect === 'error' || REFUSED_ON_PURPOSE.has(c.file));
  it.each(bad.map(c => [c.file]))('refuses %s', async name => {
    const error = await refusal(() => readTensors(referenceBytes('corrupt', name), { nameHint: name }));
    expect(error.message).toMatch(/offset \d+|dimension|shape|bytes|element|empty/);
  });

  it('covers every npy case of the manifest', () => {
    expect(good.length + bad.length).toBe(CASES.length);
    expect(CASES.length).toBeGreaterThan(45);
  });

  it('names the offset, the bytes expected and the bytes found', async () => {
    const error = await refusal(() => readTensors(referenceBytes('corrupt', 'npy_bad_data_trunc.npy')));
    expect([error.code, error.message]).toEqual(['E_NPY_SHORT', 'offset 128: expected 24 bytes of data for shape [2, 3] f32, found 19']);
  });

  it('never unpickles: object arrays are refused by name', async () => {
    const error = await refusal(() => readTensors(referenceBytes('corrupt', 'npy_bad_object_pickle.npy')));
    expect([error.code, error.where]).toEqual(['E_NPY_DTYPE', 'descr']);
    expect(error.message).toContain('pickle');
  });

  it('says that bytes after the array were left alone', async () => {
    const { notes } = await readTensors(referenceBytes('corrupt', 'npy_ok_trailing.npy'));
    expect(notes).toEqual(['npy: 6 bytes after the array were left alone']);
  });

  it('refuses every cut of every small file, or reads the same', async () => {
    for (const c of good) await expectCutsRefused(referenceBytes('corrupt', c.file), c.file);
  });
});

describe('npy headers', () => {
  const file = (header: string, data: number) => {
    const bytes = new Uint8Array(10 + header.length + data);
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
    bytes.set(new TextEncoder().encode(header), 10);
    return bytes;
  };
  it.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}", 'E_NPY_HEADER'],
    ["{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 'E_NPY_HEADER'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", 'E_NPY_HEADER'],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (1${'0'.repeat(400)},)}`, 'E_NPY_HEADER'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'extra': 1}", 'E_NPY_HEADER'],
    ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 'E_NPY_HEADER'],
    ["{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 'E_NPY_DTYPE'],
    ["{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", 'E_NPY_DTYPE'],
    ["{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 'E_NPY_DTYPE'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (9007199254740993, 0)}", 'E_LIMIT_DIMENSION'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)}", 'E_LIMIT_RANK'],
    ["__import__('os').system('true')", 'E_NPY_HEADER'],
    ["{'descr': '<f4\x00', 'fortran_order': False, 'shape': (1,)}", 'E_NPY_DTYPE'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,,)}", 'E_NPY_HEADER'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1 1,)}", 'E_NPY_HEADER'],
    ["{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", 'E_NPY_HEADER'],
  ])('refuses %s', async (header, code) => {
    expect((await refusal(() => readWhole(npy, file(header, 4), DEFAULT_LIMITS))).code).toBe(code);
  });

  it('checks the declared header length before reading it', async () => {
    const bytes = file(`{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}${' '.repeat(20_000)}`, 4);
    expect((await refusal(() => readWhole(npy, bytes, DEFAULT_LIMITS))).code).toBe('E_LIMIT_HEADER');
  });

  it('refuses by exact size before it allocates', async () => {
    const bytes = file("{'descr': '|u1', 'fortran_order': False, 'shape': (1000,)}", 1000);
    const error = await refusal(() => readWhole(npy, bytes, { ...DEFAULT_LIMITS, totalBytes: 3999 }));
    expect([error.kind, error.code, error.found]).toEqual(['limit', 'E_LIMIT_BYTES', '4000 bytes']);
  });
});

describe('npy written', () => {
  it.each(['digits_test_x.npy', 'digits_test_x_f32.npy', 'digits_test_labels.npy', 'digits_test_y_keras.npy', 'digits_test_y_torch.npy'])(
    'equals what numpy.save wrote, byte for byte: %s',
    async name => {
      const bytes = referenceBytes('digits', name);
      const { tensors } = await readTensors(bytes);
      expect(Buffer.compare(await writeTensors('npy', tensors), bytes)).toBe(0);
    },
  );

  it.each([
    'npy_ok_f4',
    'npy_ok_f2',
    'npy_ok_f2_special',
    'npy_ok_f8',
    'npy_ok_i1',
    'npy_ok_u1',
    'npy_ok_i2',
    'npy_ok_u2',
    'npy_ok_i4',
    'npy_ok_u4',
    'npy_ok_i8',
    'npy_ok_bool',
    'npy_ok_nan_inf',
    'npy_ok_scalar0d',
    'npy_ok_empty_dim',
  ])('equals what numpy.save wrote, byte for byte: %s', async name => {
    const bytes = referenceBytes('corrupt', `${name}.npy`);
    expect(Buffer.from(await writeTensors('npy', (await readTensors(bytes)).tensors)).toString('latin1')).toBe(
      Buffer.from(bytes).toString('latin1'),
    );
  });

  it('is read back exactly, whatever the shape and the numbers', async () => {
    const shapes = fc.array(fc.nat(4), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(shapes, fc.constantFrom<DType>('f32', 'f64'), fc.infiniteStream(fc.double()), async (shape, dtype, numbers) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const values = [...numbers.take(size)];
        const data = dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values);
        const bytes = await writeTensors('npy', new Map([['npy', { shape, data, dtype }]]));
        expect((bytes.length - data.byteLength) % 64).toBe(0);
        const back = (await readTensors(bytes)).tensors.get('npy')!;
        expect(back).toEqual({ shape, data, dtype });
      }),
      { numRuns: cases(200) },
    );
  });

  it.each([[[3]], [[2, 3]], [[2, 3, 4]], [[2, 3, 4, 5]], [[3, 1, 2, 2, 3]], [[0, 3, 2, 2]]])(
    'is read in Fortran order, too: %j',
    async shape => {
      const size = shape.reduce((a, b) => a * b, 1);
      const data = Float32Array.from({ length: size }, (_, k) => k);
      const bytes = await writeTensors('npy', new Map([['npy', { shape, data, dtype: 'f32' as DType }]]));
      const text = Buffer.from(bytes).toString('latin1').replace("'fortran_order': False,", "'fortran_order': True, ");
      const t = (await readTensors(Buffer.from(text, 'latin1'))).tensors.get('npy')!;
      expect(t.shape).toEqual(shape);
      // the first axis moves fastest
      const expected = Array.from({ length: size }, (_, k) => {
        let [rest, place] = [k, 0];
        for (const [axis, n] of [...shape.entries()].reverse()) {
          place += (rest % n) * shape.slice(0, axis).reduce((a, b) => a * b, 1);
          rest = Math.floor(rest / n);
        }
        return place;
      });
      expect(Array.from(t.data)).toEqual(expected);
    },
  );

  it('refuses numbers that an integer dtype cannot hold', async () => {
    const t = { shape: [2], data: Float32Array.of(1, 256), dtype: 'u8' as DType };
    expect((await refusal(() => writeTensors('npy', new Map([['a', t]])))).code).toBe('E_WRITE_RANGE');
  });

  it('holds one array only', async () => {
    const t = { shape: [], data: Float32Array.of(1), dtype: 'f32' as DType };
    expect(
      (
        await refusal(() =>
          writeTensors(
            'npy',
            new Map([
              ['a', t],
              ['b', t],
            ]),
          ),
        )
      ).code,
    ).toBe('E_NPY_COUNT');
  });
});
