import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileTensor } from '../../src/formats/format.js';
import { writeTensors } from '../../src/formats/index.js';

/** A folder of files that are wrong in one way each, and some right ones, for the calls of wrongCalls.txt. @returns its path */
export async function wrongFiles(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-wrong-'));
  const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, 'folder'));
  put('net.json', '{"layers":[{"kind":"rnn","units":5}]}');
  put('broken.json', '{"layers":[\n  {"kind":"rnn" "units":5}\n]}');
  put('badkey.json', '{"layers":[{"kind":"rnn","unit":5}]}');
  put('badkind.json', '{"layers":[{"kind":"conv1d","units":5}]}');
  put('badunits.json', '{"layers":[{"kind":"rnn","units":"16"}]}');
  put('cycle.json', '{"layers":[{"kind":"rnn","units":5,"inputs":["later"]},{"kind":"dense","units":2,"name":"later"}]}');
  put('ragged.csv', '1,2,3\n4,5,6\n7,8\n');
  put('words.csv', '1,2,3\n4,five,6\n');
  put('text.npz', 'this is no zip');
  put('empty.npy', '');
  const npy = (shape: number[], value = 0.5): Promise<Uint8Array> => writeTensors('npy', new Map([['x', filled(shape, value)]]));
  put('flat.npy', await npy([7]));
  put('x3.npy', await npy([2, 10, 3]));
  put('x5.npy', await npy([2, 10, 5]));
  put('y.npy', await npy([1, 2]));
  put('exists.npy', await npy([1, 2]));
  put('h5.npy', await npy([1, 5]));
  put('h7.npy', await npy([1, 7]));
  put('m.npy', await npy([1, 10], 1));
  put('nan.npy', await npy([1, 10, 3], Number.NaN));
  put('truncated.npy', (await npy([2, 10, 3])).subarray(0, 200));
  put(
    'two.npz',
    await writeTensors(
      'npz',
      new Map([
        ['a', filled([1, 10, 3], 1)],
        ['b', filled([1, 10, 3], 2)],
      ]),
    ),
  );
  const weights = [[3, 5], [5, 5], [5], [5, 2], [2]].map((shape, i) => [`arr_${i}`, filled(shape, 0.1)] as const);
  put('w.npz', await writeTensors('npz', new Map(weights)));
  put('halfw.npz', await writeTensors('npz', new Map(weights.slice(0, 2))));
  return folder;
}

function filled(shape: number[], value: number): FileTensor {
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, data: new Float32Array(size).fill(value), dtype: 'f32' };
}
