import os from 'node:os';
import { useThreads } from './engine.js';
import { useRelaxedSimdFlag } from './kernel.js';

/** Importing this module provides the engine with Node's threads. Without it, as in a browser, one thread computes the same bits. */
useThreads({
  available: () => os.availableParallelism(),
  poolOf: async (kernel, threads) => (await import('./pool.js')).poolOf(kernel, threads),
});
useRelaxedSimdFlag(async () => (await import('node:v8')).setFlagsFromString('--experimental-wasm-relaxed-simd'));
