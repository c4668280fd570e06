import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { memorySource } from '../../src/formats/source.js';
import { tensorbundle } from '../../src/formats/tensorbundle.js';
import { counting } from '../helpers/hostile/bytes.js';
import { referencePath } from '../helpers/reference.js';
import { entry, header, maskedCrc, snappy, table } from '../helpers/tableBytes.js';

/** TensorFlow's checkpoints: the index by an assembler of its own, and files of TensorFlow 2.21. */
const data = counting(6);

async function read(index: Uint8Array, parts: Record<string, Uint8Array> = { 'w.data-00000-of-00001': data }) {
  const asked: string[] = [];
  const openPart = (name: string) => {
    asked.push(name);
    if (!parts[name]) throw new Error(`no ${name}`);
    return memorySource(parts[name]);
  };
  const file = await tensorbundle.read(memorySource(index), DEFAULT_LIMITS, openPart, 'w.index');
  return { ...file, asked };
}

const pairs = (parts: Parameters<typeof entry>[0] = {}) =>
  [
    ['', header()],
    ['w', entry({ crc: maskedCrc(data), ...parts })],
  ] as const;

describe('the index of a checkpoint', () => {
  it('gives names and shapes, and the numbers when they are asked for', async () => {
    const { tensors, asked } = await read(table(pairs()));
    expect([...tensors.keys()]).toEqual(['w']);
    expect(tensors.get('w')).toMatchObject({ shape: [2, 3], dtype: 'f32' });
    expect([...tensors.get('w')!.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(asked).toEqual(['w.data-00000-of-00001']);
  });

  it('drops what TensorFlow 2 writes behind a name, and skips text', async () => {
    const rows = [
      ['', header()],
      ['_CHECKPOINTABLE_OBJECT_GRAPH', entry({ dtype: 7, shape: [], size: 999 })],
    ] as const;
    const { tensors, notes } = await read(table([...rows, ['a/kernel/.ATTRIBUTES/VARIABLE_VALUE', entry({ crc: maskedCrc(data) })]]));
    expect([[...tensors.keys()], notes]).toEqual([['a/kernel'], []]);
  });

  it('says which dtypes it skips', async () => {
    const { tensors, notes } = await read(table(pairs({ dtype: 8 })));
    expect([tensors.size, notes]).toEqual([0, ["'w' has TensorFlow's dtype 8 and was skipped"]]);
  });

  it.each([
    ['without compression', 0, undefined],
    ['with Snappy', 1, snappy],
    ['with one literal', 1, undefined],
  ] as const)('reads forty entries in blocks of seven %s', async (_, compression, pack) => {
    const rows = Array.from(
      { length: 40 },
      (_, i) => [`layer_with_weights-${i + 10}/cell/kernel`, entry({ crc: maskedCrc(data) })] as const,
    );
    const { tensors } = await read(table([['', header()], ...rows], { compression, pack, perBlock: 7 }));
    expect([...tensors.keys()]).toEqual(rows.map(([name]) => name));
    expect([...tensors.values()].every(t => t.data[5] === 6)).toBe(true);
  });

  it('reads several data files, in either byte order', async () => {
    const big = Buffer.from(data).swap32();
    const rows = [
      ['', header(2, 1)],
      ['a', entry({ shape: [2], size: 8, offset: 8, shard: 1, crc: maskedCrc(big.subarray(8, 16)) })],
      ['b', entry({ shape: [], size: 4, crc: maskedCrc(big.subarray(0, 4)) })],
    ] as const;
    const { tensors } = await read(table(rows), { 'w.data-00000-of-00002': big, 'w.data-00001-of-00002': big });
    expect([...tensors.values()].map(t => [...t.data])).toEqual([[3, 4], [1]]);
  });

  it('refuses numbers whose checksum does not fit, and a data file that is too short', async () => {
    const { tensors } = await read(table(pairs({ crc: 1 })));
    expect(() => tensors.get('w')!.data).toThrow('the checksum of');
    await expect(read(table(pairs()), { 'w.data-00000-of-00001': data.subarray(0, 20) })).rejects.toThrow(
      'needs bytes 0 to 24 of a data file of 20',
    );
    await expect(tensorbundle.read(memorySource(table(pairs())), DEFAULT_LIMITS)).rejects.toThrow('there is no folder to look in');
  });
});

describe('files that TensorFlow 2.21 wrote', () => {
  const folder = referencePath('checkpoints');
  it.each(readdirSync(folder).filter(name => name.endsWith('.index')))('%s has every number', async name => {
    const openPart = (part: string) => memorySource(readFileSync(join(folder, part)));
    const { tensors } = await tensorbundle.read(memorySource(readFileSync(join(folder, name))), DEFAULT_LIMITS, openPart, name);
    expect(tensors.size).toBeGreaterThan(3);
    for (const { data, shape } of tensors.values()) {
      expect(data.length).toBe(shape.reduce((size, n) => size * n, 1));
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });
});
