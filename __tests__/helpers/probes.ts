import { runInMemory } from '../../src/run/inMemory.js';
import type { CompareRequest } from '../../src/run/request.js';
import { bytesOf, type temporaryFolder } from './files.js';

/** Networks whose weights and x a test reads as nested arrays, for loops of its own; and the request that reads them back. */

export type Rows = number[][];
export const times = (v: number[], W: Rows) => W[0].map((_, k) => v.reduce((sum, a, j) => sum + a * W[j][k], 0));
export const add = (a: number[], b: number[]) => a.map((v, k) => v + b[k]);

export interface Probe {
  x: number[][][];
  of(name: string): any;
}

export function probesIn(folder: ReturnType<typeof temporaryFolder>) {
  /** Random x (tokens of an embedding) and weights with biases, and the request that reads them back. */
  async function probe(layers: string, D = 2): Promise<{ probe: Probe; request: CompareRequest }> {
    const { input: drawn, weights: all } = await runInMemory({
      layers,
      ...(layers.startsWith('embedding') ? {} : { D }),
      N: 3,
      T: 6,
      init: 'torch',
    });
    const nest = ({ shape, data }: { shape: readonly number[]; data: ArrayLike<number> }): any => {
      const build = (axis: number, at: number, size: number): any =>
        axis === shape.length
          ? data[at]
          : Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, at + (i * size) / shape[axis], size / shape[axis]));
      return build(0, 0, data.length);
    };
    const weights = folder.write(
      `${layers.replace(/\W/g, '-')}.npz`,
      await bytesOf('npz', Object.fromEntries([...all].map(([k, t]) => [k, { shape: t.shape, data: Float64Array.from(t.data) }]))),
    );
    const input = folder.write(
      `${layers.replace(/\W/g, '-')}-x.npy`,
      await bytesOf('npy', { npy: { shape: drawn.x.shape, data: Float64Array.from(drawn.x.data) } }),
    );
    return { probe: { x: nest(drawn.x), of: name => nest(all.get(name)!) }, request: { layers, weights, input } };
  }

  async function against(name: string, y: any): Promise<string> {
    const shape: number[] = [];
    for (let v = y; Array.isArray(v); v = v[0]) shape.push(v.length);
    return folder.write(`${name}.npy`, await bytesOf('npy', { npy: { shape, data: Float64Array.from(y.flat(Infinity)) } }));
  }

  return { probe, against };
}
