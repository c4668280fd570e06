import { createHash } from 'node:crypto';
import { getEngine } from '../../src/engines/index.js';
import { checkSpec } from '../../src/model/check.js';
import { parseLayers } from '../../src/model/parse.js';
import { inferSequences } from '../../src/model/sequences.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { concatFirst, sliceFirst } from '../../src/tensor/layout.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';

/** The networks whose every output bit is written down: all cells, options, merge modes, heads; sizes that miss each other and any unroll. */
const CELLS = ['rnn', 'lstm', 'gru'];
const LINES: readonly string[] = [
  ...CELLS.flatMap(cell => [
    `${cell}:1,dense:1`,
    `${cell}:5,dense:2`,
    `${cell}:17+seq,dense:3@softmax`,
    `bi${cell}:7,dense:4@sigmoid`,
    `bi${cell}:6+seq+sum,maxpool,dense:3`,
    `bi${cell}:3+ave,dense:2`,
    `bi${cell}:3+mul,dense:2`,
    `${cell}:9+seq,${cell}:4+backwards,dense:5@gelu`,
    `${cell}:8@relu,dense:2`,
    `${cell}:33+nobias+seq,avgpool,dense:3@elu`,
  ]),
  'gru:11+resetbefore,dense:3',
  'gru:64,dense:10',
  'lstm:64,gru:32,dense:10',
  'lstm:12+proj=5,dense:3',
  'rnn:20@softsign+x3,dense:7',
  'lstm:130+seq,last,dense:2@tanh',
];
const SIZES = { N: 7, T: 13, D: 3 };

export interface Hashes {
  /** sha256 of y as little-endian float64 or float32 */
  readonly manual: string;
  readonly f64: string;
  readonly f32: string;
}

export const NETWORKS = LINES;

/** Every network on every engine and precision. `samples` at a time: the bits must not depend on it. */
export async function hashesOf(line: string, samples: number, threads = 1): Promise<Hashes> {
  const { N, T, D } = SIZES;
  const { layers } = parseLayers(line);
  const model = checkSpec({ input: { timesteps: T, features: D }, layers: inferSequences(layers, false) });
  const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: '7', init: 'torch', rng: 'seedrandom' });
  const x = drawInput([N, T, D], { seed: '7' });
  const run = async (engine: string, dtype: 'f32' | 'f64') => {
    const parts: Tensor[] = [];
    for (let from = 0; from < N; from += samples) {
      const part = sliceFirst(x, from, Math.min(N, from + samples));
      parts.push((await getEngine(engine).run(model, weights, { x: part }, { dtype, threads, trace: false })).y);
    }
    return sha256(concatFirst(parts));
  };
  return { manual: await run('manual', 'f64'), f64: await run('batched', 'f64'), f32: await run('batched', 'f32') };
}

function sha256({ data }: Tensor): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
    .slice(0, 32);
}

/** The whole table, for the file it is kept in and for other Nodes. */
export async function hashTable(samples: number, threads: number): Promise<Record<string, Hashes>> {
  const table: Record<string, Hashes> = {};
  for (const line of NETWORKS) table[line] = await hashesOf(line, samples, threads);
  return table;
}
