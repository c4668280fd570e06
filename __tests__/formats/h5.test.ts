import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { h5 } from '../../src/formats/h5.js';
import { lookup3 } from '../../src/formats/hdf5/lookup3.js';
import { memorySource } from '../../src/formats/source.js';
import { runInspect } from '../../src/run/inspect.js';
import { THOROUGH } from '../helpers/effort.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { expectCutsRefused, expectNumbers, REFERENCE, referenceBytes, refusal } from './reference.js';

interface Case {
  file: string;
  why: string;
  refuse?: string;
  tensors?: Record<string, { shape: number[]; values: (number | string)[] }>;
  attributes?: Record<string, string>;
}
const manifest = JSON.parse(readFileSync(join(REFERENCE, 'hdf5', 'manifest.json'), 'utf8')) as Case[];
const good = manifest.filter(c => !c.refuse);
const SPECIAL: Record<string, number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };

/** zlib of an h5py file with the four tensors of an LSTM(1, 1) as nn.LSTM names them, all of them ones. */
const STATE_DICT =
  'eNrr9HBx4+WS4mIAAQ4OBhYGAQZk8B8KXnCg8mHyCVCaEUp3QOkVTDBxRrCcBFRcEGo+urqQIFdXkOr/aABmjwMLhOZgGAUjEXi4OgaA6AgYH0qfYEJVV56amZ5REp+ZEZ9jgMTPgPGTMhOLEbJQfgaCD0vHAvB0zQoRY4TxNSA0E0SABS39o/OZgSkfxBZUkIfKKTCIczCI10PlWYEpGiTPxAQxkAOaU5gZDVhQXQIDFQMcEw32yDjYz9+FEegzC1h8sOPXrQHL92z41cHKiw5W/Opg5YEC89BO3wOXzmawDYV0hhk+EPczMqKGDwvF4bGDHXt4dAyyFDNQ4XODYyiGDwBG6VXv';

describe('HDF5 files made by h5py', () => {
  it.each(good.map(c => [c.file, c] as const))('%s holds exactly its tensors and attributes', async (name, c) => {
    const { tensors, metadata } = await readTensors(referenceBytes('hdf5', name), { nameHint: name });
    expect([...tensors.keys()].sort()).toEqual(Object.keys(c.tensors!).sort());
    for (const [path, expected] of Object.entries(c.tensors!)) {
      const t = tensors.get(path)!;
      expect([path, t.shape]).toEqual([path, expected.shape]);
      expectNumbers(
        t.data,
        expected.values.map(v => (typeof v === 'string' ? SPECIAL[v] : v)),
      );
    }
    for (const [key, value] of Object.entries(c.attributes!)) expect([key, metadata.get(key)]).toEqual([key, value]);
  });

  const codes: Record<string, string> = {
    external: 'E_H5_EXTERNAL',
    virtual: 'E_H5_VIRTUAL',
    link: 'E_H5_LINK',
    'contains itself': 'E_H5_CYCLE',
    limit: 'E_LIMIT_',
    filter: 'E_H5_FILTER',
    E_INT_RANGE: 'E_INT_RANGE',
  };
  const refused = manifest.filter(c => c.refuse && c.refuse !== 'type');
  it.each(refused.map(c => [c.file, c] as const))('%s is refused, with where and why', async (name, c) => {
    const error = await refusal(() => readWhole(h5, referenceBytes('hdf5', name), { ...DEFAULT_LIMITS, totalBytes: 2 ** 20 }));
    expect(error.code).toContain(codes[c.refuse!]);
    expect(`${error.where} ${error.message}`).toMatch(/'w'|'a'|'r'|'b'|\ba\/b|root/);
  });

  it.each(manifest.filter(c => c.refuse === 'type').map(c => c.file))(
    '%s: what is no plain number is left out, and that is said',
    async name => {
      const { tensors, notes } = await readTensors(referenceBytes('hdf5', name));
      expect([...tensors.keys()]).toEqual(name === 'bad_reference.h5' ? ['w'] : []);
      expect(notes.join()).toMatch(/^'\w+' holds no plain numbers \([\w -]+\) and was skipped/);
    },
  );

  it('knows the shape of what it cannot unpack, and refuses its numbers alone', async () => {
    const { tensors } = await h5.read(memorySource(referenceBytes('hdf5', 'bad_lzf.h5')), DEFAULT_LIMITS);
    expect(tensors.get('w')?.shape).toEqual([37, 29]);
    expect((await refusal(async () => tensors.get('w')?.data)).code).toBe('E_H5_FILTER');
  });

  it('is of PyTorch where its names are', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'h5-'));
    writeFileSync(join(folder, 'state.h5'), inflateSync(Buffer.from(STATE_DICT, 'base64')));
    expect(await runInspect({ file: join(folder, 'state.h5') })).toMatchObject({ format: 'h5', framework: 'torch' });
    rmSync(folder, { recursive: true });
  });

  it('is no file of Keras for its format alone', async () => {
    expect(await runInspect({ file: join(REFERENCE, 'hdf5', 'ok_dtypes.h5') })).toMatchObject({ format: 'h5', framework: null });
  });

  it('keeps the dtype, bool and bfloat16 included', async () => {
    const { tensors } = await readTensors(referenceBytes('hdf5', 'ok_dtypes.h5'));
    expect(Object.fromEntries([...tensors].map(([name, t]) => [name, t.dtype]))).toMatchObject({
      f2: 'f16',
      f8: 'f64',
      be_f4: 'f32',
      i1: 'i8',
      u2: 'u16',
      i8: 'i64',
      flag: 'bool',
      scalar: 'f32',
    });
  });

  it('gives rows of strings and numbers in attributes as JSON text', async () => {
    const { metadata } = await readTensors(referenceBytes('hdf5', 'ok_attributes.h5'));
    expect([metadata.get('names'), metadata.get('vlen_names'), metadata.get('empty'), metadata.get('number')]).toEqual([
      '["kernel:0","bias:0"]',
      '["one","three"]',
      '[]',
      '3',
    ]);
  });

  it('names what it skipped', async () => {
    const { notes } = await readTensors(referenceBytes('hdf5', 'ok_strings_beside.h5'));
    expect(notes).toEqual(["'names' holds strings and was skipped", "'vlen' holds strings and was skipped"]);
  });

  it('notices a flipped byte in any checksummed structure', async () => {
    const bytes = referenceBytes('hdf5', 'ok_latest.h5');
    const whole = await readTensors(bytes);
    let silent = 0;
    for (let at = 0; at < bytes.length; at += THOROUGH ? 3 : 11) {
      const copy = bytes.slice();
      copy[at] ^= 0x10;
      try {
        const { tensors } = await readWhole(h5, copy, DEFAULT_LIMITS);
        // only the numbers themselves carry no checksum: the names and shapes must be right
        expect([...tensors].map(([name, t]) => [name, t.shape])).toEqual([...whole.tensors].map(([name, t]) => [name, t.shape]));
        silent++;
      } catch (error) {
        expect(error).toHaveProperty('code');
      }
    }
    expect(silent).toBeLessThan(bytes.length);
  });

  it('refuses every cut of small files', async () => {
    for (const name of ['ok_contiguous.h5', 'ok_latest.h5', 'ok_gzip_rank3.h5', 'ok_compact.h5'])
      await expectCutsRefused(referenceBytes('hdf5', name), name, 7);
  });
});

describe('HDF5 files of Keras', () => {
  const names = readdirSync(join(REFERENCE, 'models', 'keras'));
  it.each(names.filter(n => n.endsWith('.weights.h5')))('%s has the arrays of the .npz beside it, no more and no fewer', async name => {
    const file = await readTensors(referenceBytes('models', 'keras', name));
    const arrays = (await readTensors(referenceBytes('models', 'keras', name.replace('.weights.h5', '.npz')))).tensors;
    const stored = [...file.tensors].filter(([path]) => !path.startsWith('optimizer/')).map(([, t]) => fingerprint(t));
    expect(stored.sort()).toEqual([...arrays.values()].map(fingerprint).sort());
    expect(stored.length).toBeGreaterThan(2);
  });

  it.each(names.filter(n => n.endsWith('.h5') && !n.endsWith('.weights.h5')))(
    '%s has its configuration, its attributes and its arrays',
    async name => {
      const file = await readTensors(referenceBytes('models', 'keras', name), { nameHint: name });
      expect(file.architecture).toHaveProperty('class_name');
      expect(file.metadata.get('keras_version')).toMatch(/^\d/);
      const layers = JSON.parse(file.metadata.get('model_weights@layer_names')!) as string[];
      const paths = layers.flatMap(layer =>
        (JSON.parse(file.metadata.get(`model_weights/${layer}@weight_names`)!) as string[]).map(
          weight => `model_weights/${layer}/${weight}`,
        ),
      );
      expect(paths.length).toBeGreaterThan(2);
      for (const path of paths) expect([path, file.tensors.has(path)]).toEqual([path, true]);
      if (name.startsWith('keras2')) return;
      const arrays = (await readTensors(referenceBytes('models', 'keras', name.replace('.h5', '.npz')))).tensors;
      expect(paths.map(path => fingerprint(file.tensors.get(path)!))).toEqual([...arrays.values()].map(fingerprint));
    },
  );
});

function fingerprint(t: { shape: readonly number[]; data: ArrayLike<number> }): string {
  return `${t.shape.join('x')}:${Array.from(t.data).join()}`;
}

describe('lookup3', () => {
  it('has the values of the reference implementation', () => {
    // driver5 of lookup3.c: hashlittle("", 0, 0) and hashlittle("Four score and seven years ago", 30, 0)
    expect(lookup3(new Uint8Array(0))).toBe(0xdeadbeef);
    expect(lookup3(new TextEncoder().encode('Four score and seven years ago'))).toBe(0x17770551);
  });
});
