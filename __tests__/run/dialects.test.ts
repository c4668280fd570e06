import type { TensorFile } from '../../src/formats/format.js';
import { dialectOf } from '../../src/run/files/describedFile.js';
import { tensorFrom } from '../../src/run/input/arraysInMemory.js';

const fileOf = (version: string | undefined) =>
  ({ metadata: new Map(version === undefined ? [] : [['keras_version', version]]) }) as unknown as TensorFile;

it.each([
  [undefined, 'keras3'],
  ['', 'keras3'],
  ['3.0.0', 'keras3'],
  ['3.14.1', 'keras3'],
  ['12.0.0', 'keras3'],
  ['1.2.2', 'standalone'],
  ['2.0.9', 'standalone'],
  ['2.2.4', 'standalone'],
  ['2.3.1', 'standalone'],
  ['2.3.0-tf', 'keras2'],
  ['2.2.4-tf', 'keras2'],
  ['2.4.0', 'keras2'],
  ['2.15.0', 'keras2'],
])('a file of Keras %s is written in the dialect %s', (version, dialect) => {
  expect(dialectOf(fileOf(version))).toBe(dialect);
});

it('an array of a library call keeps its numbers and their type; every other type is read as float64', () => {
  for (const data of [Float32Array.of(1, 2.5), Float64Array.of(1, 2.5)]) expect(tensorFrom('x', { shape: [2], data }).data).toBe(data);
  for (const data of [Int32Array.of(1, 2), Uint8Array.of(1, 2), [1, 2]])
    expect(tensorFrom('x', { shape: [2], data }).data).toEqual(Float64Array.of(1, 2));
  expect(
    tensorFrom('x', [
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ).toEqual({ shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) });
  expect(tensorFrom('x', [])).toEqual({ shape: [0], data: new Float64Array(0) });
});

it.each([
  ['has no shape of whole numbers', null],
  ['has no shape of whole numbers', { data: [1] }],
  ['has no shape of whole numbers', { shape: [1.5], data: [1] }],
  ['has no shape of whole numbers', { shape: [-1], data: [1] }],
  ['has no data: a Float32Array, a Float64Array or an array of numbers', { shape: [1] }],
  ['has no data: a Float32Array, a Float64Array or an array of numbers', { shape: [1], data: ['1'] }],
  ['has no data: a Float32Array, a Float64Array or an array of numbers', { shape: [1], data: new DataView(new ArrayBuffer(8)) }],
  ['has no data: a Float32Array, a Float64Array or an array of numbers', { shape: [1], data: BigInt64Array.of(1n) }],
  ['has 1 numbers, and its shape [2, 1] has 2', { shape: [2, 1], data: [1] }],
  ['has lists of different lengths, or an element that is not a number', [[1, 2], [3]]],
  ['has lists of different lengths, or an element that is not a number', [[1, 2], 3]],
  ['has lists of different lengths, or an element that is not a number', [1, [2]]],
  ['has lists of different lengths, or an element that is not a number', ['1']],
])('an array of a library call that %s is refused', (problem, array) => {
  expect(() => tensorFrom('x', array)).toThrow(
    expect.objectContaining({
      kind: 'usage',
      code: 'E_ARRAY',
      message: `x ${problem}`,
      where: 'x',
      expected: 'a path, { shape, data } or nested lists of numbers',
    }),
  );
});
