import type { EngineOutput } from '../engines/engine.js';
import { isRecurrent } from '../model/spec.js';
import { concatFirst, sliceFirst } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Hypothesis, Subject } from './hypothesis.js';

/** The notebook's first mistake: h is set to zero once, before the loop over samples. */
export const stateCarry: Hypothesis = {
  name: 'state-carry',
  why: 'The hidden state is not set back to zero between samples: sample 2 starts with the last h of sample 1.\nSample 1 is right and every later one is slightly off, which is easy to miss when rounding.',
  fix: 'for n in range(N):\n    h = np.zeros(M)          # ← inside the loop over samples\n    for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)',
  applies: ({ model, input }) => input.x.shape[0] > 1 && model.layers.some(isRecurrent),
  recompute: carried,
};

/** Sample after sample, each starting with the states the one before left. */
async function carried({ model, weights, input, run }: Subject): Promise<EngineOutput> {
  const { x, mask, initialStates } = input;
  const [N, T] = x.shape;
  const outputs: EngineOutput[] = [];
  let states: ReadonlyMap<string, readonly Tensor[]> | undefined =
    initialStates && new Map([...initialStates].map(([name, all]) => [name, all.map(s => sliceFirst(s, 0, 1))]));
  for (let n = 0; n < N; n++) {
    const output = await run(model, weights, {
      x: sliceFirst(x, n, n + 1),
      mask: mask?.subarray(n * T, (n + 1) * T),
      initialStates: states,
    });
    outputs.push(output);
    states = new Map(model.layers.filter(isRecurrent).map(l => [l.name, output.layers.get(l.name)!.states!]));
  }
  return { ...outputs[N - 1], y: concatFirst(outputs.map(o => o.y)) };
}
