import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '../../src/engines/batched/node.js';
import { type Kernel, useKernel } from '../../src/engines/batched/kernel.js';

/** The kernel compiled from the sources as they stand. Source run by jest has none built in, so `useKernel` gives the engine this one. */
export async function compiledKernel(fast = false): Promise<Kernel> {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-kernel-'));
  try {
    execFileSync(process.execPath, [join(__dirname, '../../scripts/assembly.mjs'), folder]);
    const kernel = await useKernel(readFileSync(join(folder, fast ? 'kernel-fast.wasm' : 'kernel.wasm')), fast);
    if (!kernel) throw new Error('this Node cannot run the kernel');
    return kernel;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
