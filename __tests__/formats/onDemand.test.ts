import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { readTensors } from '../../src/formats/index.js';
import { joinedSource, memorySource } from '../../src/formats/source.js';
import { tfjs } from '../../src/formats/tfjs.js';
import { referenceBytes } from './reference.js';

describe('numbers are read when they are asked for', () => {
  const manifest = (weights: object[]) =>
    memorySource(new TextEncoder().encode(JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ['a', 'b'], weights }] })));

  it('tfjs: 20 GB of shards are opened, and one weight is read out of them', async () => {
    const rows = 50_000;
    const half = 4 * rows * rows;
    const read: [number, number][] = [];
    const shard = (first: number) => ({
      size: half,
      read(offset: number, length: number) {
        read.push([first + offset, length]);
        return new Uint8Array(length).fill(1);
      },
    });
    const weights = [
      { name: 'kernel', shape: [2 * rows - 1, rows], dtype: 'float32' },
      { name: 'bias', shape: [rows], dtype: 'float32' },
    ];
    const file = await tfjs.read(manifest(weights), DEFAULT_LIMITS, name => shard(name === 'a' ? 0 : half));
    expect(file.tensors.get('kernel')!.shape).toEqual([99_999, 50_000]);
    expect(read).toEqual([]);
    expect(file.tensors.get('bias')!.data).toHaveLength(rows);
    expect(read).toEqual([[2 * half - 4 * rows, 4 * rows]]);
    expect(() => file.tensors.get('kernel')!.data).toThrow(expect.objectContaining({ code: 'E_LIMIT_BYTES' }));
  });

  it('pt2: a number that was damaged is refused by its checksum when it is asked for, and only then', async () => {
    const bytes = Uint8Array.from(referenceBytes('pt2', 'arranging.pt2'));
    const whole = await readTensors(memorySource(bytes));
    const [name, tensor] = [...whole.tensors].find(([, t]) => t.data.length > 1 && t.data.some(v => v !== 0))!;
    const numbers = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    const at = Buffer.from(bytes).indexOf(numbers);
    expect(at).toBeGreaterThan(0);
    bytes[at] ^= 1;
    const damaged = await readTensors(memorySource(bytes));
    expect(damaged.tensors.get(name)!.shape).toEqual(tensor.shape);
    expect(() => damaged.tensors.get(name)!.data).toThrow(expect.objectContaining({ code: 'E_ZIP_CRC' }));
  });
});

it('sources one after the other are read across their ends', () => {
  const source = joinedSource([[0, 1, 2], [], [3], [4, 5, 6, 7]].map(bytes => memorySource(Uint8Array.from(bytes))));
  expect(source.size).toBe(8);
  for (let from = 0; from <= 8; from++)
    for (let to = from; to <= 8; to++)
      expect([...source.read(from, to - from)]).toEqual(Array.from({ length: to - from }, (_, k) => from + k));
});
