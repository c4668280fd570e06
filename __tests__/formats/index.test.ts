import * as all from '../../src/formats/all.js';
import type { Format } from '../../src/formats/format.js';
import { detectFormat, formatOfName, getFormat, writeTensors } from '../../src/formats/index.js';
import { memorySource } from '../../src/formats/source.js';
import { readTensors } from '../helpers/readFormat.js';
import { corruptCases, referenceBytes, refusal } from './reference.js';

const formats = Object.values(all) as Format[];

describe('the list of formats', () => {
  it('has unique names and extensions, and is found by name', () => {
    const extensions = formats.flatMap(f => f.extensions);
    expect(new Set(extensions).size).toBe(extensions.length);
    for (const format of formats) expect(getFormat(format.name)).toBe(format);
    expect(() => getFormat('npx')).toThrow("unknown format 'npx'");
  });

  it('each that writes is read back by content alone', async () => {
    for (const format of formats.filter(f => f.write)) {
      const t = { shape: [2, 3], data: Float64Array.of(1, -2, 0.1, 4.5, 1e-300, -0), dtype: 'f64' as const };
      const bytes = await writeTensors(format.name, new Map([[format.name, t]]));
      const back = await readTensors(bytes);
      expect([back.format, back.tensors.get(format.name)]).toEqual([format.name, t]);
    }
  });
});

describe('detecting a format', () => {
  it.each(
    corruptCases('')
      .filter(c => c.expect === 'ok' && formatOfName(c.file))
      .map(c => [c.file]),
  )('finds %s by content and by name', name => {
    const bytes = referenceBytes('corrupt', name);
    expect(detectFormat(memorySource(bytes), name).name).toBe(formatOfName(name)!.name);
    expect(detectFormat(memorySource(bytes)).name).toBe(formatOfName(name)!.name);
  });

  it('reads text under the name of a binary array file, and says of other text what it is', () => {
    const found = (text: string, name: string) => {
      try {
        return detectFormat(memorySource(new TextEncoder().encode(text)), name).name;
      } catch (error) {
        return (error as { fix: string }).fix;
      }
    };
    expect(found('1.5 2.5\n3 4\n', 'y.npy')).toBe('csv');
    expect(found('[[1. 2.]\n [3. 4.]]\n', 'y.npz')).toBe('printed');
    expect(found('y (N, K)  4×2 float32\n', 'y.npy')).toContain('-o y.npy');
    expect(found('version 2\n', 'net.onnx')).toContain('no .onnx');
    expect(found('\u0093 1\n', 'y.npy')).not.toBe('npy');
    expect(detectFormat(memorySource(Uint8Array.of(0x93)), 'y.npy').name).toBe('npy');
  });

  it('trusts the content over the name and says so', async () => {
    const { format, notes } = await readTensors(referenceBytes('corrupt', 'npy_ok_f4.npy'), { nameHint: 'x.npz' });
    expect([format, notes]).toEqual(['npy', ['named .npz but the content is npy: read as npy']]);
  });

  it('says what it found when it is nothing', async () => {
    const error = await refusal(() => readTensors(new Uint8Array([0, 1, 2])));
    expect([error.code, error.found]).toEqual(['E_FORMAT_UNKNOWN', 'bytes 00 01 02']);
    expect((await refusal(() => readTensors(new Uint8Array(0)))).message).toBe('the file is empty');
  });

  it('takes the longest ending of a name', () => {
    expect([formatOfName('a/b.NPZ')?.name, formatOfName('x.csv')?.name, formatOfName('x')?.name]).toEqual(['npz', 'csv', undefined]);
  });
});
