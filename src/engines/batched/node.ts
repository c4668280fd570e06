import os from 'node:os';
import { useThreads } from './engine.js';
import { useBase64, useRelaxedSimdFlag } from './kernel.js';

/** Importing this module provides the engine with Node's threads. Without it, as in a browser, one thread computes the same bits. */
useThreads({
  available: () => os.availableParallelism(),
  poolOf: async (kernel, threads) => (await import('./pool.js')).poolOf(kernel, threads),
});
useBase64(text => Buffer.from(text, 'base64'));
useRelaxedSimdFlag(async () => (await import('node:v8')).setFlagsFromString('--experimental-wasm-relaxed-simd'));
