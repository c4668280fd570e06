import { closeSync, openSync, writeSync } from 'node:fs';

/** T steps of D features into M units. */
export const WORKLOAD = { T: 20, D: 4, M: 16 };

const BLOCK = 10_000;

/** X [N, T, D], uniform in ±1 from a fixed generator, as float32 .npy; never in memory as a whole. */
export function writeInput(path, N) {
  const { T, D } = WORKLOAD;
  const file = openSync(path, 'w');
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${N}, ${T}, ${D}), }`.padEnd(117);
  writeSync(file, Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]), Buffer.from(`${header}\n`)]));
  let state = 1;
  for (let from = 0; from < N; from += BLOCK) {
    const block = new Float32Array(Math.min(BLOCK, N - from) * T * D);
    for (let k = 0; k < block.length; k++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      block[k] = state / 2 ** 31 - 1;
    }
    writeSync(file, Buffer.from(block.buffer));
  }
  closeSync(file);
}
