import type { ActivationSpec } from '../../activations/activation.js';
import { activated } from '../../layers/activation.js';
import type { RecurrentSpec } from '../../model/spec.js';
import { concatLast, sliceLast } from '../../tensor/layout.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { Mismatch } from '../affine.js';
import {
  changeLayer,
  inLoops,
  type LoopFault,
  mapData,
  mistake,
  recurrentLayers,
  runScenario,
  type Scenario,
  type Way,
  withSteps,
} from '../mistake.js';
import { insertAfter, pools } from './heads.js';
import { withX } from './inputs.js';
import { inputWidth } from './kernels.js';

/** Something added or missing between the layers: a normalisation, an activation, a sum, a direction, y fed back as x. */

/** Each row minus its mean, divided by its standard deviation. */
function normalised(t: Tensor, epsilon: number): Tensor {
  const K = t.shape[t.shape.length - 1];
  const data = Float64Array.from(t.data);
  for (let r = 0; r < data.length; r += K) {
    let [mean, square] = [0, 0];
    for (let k = 0; k < K; k++) mean += data[r + k] / K;
    for (let k = 0; k < K; k++) square += (data[r + k] - mean) ** 2 / K;
    for (let k = 0; k < K; k++) data[r + k] = (data[r + k] - mean) / Math.sqrt(square + epsilon);
  }
  return { shape: t.shape, data };
}

/** The fault in all layers but the last, that is between the layers, if there is more than one such place. */
export function betweenLayers(layers: readonly RecurrentSpec[], fault: LoopFault, more: Partial<Way>): Way[] {
  return layers.length > 2 ? inLoops(layers.slice(0, -1), fault, more).filter(v => v.layer === null) : [];
}

/** Inserts a layer after the one that reduces the steps. */
function afterPool(scenario: Scenario, layer: Readonly<Record<string, unknown>>, more: Partial<Way>): Way[] {
  return pools(scenario)
    .slice(0, 1)
    .map(({ name }) => ({ layer: name, change: s => insertAfter(s, name, layer), ...more }));
}

export const layerNormAdded = mistake('layer-norm-added', 'a LayerNormalization follows a recurrent layer', ['insideStep', 'alone'], {
  why: 'h is normalised after a recurrent layer (mean 0 and deviation 1 over its units): a LayerNormalization that the network does not have.',
  numpy: 'y = h @ Wo + bo               # ← h as it is',
  keras: 'x = LSTM(M)(i)                # ← no LayerNormalization after it',
  torch: 'y = fc(out[:, -1])            # ← not fc(norm(out[:, -1]))',
  variants: scenario =>
    [1e-5, 1e-3].flatMap(epsilon => {
      const does = `normalised over its units, as a LayerNormalization with epsilon = ${epsilon} does; the network has none there`;
      const norm = { kind: 'layernorm', axis: [-1], epsilon, center: false, scale: false, rmsScaling: false };
      const fault = { merged: (t: Tensor) => normalised(t, epsilon) };
      const layers = recurrentLayers(scenario).filter(l => l.units > 1);
      return [
        ...inLoops(layers, fault, { why: `The h of @ is ${does}.` }),
        ...betweenLayers(layers, fault, { why: `The h of @ but the last is ${does}.` }),
        ...afterPool(scenario, norm, { why: `What the pooling gives is ${does}.` }),
      ];
    }),
});

export const activationAdded = mistake('activation-added', 'an activation follows a recurrent layer', ['insideStep', 'alone'], {
  why: 'h goes through an activation (relu, tanh) before the next layer reads it; the network has none there.',
  numpy: 'y = h @ Wo + bo               # ← h as it is, no activation',
  keras: 'x = LSTM(M)(i)                # ← no Activation after it',
  torch: 'y = fc(out[:, -1])            # ← not fc(torch.relu(out[:, -1]))',
  variants: scenario =>
    (['relu', 'tanh', 'sigmoid', 'leaky_relu', 'softmax'] as const).flatMap(name => {
      const fault = { merged: (t: Tensor) => activated(name as ActivationSpec, t) };
      const said = (what: string) => ({
        parameter: name,
        why: `${what} goes through ${name} before the next layer reads it; the network has no activation there.`,
        rare: name === 'softmax' || name === 'leaky_relu',
      });
      const layers = recurrentLayers(scenario);
      return [
        ...inLoops(layers, fault, said('The h of @')),
        ...betweenLayers(layers, fault, said('The h of @ but the last')),
        ...afterPool(
          scenario,
          { kind: 'activation', activation: name, axis: [-1], kerasClass: 'Activation' },
          said('What the pooling gives'),
        ),
      ];
    }),
});

export const residualAdded = mistake('residual-added', 'a layer’s input is added to its output', ['insideStep', 'alone'], {
  why: 'The input of a recurrent layer is added to its output (a residual connection); the network has none.',
  numpy: 'y = hs2[n, -1] @ Wo + bo      # ← not hs2[n, -1] + hs1[n, -1]',
  torch: 'out2, _ = rnn2(out1)          # ← not + out1',
  example: { layers: 'rnn:3+seq,rnn:3,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario).filter(l => inputWidth(scenario, l) === widthOf(l));
    const why = 'What goes into @ is added to what comes out of it (a residual connection); the network has none.';
    return inLoops(layers, { merged: withInput }, { why });
  },
});

export const lastRepeated = mistake('last-repeated', 'the next layer reads the last h at every step', ['often', 'alone'], {
  why: 'A layer reads the last h of the layer below at every step (an encoder, RepeatVector and a decoder); the network gives it the h of each step.',
  keras: 'x = LSTM(M, return_sequences=True)(i)   # ← and no RepeatVector after it',
  torch: 'out2, _ = rnn2(out1)          # ← every h of the layer below, not h_n[-1] repeated',
  example: { layers: 'rnn:3,rnn:3+seq,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const layers = recurrentLayers(scenario);
    const T = scenario.input.x.shape[1];
    const below = layers.filter(l => l.returnSequences && !l.stateful && layers.some(above => above.inputs.includes(l.name)));
    return below.map(({ name }) => ({
      layer: name,
      change: s => insertAfter(changeLayer(s, name, { returnSequences: false }), name, { kind: 'repeat', times: T }),
      why: `The layer above ${name} reads the last h of ${name} at every step (an encoder, RepeatVector and a decoder); the network gives it the h of each step.`,
    }));
  },
});

export const layerZeros = mistake('layer-zeros', 'a layer gives zeros', ['alone'], {
  why: 'A recurrent layer gives zeros: its weights are all zero (never loaded, or all cut to 0 by rounding or pruning), or the array of its h was never filled.',
  numpy: 'hs[n,t] = h                   # ← written at every step; print(np.abs(Wx).max()) shows weights that are zero',
  variants: scenario =>
    recurrentLayers(scenario).flatMap(l =>
      inLoops(
        [l],
        { merged: zerosLike },
        {
          why: `@ gives zeros: its weights are all zero (never loaded, or all cut to 0), ${l.kind === 'gru' ? 'its candidate is left out of h = z⊙h + (1−z)⊙g, ' : ''}or the array of its h was never filled.`,
        },
      ),
    ),
});

const zerosLike = (t: Tensor): Tensor => ({ shape: t.shape, data: new Float64Array(sizeOf(t.shape)) });

function widthOf(layer: RecurrentSpec): number {
  return (layer.projection ?? layer.units) * (layer.bidirectional === 'concat' ? 2 : 1);
}

/** t [N, T, M] + input [N, T, M], or t [N, M] + the last step of the input. */
function withInput(t: Tensor, input: Tensor): Tensor {
  const M = t.shape[t.shape.length - 1];
  if (input.shape.length !== 3 || input.shape[2] !== M) throw new Mismatch();
  if (t.shape.length === 3) return mapData(t, (v, k) => v + input.data[k]);
  const T = input.shape[1];
  return mapData(t, (v, k) => v + input.data[(Math.floor(k / M) * T + T - 1) * M + (k % M)]);
}

export const directionMissing = mistake('direction-missing', 'one direction is missing, or used twice', ['alone'], {
  why: 'Of a bidirectional layer one direction is missing: its half is zero, or holds the other direction again.',
  numpy: 'h = np.concatenate([h_forward, h_backward], axis=-1)',
  torch: 'h = torch.cat([h_n[-2], h_n[-1]], dim=-1)   # ← forward and backward',
  example: { layers: 'birnn:2,dense:1', N: 2, T: 2, D: 2 },
  variants(scenario) {
    const both = recurrentLayers(scenario).filter(l => l.bidirectional === 'concat');
    const halves = (t: Tensor): [Tensor, Tensor] => {
      const M = t.shape[t.shape.length - 1] / 2;
      return [sliceLast(t, 0, M), sliceLast(t, M, 2 * M)];
    };
    const made = (make: (f: Tensor, b: Tensor) => Tensor[], words: string) =>
      inLoops(both, { merged: t => concatLast(make(...halves(t))) }, { why: `The output of @ is ${words}.` });
    return [
      ...made(f => [f, zerosLike(f)], '[forward, zeros]: the backward direction is missing'),
      ...made((_, b) => [zerosLike(b), b], '[zeros, backward]: the forward direction is missing'),
      ...made(f => [f, f], '[forward, forward]: the forward direction is used twice'),
      ...made((_, b) => [b, b], '[backward, backward]: the backward direction is used twice'),
    ];
  },
});

/** Most steps for which y is fed back, since each needs a run of the network up to it. */
const MOST_FED = 64;

export const outputFedBack = mistake('output-fed-back', 'y is fed back as the next x', ['alone'], {
  why: 'From the second step on the network sees its own y of the step before instead of the given x: it generates freely; the network is given x at every step (teacher forcing).',
  numpy: 'for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← x[n,t], not the last y',
  example: { layers: 'rnn:3+seq,dense:1', N: 2, T: 3, D: 1 },
  variants(scenario) {
    const { x } = scenario.input;
    const right =
      x.shape.length === 3 &&
      x.shape[1] > 1 &&
      x.shape[1] <= MOST_FED &&
      scenario.weights.get(scenario.model.output)?.get('Wo')?.shape[1] === x.shape[2];
    const isSequence = recurrentLayers(scenario).every(l => l.returnSequences && l.bidirectional === null);
    return right && isSequence ? [{ change: fedBack }] : [];
  },
});

function fedBack(scenario: Scenario): Scenario | undefined {
  const [N, T, D] = scenario.input.x.shape;
  const x = { shape: scenario.input.x.shape, data: Float64Array.from(scenario.input.x.data) };
  for (let t = 1; t < T; t++) {
    const soFar = withX(scenario, { ...x, data: Float64Array.from(x.data) });
    const y = runScenario(scenario.input.mask ? soFar : withSteps(soFar, 0, t, scenario.input.initialStates))?.y;
    if (y?.shape.length !== 3 || y.shape[2] !== D) return undefined;
    const steps = y.shape[1];
    for (let n = 0; n < N; n++) x.data.set(y.data.subarray((n * steps + t - 1) * D, (n * steps + t) * D), (n * T + t) * D);
  }
  return withX(scenario, x);
}
