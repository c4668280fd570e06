import { runScenario, scenarioOf } from '../../src/diagnosis/index.js';
import type { LoopFault } from '../../src/diagnosis/scenario.js';
import type { Kernel } from '../../src/engines/batched/kernel.js';
import { prepare } from '../../src/run/prepare.js';
import { largestDifference } from '../../src/tensor/difference.js';
import { compiledKernel } from '../helpers/kernel.js';

/** Mistakes in where a loop starts and ends, by the batched engine's kernel, against the loops that are written for mistakes. */
const FAULTS: Record<string, LoopFault> = {
  none: {},
  'all states of the sample before': { carry: { what: 'all', by: 'sample' } },
  'h of the sample before': { carry: { what: 'h', by: 'sample' } },
  'c of the sample two before': { carry: { what: 'c', by: 'sample', lag: 2 } },
  'without the first steps': { skip: { first: 3, last: 0 } },
  'without the last steps': { skip: { first: 1, last: 2 } },
};

let kernel: Kernel;
beforeAll(async () => {
  kernel = await compiledKernel();
});

const NETWORKS = ['lstm:20,dense:3', 'gru:21+seq,rnn:18', 'bilstm:17+seq', 'rnn:22,dense:2'];

for (const layers of NETWORKS) {
  for (const lengths of [undefined, '9,4,7,9,1']) {
    it(`${layers}${lengths ? ', masked' : ''}: y is the same but for float32`, async () => {
      const { network, weights, input } = await prepare({ layers, N: 5, T: 9, D: 19, ...(lengths ? { lengths } : {}) });
      const right = scenarioOf(network.model, weights, input);
      const names = network.model.layers.filter(l => l.kind !== 'dense').map(l => l.name);
      for (const [what, fault] of Object.entries(FAULTS)) {
        const scenario = { ...right, loops: new Map(names.map(name => [name, fault])) };
        const [loop, fused] = [runScenario(scenario), runScenario(scenario, { fused: kernel })];
        expect([what, fused!.y.shape]).toEqual([what, loop!.y.shape]);
        expect([what, largestDifference(loop!.y.data, fused!.y.data).abs < 2e-6]).toEqual([what, true]);
      }
    });
  }
}
