import fc from 'fast-check';
import { CELLS } from '../../src/cells/index.js';
import type { EngineInput } from '../../src/engines/engine.js';
import { getEngine } from '../../src/engines/index.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import type { ModelSpec } from '../../src/model/spec.js';
import { largestDifference, largestMagnitude } from '../../src/tensor/difference.js';
import { concatFirst, sliceFirst } from '../../src/tensor/layout.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';
import type { Weights } from '../../src/weights/weights.js';
import { type RandomNetwork, randomNetwork } from '../helpers/architectures.js';
import { cases } from '../helpers/effort.js';

/** manual against batched on random networks: the same equations over other products, layouts and precisions. */

interface Drawn {
  readonly model: ModelSpec;
  readonly weights: Weights;
  readonly input: EngineInput;
}

function draw({ spec, N, T, D }: RandomNetwork, seed: number, masked: boolean): Drawn {
  const model = checkSpec(spec);
  const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: String(seed), init: 'torch', rng: 'seedrandom' });
  const x = drawInput([N, T, D], { seed: String(seed) });
  const mask = masked ? Uint8Array.from({ length: N * T }, (_, k) => ((k * 7919 + seed) % 5 === 0 ? 0 : 1)) : undefined;
  return { model, weights, input: { x, mask } };
}

const run = (name: 'manual' | 'batched', { model, weights, input }: Drawn, dtype: 'f32' | 'f64') =>
  getEngine(name).run(model, weights, input, { dtype, threads: 1, trace: true });

it('manual and batched agree in float64 to rounding, and in float32 to 2e-6 of the largest value', async () => {
  await fc.assert(
    fc.asyncProperty(randomNetwork, fc.nat(1000), fc.boolean(), async (network, seed, masked) => {
      const drawn = draw(network, seed, masked);
      const manual = await run('manual', drawn, 'f64');
      const batched64 = await run('batched', drawn, 'f64');
      const batched = await run('batched', drawn, 'f32');
      const scale = Math.max(1, largestMagnitude(manual.y.data));
      expect(batched64.y.shape).toEqual(manual.y.shape);
      expect(largestDifference(manual.y.data, batched64.y.data).abs / scale).toBeLessThan(1e-12);
      expect(largestDifference(manual.y.data, batched.y.data).abs / scale).toBeLessThan(4e-6);
      for (const [name, layer] of manual.layers) {
        layer.traces?.forEach((trace, way) => {
          const other = batched64.layers.get(name)!.traces![way];
          expect(largestDifference(trace.gates.data, other.gates.data).abs).toBeLessThan(1e-11 * scale);
          trace.states.forEach((s, i) => {
            expect(largestDifference(s.data, other.states[i].data).abs).toBeLessThan(1e-11 * scale);
          });
        });
      }
    }),
    { numRuns: cases(150) },
  );
});

it('batched gives each sample the bits it has alone', async () => {
  await fc.assert(
    fc.asyncProperty(randomNetwork, fc.nat(1000), async (network, seed) => {
      const drawn = draw(network, seed, false);
      const whole = await run('batched', drawn, 'f32');
      const parts = [];
      for (let n = 0; n < network.N; n++)
        parts.push((await run('batched', { ...drawn, input: { x: sliceFirst(drawn.input.x, n, n + 1) } }, 'f32')).y);
      expect(concatFirst(parts).data).toEqual(whole.y.data);
    }),
    { numRuns: cases(100) },
  );
});

it('a mask of all ones changes no bit', async () => {
  await fc.assert(
    fc.asyncProperty(randomNetwork, fc.nat(1000), async (network, seed) => {
      const drawn = draw(network, seed, false);
      const masked = { ...drawn, input: { ...drawn.input, mask: new Uint8Array(network.N * network.T).fill(1) } };
      expect((await run('batched', masked, 'f32')).y.data).toEqual((await run('batched', drawn, 'f32')).y.data);
    }),
    { numRuns: cases(100) },
  );
});

describe('cells', () => {
  it.each(CELLS.map(c => [c.name, c] as const))("%s: every framework's gate order is a permutation of its gates", (_, cell) => {
    for (const row of [cell.keras, cell.torch, cell.onnx]) {
      if (row) expect([...row.gates].sort()).toEqual([...cell.gates].sort());
    }
  });

  it('have names of their own', () => {
    expect(new Set(CELLS.map(c => c.name)).size).toBe(CELLS.length);
  });
});
