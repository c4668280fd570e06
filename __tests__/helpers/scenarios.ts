import type { Outcome } from '../../src/diagnosis/run.js';
import { runScenario } from '../../src/diagnosis/run.js';
import { type Scenario, scenarioOf } from '../../src/diagnosis/scenario.js';
import type { EngineInput } from '../../src/engines/engine.js';
import { type MemoryRequest, runInMemory } from '../../src/run/inMemory.js';
import { sizeOf, type Tensor } from '../../src/tensor/tensor.js';

/** A network with random weights and biases as the diagnosis sees it, and its right y. @param input in place of the drawn one, or parts of it */
export async function scenarioIn(
  request: MemoryRequest,
  change: { weights?: (name: string, t: Tensor) => Tensor; input?: Partial<EngineInput> } = {},
): Promise<{ scenario: Scenario; right: Outcome }> {
  const { network, weights, input } = await runInMemory({ init: 'torch', seed: '7', ...request });
  const own = new Map([...weights].map(([name, t]) => [name, change.weights?.(name, t) ?? t]));
  const scenario = scenarioOf(network.model, own, { ...input, ...change.input });
  return { scenario, right: runScenario(scenario)! };
}

/** Numbers by their place. */
export function tensor(shape: readonly number[], at: (k: number) => number): Tensor {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, k) => at(k)) };
}
