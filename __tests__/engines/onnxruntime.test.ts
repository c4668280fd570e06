/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import { differences, hasOnnxruntime } from '../helpers/differential.js';

/** The same networks on three engines; scripts/differential.mjs does it with as many as one likes. */
const NETWORKS = 150;
const ALLOWED = 2e-6;

it(`agrees with manual and batched on ${NETWORKS} random networks`, async () => {
  const there = await hasOnnxruntime();
  if (!there) console.warn('onnxruntime-node is not installed (npm ci --prefix bench): manual is compared with batched alone');
  const found = await Promise.all(Array.from({ length: NETWORKS }, (_, seed) => differences(seed, there)));
  expect(found.filter(d => !(d.batched <= ALLOWED) || !((d.onnxruntime ?? 0) <= ALLOWED))).toEqual([]);
  // ONNX has no LSTM projection
  if (there) expect(found.filter(d => d.onnxruntime === undefined).length).toBeLessThan(NETWORKS / 10);
  // equal bits everywhere would be one engine compared with itself
  expect(found.filter(d => d.batched > 0).length).toBeGreaterThan(NETWORKS / 2);
});
