import type { ActivationSpec } from '../../activations/activation.js';
import { formatActivation } from '../../activations/index.js';
import type { Tensor } from '../../tensor/tensor.js';
import { changeLayer, changeWeights, inEach, mapData, mistake, recurrentLayers, type Scenario, type Way } from '../mistake.js';

/** Mistakes with the gates of a GRU: where r is applied, and which side z keeps. */

function gruVariants(scenario: Scenario, resetAfter: boolean): Way[] {
  return inEach(
    recurrentLayers(scenario).filter(l => l.kind === 'gru' && l.resetAfter !== resetAfter),
    (s, l) => changeLayer(s, l.name, { resetAfter }),
  );
}

export const gruResetBefore = mistake('gru-reset-before', 'the GRU’s reset gate acts before the product', ['insideStep'], {
  why: 'The GRU multiplies with its reset gate before the recurrent product, g = tanh(x·Wx_g + (r⊙h)·Wh_g + b_g); the network has it after, r⊙(h·Wh_g + b′_g).\nBefore: reset_after=False (the default of early Keras), tfjs, ONNX by default. After: Keras 3, TensorFlow 2, PyTorch.',
  numpy: 'g = np.tanh(x @ Wx_g + b_g + r * (h @ Wh_g + b2_g))   # ← r after the product',
  keras: 'GRU(M, reset_after=True)',
  example: { layers: 'gru:2,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario => gruVariants(scenario, false),
});

export const gruResetAfter = mistake('gru-reset-after', 'the GRU’s reset gate acts after the product', ['insideStep'], {
  why: 'The GRU multiplies with its reset gate after the recurrent product, g = tanh(x·Wx_g + b_g + r⊙(h·Wh_g)); the network has it before, (r⊙h)·Wh_g.\nAfter: Keras 3, TensorFlow 2, PyTorch. Before: reset_after=False (the default of early Keras), tfjs, ONNX by default.',
  numpy: 'g = np.tanh(x @ Wx_g + b_g + (r * h) @ Wh_g)   # ← r before the product',
  keras: 'GRU(M, reset_after=False)',
  example: { layers: 'gru:2+resetbefore,dense:1', N: 2, T: 2, D: 2 },
  variants: scenario => gruVariants(scenario, true),
});

export const gruUpdateSwapped = mistake('gru-update-swapped', 'the GRU’s update gate keeps the wrong side', ['insideStep'], {
  why: 'The update gate z is used the other way round: h = (1−z)⊙h + z⊙g, as in the paper of Chung et al. (2014); Keras, PyTorch and ONNX compute h = z⊙h + (1−z)⊙g.\nBoth forms have weights of the same names and shapes, so only the numbers show it.',
  numpy: 'h = z * h + (1 - z) * g        # ← z keeps the old h',
  example: { layers: 'gru:2,dense:1', N: 2, T: 2, D: 2 },
  // since 1 − σ(a) = σ(−a), and likewise for hard sigmoids, the weights of z change sign
  variants: scenario =>
    inEach(
      recurrentLayers(scenario).filter(l => l.kind === 'gru' && isMirrored(l.recurrentActivation)),
      (s, l) => changeWeights(s, l.name, (_, t) => onGate(t, 3, 0, v => -v)),
    ),
});

/** Whether the activation is point-symmetric about (0, 1/2): f(−a) = 1 − f(a). */
export function isMirrored(gate: ActivationSpec | null): boolean {
  return ['sigmoid', 'hard_sigmoid', 'hard_sigmoid_keras2'].includes(formatActivation(gate));
}

/** Changes the columns of gate `g` of [..., G·M]. */
export function onGate(t: Tensor, G: number, g: number, f: (v: number, k: number) => number): Tensor {
  const width = t.shape[t.shape.length - 1];
  const M = width / G;
  return mapData(t, (v, k) => (Math.floor((k % width) / M) === g ? f(v, k) : v));
}
