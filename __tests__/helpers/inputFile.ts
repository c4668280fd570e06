import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTensors } from '../../src/formats/index.js';
import { precisionOf, type Tensor } from '../../src/tensor/tensor.js';

/** Runs `body` with the path of a .npy file that holds the tensor, and removes it. */
export async function withInputFile<T>(x: Tensor, body: (path: string) => Promise<T>): Promise<T> {
  return withFolder(async folder => {
    const path = join(folder, 'x.npy');
    writeFileSync(path, await writeTensors('npy', new Map([['x', { ...x, dtype: precisionOf(x) }]])));
    return body(path);
  });
}

export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `body` with the path of a .npz file that holds the arrays by name. */
export async function withArraysFile<T>(arrays: ReadonlyMap<string, Tensor>, body: (path: string) => Promise<T>): Promise<T> {
  return withFolder(async folder => {
    const path = join(folder, 'inputs.npz');
    const tensors = new Map([...arrays].map(([name, t]) => [name, { ...t, dtype: precisionOf(t) }]));
    writeFileSync(path, await writeTensors('npz', tensors));
    return body(path);
  });
}
