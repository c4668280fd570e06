import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgetKernels } from '../../src/engines/batched/kernel.js';
import { hashesOf, NETWORKS } from '../helpers/determinism.js';
import { compiledKernel } from '../helpers/kernel.js';

/** y of every network, bit for bit as it was written down: on this machine, with this Node, whatever the samples at a time and the threads. */
const TABLE = JSON.parse(readFileSync(join(__dirname, 'hashes.json'), 'utf8')) as Record<string, unknown>;

it('the table is of these networks', () => {
  expect(Object.keys(TABLE)).toEqual(NETWORKS);
  expect(new Set(Object.values(TABLE).map(row => JSON.stringify(row))).size).toBe(NETWORKS.length);
});

describe.each(['plain TypeScript', 'the WASM kernel'])('on %s', how => {
  beforeAll(async () => {
    forgetKernels();
    if (how === 'the WASM kernel') await compiledKernel();
  });

  it.each(NETWORKS)('%s', async line => {
    for (const [samples, threads] of [
      [7, 1],
      [1, 1],
      [3, 2],
      [7, 4],
    ]) {
      expect([samples, threads, await hashesOf(line, samples, threads)]).toEqual([samples, threads, TABLE[line]]);
    }
  });
});
