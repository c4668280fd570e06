import { newBudget } from '../../../src/formats/bytes/budget.js';
import { ByteReader } from '../../../src/formats/bytes/reader.js';
import { isDataset, readDataset } from '../../../src/formats/hdf5/dataset.js';
import { FLOAT32, fileOf, Layout, NOWHERE, space, typeHead } from '../../helpers/hdf5Bytes.js';
import { cat, f32, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { fieldsOf, said } from '../../helpers/said.js';

type Body = readonly [type: number, body: Uint8Array, shared?: boolean];
const FLOAT64 = cat(typeHead(1, 8, [0x20, 63, 0]), u16(0), u16(64), Uint8Array.of(52, 11, 0, 52), u32(1023));
const BIG16 = cat(typeHead(0, 2, [9, 0, 0]), u16(0), u16(16));

/** Body number k stands at 1000 · k. */
const messagesOf = (bodies: readonly Body[]) =>
  bodies.map(([type, body, shared = false], i) => ({
    type,
    shared,
    body: new ByteReader(new Uint8Array(body), 'E_H5_SHORT', 1000 * (i + 1)),
  }));
const read = (bodies: readonly Body[], file = fileOf(Buffer.alloc(0))) => {
  const found = readDataset(file, messagesOf(bodies), newBudget(file.limits), "dataset 'd'");
  return 'skipped' in found ? found : { ...found };
};
const plain = (bodies: readonly Body[], file = fileOf(Buffer.alloc(0))) => {
  const found = read(bodies, file);
  return 'skipped' in found ? found : [found.shape, found.dtype, found.data];
};

const compact = (data: Uint8Array, version = 3, stored = data.length) => cat(Uint8Array.of(version, 0), u16(stored), data);
const contiguous = (address: number | bigint, bytes: number, version = 3) => cat(Uint8Array.of(version, 1), u64(address), u64(bytes));
const of = (layout: Uint8Array, type: Uint8Array = FLOAT32, shape: Uint8Array = space(2), more: readonly Body[] = []): Body[] => [
  [1, shape],
  [3, type],
  [8, layout],
  ...more,
];

describe('a dataset', () => {
  it('of any number of dimensions has its numbers in the header', () => {
    expect([3, 4].map(version => plain(of(compact(f32(1, 2), version))))).toEqual(Array(2).fill([[2], 'f32', Float32Array.of(1, 2)]));
    expect(plain(of(compact(f32(7)), FLOAT32, space()))).toEqual([[], 'f32', Float32Array.of(7)]);
    expect(plain(of(compact(Uint8Array.of(1, 2, 255, 255)), BIG16, space(1, 2)))).toEqual([[1, 2], 'i16', Float32Array.of(258, -1)]);
  });

  it('or elsewhere in the file', () => {
    const layout = new Layout();
    layout.put(Buffer.alloc(7));
    const at = layout.put(cat(f32(1, 2), Uint8Array.of(0, 5)));
    expect(plain(of(contiguous(at, 8)), layout.file())).toEqual([[2], 'f32', Float32Array.of(1, 2)]);
    expect(plain(of(contiguous(at + 8, 2, 4), BIG16, space(1)), layout.file())).toEqual([[1], 'i16', Float32Array.of(5)]);
  });

  it('that was never written is bounded by the size of the file, when its numbers are asked for', () => {
    const never = (numbers: number) => read(of(contiguous(NOWHERE, 0), FLOAT32, space(numbers)), fileOf(Buffer.alloc(100)));
    expect(never(25_800)).toHaveProperty('data.length', 25_800);
    const tensor = () =>
      readDataset(
        fileOf(Buffer.alloc(100)),
        messagesOf(of(contiguous(NOWHERE, 0), FLOAT32, space(2 ** 30))),
        newBudget(fileOf(Buffer.alloc(0)).limits),
        "dataset 'd'",
      );
    expect(tensor()).toHaveProperty('shape', [2 ** 30]);
    expect(() => never(2 ** 20)).toThrow(expect.objectContaining({ code: 'E_LIMIT_RATIO', exit: 5 }));
  });

  it('that was never written has the fill value, from whichever message says it', () => {
    const never = (...fill: Body[]) => plain(of(contiguous(NOWHERE, 0), FLOAT32, space(2), fill));
    const filled = (x: number) => [[2], 'f32', Float32Array.of(x, x)];
    const value = cat(u32(4), f32(1.5));
    expect(never()).toEqual(filled(0));
    expect(never([4, value])).toEqual(filled(1.5));
    expect(never([4, u32(0)])).toEqual(filled(0));
    expect(never([5, cat(Uint8Array.of(1, 2, 2, 1), value)])).toEqual(filled(1.5));
    expect(never([5, cat(Uint8Array.of(1, 2, 2, 0), value)])).toEqual(filled(1.5)); // version 1 has it whether or not it is defined
    expect(never([5, cat(Uint8Array.of(2, 2, 2, 1), value)])).toEqual(filled(1.5));
    expect(never([5, Uint8Array.of(2, 2, 2, 0)])).toEqual(filled(0));
    expect(never([5, cat(Uint8Array.of(3, 0x2a), value)])).toEqual(filled(1.5));
    expect(never([5, cat(Uint8Array.of(3, 0x0a), value)])).toEqual(filled(0));
    // the newer message counts
    expect(never([4, cat(u32(4), f32(9))], [5, cat(Uint8Array.of(3, 0x20), value)])).toEqual(filled(1.5));
    expect(plain(of(contiguous(NOWHERE, 0), BIG16, space(2), [[4, cat(u32(2), Uint8Array.of(1, 0))]]))).toEqual([
      [2],
      'i16',
      Float32Array.of(256, 256),
    ]);
    expect(plain(of(contiguous(NOWHERE, 0), FLOAT64, space(1)))).toEqual([[1], 'f64', Float64Array.of(0)]);
  });

  it.each<[string, Body[], string]>([
    [
      'without a space',
      [
        [3, FLOAT32],
        [8, compact(f32(1, 2))],
      ],
      'E_H5_DATASET the dataset lacks its space, type or layout',
    ],
    [
      'without a type',
      [
        [1, space(2)],
        [8, compact(f32(1, 2))],
      ],
      'E_H5_DATASET the dataset lacks its space, type or layout',
    ],
    [
      'without a layout',
      [
        [1, space(2)],
        [3, FLOAT32],
      ],
      'E_H5_DATASET the dataset lacks its space, type or layout',
    ],
    [
      'in other files',
      of(compact(f32(1, 2)), FLOAT32, space(2), [[7, Buffer.alloc(9)]]),
      'E_H5_EXTERNAL offset 4000: the data are in other files (external storage), which are never opened',
    ],
    [
      'with a shared space',
      [
        [1, space(2), true],
        [3, FLOAT32],
        [8, compact(f32(1, 2))],
      ],
      'E_H5_DATASET offset 1000: a shared dataspace or layout is not read',
    ],
    [
      'with a shared layout',
      [
        [1, space(2)],
        [3, FLOAT32],
        [8, compact(f32(1, 2)), true],
      ],
      'E_H5_DATASET offset 1000: a shared dataspace or layout is not read',
    ],
    [
      'of layout version 2',
      of(compact(f32(1, 2), 2)),
      'E_H5_LAYOUT offset 3000: layout version 2, from before HDF5 1.6.3 or after 1.14 | expected: 3 or 4 | fix: rewrite it with h5repack',
    ],
    [
      'of layout version 5',
      of(compact(f32(1, 2), 5)),
      'E_H5_LAYOUT offset 3000: layout version 5, from before HDF5 1.6.3 or after 1.14 | expected: 3 or 4 | fix: rewrite it with h5repack',
    ],
    ['of class 4', of(Uint8Array.of(3, 4)), 'E_H5_LAYOUT offset 3000: layout class 4'],
    [
      'of parts of other files',
      of(Uint8Array.of(4, 3)),
      'E_H5_VIRTUAL offset 3000: a virtual dataset, made of parts of other files, which are never opened',
    ],
    [
      'of chunks in a new index',
      of(Uint8Array.of(4, 2)),
      "E_H5_LAYOUT dataset 'd': offset 3000: chunks indexed in the way of libver='latest' are not read | fix: in Python: h5py.File(file, 'w') without libver, or h5repack --high=1.8",
    ],
    [
      'of fewer bytes in the header than its shape needs',
      of(compact(f32(1))),
      'E_H5_LAYOUT offset 3004: shape [2] needs 8 bytes, 4 are stored | expected: 8 bytes | found: 4 bytes',
    ],
    [
      'of more bytes elsewhere than its shape needs',
      of(contiguous(0, 12)),
      'E_H5_LAYOUT offset 3018: shape [2] needs 8 bytes, 12 are stored | expected: 8 bytes | found: 12 bytes',
    ],
    ['outside the file', of(contiguous(5, 8)), 'E_H5_ADDRESS data: offset 37: data of 8 bytes lies outside the file of 32'],
    [
      'with a fill value of another size',
      of(contiguous(NOWHERE, 0), FLOAT32, space(2), [[4, cat(u32(2), u16(1))]]),
      'E_H5_FILL a fill value of 2 bytes for a type of 4',
    ],
    [
      'with a fill value of version 4',
      of(contiguous(NOWHERE, 0), FLOAT32, space(2), [[5, Uint8Array.of(4, 0)]]),
      'E_H5_FILL offset 4000: fill value version 4',
    ],
    [
      'with a fill value of version 0',
      of(contiguous(NOWHERE, 0), FLOAT32, space(2), [[5, Uint8Array.of(0, 0)]]),
      'E_H5_FILL offset 4000: fill value version 0',
    ],
    [
      'of 4 GiB',
      of(contiguous(NOWHERE, 0), FLOAT32, space(2 ** 15, 2 ** 15 + 1)),
      '(limit) E_LIMIT_BYTES the tensors need at least 4295098368 bytes of memory; the limit is 4294967296 | expected: at most 4294967296 bytes | found: 4295098368 bytes | fix: raise it with --max-memory if the machine has room',
    ],
  ])('%s is refused', (_, bodies, words) => expect(said(() => read(bodies))).toBe(words));

  it('of strings, or of nothing, is left out', () => {
    const skipped = (type: Uint8Array, shape: Uint8Array) => plain(of(compact(Buffer.alloc(0)), type, shape));
    expect(skipped(typeHead(3, 5), space(2))).toEqual({ skipped: 'holds strings' });
    expect(skipped(typeHead(9, 16, [1, 0, 0]), space(2))).toEqual({ skipped: 'holds strings' });
    expect(skipped(typeHead(2, 4), space(2))).toEqual({ skipped: 'holds no plain numbers (time)' });
    expect(skipped(FLOAT32, Uint8Array.of(2, 0, 0, 2))).toEqual({ skipped: 'is empty (a null space)' });
  });

  it('names the field that is cut off', () => {
    const layout = (bytes: Uint8Array) => fieldsOf(bytes, part => read(of(part)));
    expect(layout(compact(f32(1, 2)))).toEqual([
      '3000: 1 layout version',
      '3001: 1 layout class',
      '3002: 2 compact size',
      '3004: 8 compact data',
    ]);
    expect(layout(contiguous(0, 8)).slice(2)).toEqual(['3002: 8 data address', '3010: 8 data size']);
    const fill = (type: number, bytes: Uint8Array) =>
      fieldsOf(bytes, part => read(of(contiguous(NOWHERE, 0), FLOAT32, space(2), [[type, part]])));
    expect(fill(4, cat(u32(4), f32(1)))).toEqual(['4000: 4 fill size', '4004: 4 fill value']);
    expect(fill(5, cat(Uint8Array.of(2, 1, 1, 1), u32(4), f32(1)))).toEqual([
      '4000: 1 fill version',
      '4001: 2 fill times',
      '4003: 1 fill defined',
      '4004: 4 fill size',
      '4008: 4 fill value',
    ]);
    expect(fill(5, cat(Uint8Array.of(3, 0x20), u32(4), f32(1)))).toEqual([
      '4000: 1 fill version',
      '4001: 1 fill flags',
      '4002: 4 fill size',
      '4006: 4 fill value',
    ]);
  });
});

it('a dataset has a layout or a space', () => {
  expect(
    [1, 8].map(type =>
      isDataset(
        messagesOf([
          [3, FLOAT32],
          [type, FLOAT32],
        ]),
      ),
    ),
  ).toEqual([true, true]);
  expect(
    [2, 5, 12].map(type =>
      isDataset(
        messagesOf([
          [3, FLOAT32],
          [type, FLOAT32],
        ]),
      ),
    ),
  ).toEqual([false, false, false]);
});
