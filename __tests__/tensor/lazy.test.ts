import fc from 'fast-check';
import { concatFirst, concatLast, permuteBlocks, sliceLast, transpose } from '../../src/tensor/layout.js';
import { keep, lazy, load, rowPieces } from '../../src/tensor/lazy.js';
import {
  type FloatArray,
  type Precision,
  precisionOf,
  reshape,
  sizeOf,
  sliceRow,
  type Tensor,
  toPrecision,
} from '../../src/tensor/tensor.js';
import { again } from '../../src/tensor/turnedBack.js';
import { cases } from '../helpers/effort.js';

/** The numbers 0, 1, 2 … as a file would give them, and how often it was asked. */
function inFile(shape: readonly number[], precision: Precision = 'f32') {
  const numbers = Float64Array.from({ length: sizeOf(shape) }, (_, k) => k);
  const all: FloatArray = precision === 'f32' ? Float32Array.from(numbers) : numbers;
  const asked = { whole: 0, parts: 0 };
  const tensor = lazy(
    shape,
    precision,
    () => {
      asked.whole++;
      return all.slice();
    },
    (first, count, out) => {
      asked.parts++;
      const some = all.slice(first, first + count);
      out?.set(some);
      return out ?? some;
    },
  );
  return { tensor, asked, plain: { shape, data: all } };
}

/** Each row a block: as PyTorch's weights become ours and then ONNX'. */
function turnedTwice(t: Tensor): Tensor {
  const rows = [...Array(t.shape[0]).keys()];
  const ours = permuteBlocks(transpose(t), rows.toReversed());
  return transpose(permuteBlocks(again(ours), [...rows.slice(1), 0]));
}

const size = fc.integer({ min: 1, max: 9 });
const OPERATIONS: readonly (readonly [string, (t: Tensor) => Tensor])[] = [
  ['transposed', t => transpose(t)],
  ['with its blocks in another order', t => permuteBlocks(concatLast([t, t, t]), [2, 0, 1])],
  ['turned, then with its columns in another order', t => permuteBlocks(transpose(t), [...Array(t.shape[0]).keys()].reverse())],
  ['turned, with blocks of columns in another order, and turned back', turnedTwice],
  ['one row', t => sliceRow(t, t.shape[0] - 1)],
  ['another shape', t => reshape(t, [1, ...t.shape])],
  ['a row of another shape, turned', t => transpose(sliceRow(reshape(t, [1, ...t.shape]), 0))],
  ['some columns', t => sliceLast(t, 0, 1)],
  ['twice, one after the other', t => concatFirst([t, t])],
  ['twice as two directions, each turned', t => concatFirst([t, t].map(one => reshape(transpose(one), [1, ...transpose(one).shape])))],
  ['turned, its rows in one', t => reshape(transpose(t), [sizeOf(t.shape)])],
  ['in double precision', t => toPrecision(t, 'f64')],
];

describe('a tensor whose numbers are in a file', () => {
  it.each(OPERATIONS)('%s is what it is of numbers in memory, whole and in pieces, and asks for none before', (_, operation) => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 40 }), (A, B, most) => {
        const { tensor, asked, plain } = inFile([A, B]);
        const late = operation(tensor);
        const expected = operation(plain);
        expect([late.shape, precisionOf(late), asked]).toEqual([expected.shape, precisionOf(expected), { whole: 0, parts: 0 }]);
        const pieces: number[] = [];
        for (const { numbers } of rowPieces(late, undefined, most)) pieces.push(...numbers);
        const rooms: number[] = [];
        for (const { numbers } of rowPieces(late, count => new Float64Array(count), most)) rooms.push(...numbers);
        for (const found of [pieces, rooms, load(late), late.data]) expect([...found]).toEqual([...expected.data]);
      }),
      { numRuns: cases(60) },
    );
  });

  it('is read once by data, at every load, and in parts without being kept', () => {
    const { tensor, asked } = inFile([3, 4]);
    expect([load(tensor), load(tensor)].map(a => a.length)).toEqual([12, 12]);
    expect(asked.whole).toBe(2);
    const pieces = [...rowPieces(tensor, undefined, 8)].map(({ from, count, numbers }) => [from, count, numbers.length]);
    expect(pieces).toEqual([
      [0, 2, 8],
      [2, 1, 4],
    ]);
    expect(asked).toEqual({ whole: 2, parts: 2 });
    keep([tensor]);
    expect(tensor.data).toBe(tensor.data);
    expect(load(tensor)).toBe(tensor.data);
    expect([...rowPieces(tensor, undefined, 8)][1].numbers).toEqual(Float32Array.of(8, 9, 10, 11));
    expect(asked).toEqual({ whole: 3, parts: 2 });
  });

  it('turned and turned back asks for each number once', () => {
    const { tensor, asked } = inFile([6, 4]);
    const there = permuteBlocks(transpose(tensor), [2, 0, 1]);
    const back = transpose(permuteBlocks(again(there), [0, 2, 1]));
    const rows: number[] = [];
    for (const { numbers } of rowPieces(back, undefined, 8)) rows.push(...numbers);
    const block = (k: number) => [...Array(8).keys()].map(i => 8 * k + i);
    expect(rows).toEqual([2, 1, 0].flatMap(block));
    expect(asked).toEqual({ whole: 0, parts: 3 });
  });

  it('is its numbers where it is copied or compared', () => {
    const { tensor } = inFile([2]);
    expect({ ...tensor }).toEqual({ shape: [2], data: Float32Array.of(0, 1) });
    expect(Object.keys(tensor)).toEqual(['shape', 'data']);
  });

  it('has rows in pieces also where some cost as much as all, and where it is a scalar', () => {
    const whole = lazy([2, 2], 'f64', () => Float64Array.of(1, 2, 3, 4));
    expect([...rowPieces(whole, undefined, 1)].map(p => [...p.numbers])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect([...rowPieces({ shape: [], data: Float32Array.of(7) })]).toEqual([{ from: 0, count: 1, numbers: Float32Array.of(7) }]);
  });
});
