import type { Hypothesis } from './hypothesis.js';

/** The notebook's second mistake: the Dense layer sits on the input, so y has one row per time step. */
export const headOnInput: Hypothesis = {
  name: 'head-on-input',
  why: 'The Dense layer is on the input, not on the last h: it was called with the input tensor, and the recurrent layer is left out.',
  fix: 'x = SimpleRNN(M)(i)\nx = Dense(K)(x)            # ← on x, the output of the layer before, not on i',
  applies: ({ model }) => model.layers.some(l => l.kind === 'dense'),
  fromShapes({ input }, expected, actual) {
    const [N, T] = input.x.shape;
    const K = expected[expected.length - 1];
    const perStep = [N, T, K];
    const same = (shape: readonly number[]) => actual.length === shape.length && actual.every((n, i) => n === shape[i]);
    const tells = expected.length === 2 && (same(perStep) || (N === 1 && T !== 1 && same([T, K])));
    return tells
      ? `yours (${actual.join(',')}), right (${expected.join(',')}): one row per time step, so the Dense layer is on the input, not on the last h`
      : undefined;
  },
};
