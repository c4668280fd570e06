import { exp } from '../numerics/exp.js';
import { sigmoid } from '../numerics/sigmoid.js';
import { formatShape } from '../tensor/tensor.js';
import { choice, floatOf, intOf, textOf } from './attributes.js';
import { type Call, need, type Operators } from './operator.js';
import { pass } from './room.js';
import { allocateShape, type GraphValue, shapeError } from './value.js';

/** Recurrent operators of language models. Both also return the state from which the next call continues. */
export const CARRIED: Operators = {
  CausalConvWithState: { attributes: ['activation'], run: causalConvolution },
  LinearAttention: { attributes: ['chunk_size', 'kv_num_heads', 'q_num_heads', 'scale', 'update_rule'], run: linearAttention },
};

/** Inputs: x [N, C, T], kernel [C, 1, k], bias [C], the k − 1 previous steps. Outputs: y [N, C, T], the last k − 1 steps. */
function causalConvolution(call: Call): GraphValue[] {
  const [x, kernel] = [need(call, 0), need(call, 1)];
  const [, , bias, past] = call.inputs;
  const [N, C, T] = x.shape;
  const k = kernel.shape[2];
  if (x.shape.length !== 3 || formatShape(kernel.shape) !== formatShape([C, 1, k]))
    throw shapeError('the kernel has the wrong shape', formatShape(kernel.shape), `[${C}, 1, k]`);
  if (past && formatShape(past.shape) !== formatShape([N, C, k - 1]))
    throw shapeError('the state has the wrong shape', formatShape(past.shape), formatShape([N, C, k - 1]));
  const swish = choice(call.node, 'activation', textOf(call.node, 'activation') ?? 'none', { none: false, silu: true, swish: true });
  const y = allocateShape([N, C, T], 'float', call.kernels.precision);
  const state = allocateShape([N, C, k - 1], 'float', call.kernels.precision);
  for (let row = 0; row < N * C; row++) {
    pass(T * k);
    const at = (t: number) => (t >= 0 ? x.data[row * T + t] : past ? past.data[row * (k - 1) + k - 1 + t] : 0);
    for (let t = 0; t < T; t++) {
      let sum = bias ? bias.data[row % C] : 0;
      for (let i = 0; i < k; i++) sum += kernel.data[(row % C) * k + i] * at(t - k + 1 + i);
      y[row * T + t] = swish ? sum * sigmoid(sum) : sum;
    }
    for (let i = 0; i < k - 1; i++) state[row * (k - 1) + i] = at(T - k + 1 + i);
  }
  return [
    { kind: 'float', shape: [N, C, T], data: y },
    { kind: 'float', shape: [N, C, k - 1], data: state },
  ];
}

/** Which inputs an update rule of LinearAttention has. */
const UPDATE_RULES = {
  linear: { gated: false, delta: false },
  gated: { gated: true, delta: false },
  delta: { gated: false, delta: true },
  gated_delta: { gated: true, delta: true },
};

/**
 * S = decay·S + k ⊗ v, or with the delta rule k ⊗ β(v − Sᵀk); y = scale · Sᵀq. Several heads of queries may read one state.
 * Inputs q [N, T, H·D], k [N, T, K·D], v [N, T, K·V], S [N, K, D, V], decay as a logarithm [N, T, K or K·D], β [N, T, K or 1].
 */
function linearAttention(call: Call): GraphValue[] {
  const [q, k, v] = [0, 1, 2].map(i => need(call, i));
  const [, , , past, decay, beta] = call.inputs;
  const rule = textOf(call.node, 'update_rule') ?? 'gated_delta';
  const { gated, delta } = choice(call.node, 'update_rule', rule, UPDATE_RULES);
  const [H, K] = [intOf(call.node, 'q_num_heads') ?? 0, intOf(call.node, 'kv_num_heads') ?? 0];
  const [N, T] = q.shape;
  const [D, V] = [q.shape[2] / H, v.shape[2] / K];
  const fits =
    Number.isInteger(H / K) && Number.isInteger(D) && Number.isInteger(V) && k.shape[2] === K * D && [k, v].every(x => x.shape[1] === T);
  if (!fits || (past && formatShape(past.shape) !== formatShape([N, K, D, V])))
    throw shapeError('the shapes of queries, keys, values and state do not match', [q, k, v].map(x => formatShape(x.shape)).join(', '));
  if (gated !== (decay !== undefined) || delta !== (beta !== undefined))
    throw shapeError(
      `the inputs do not match update_rule = ${rule}`,
      `${decay ? 'decay' : 'no decay'}, ${beta ? 'beta' : 'no beta'}`,
      'decay for gated rules only, beta for delta rules only',
    );
  const own = decay ? decay.shape[2] / K : 1;
  const each = beta ? beta.shape[2] : 1;
  if ((own !== 1 && own !== D) || (each !== 1 && each !== K))
    throw shapeError('decay or beta has the wrong last axis', `${own} and ${each}`, `1 or ${D} per head, and 1 or ${K}`);
  const scale = floatOf(call.node, 'scale') || 1 / Math.sqrt(D);
  const y = allocateShape([N, T, H * V], 'float', call.kernels.precision);
  const S = allocateShape([N, K, D, V], 'float', call.kernels.precision);
  if (past) S.set(past.data);
  const gain = new Float64Array(V);
  for (let n = 0; n < N; n++)
    for (let t = 0; t < T; t++)
      for (let h = 0; h < K; h++) {
        pass(D * V * (2 + H / K));
        const row = n * T + t;
        const s = (n * K + h) * D * V;
        const key = k.data.subarray((row * K + h) * D, (row * K + h + 1) * D);
        for (let d = 0; decay && d < D; d++) {
          const g = exp(decay.data[(row * K + h) * own + (own === 1 ? 0 : d)]);
          for (let m = 0; m < V; m++) S[s + d * V + m] *= g;
        }
        for (let m = 0; m < V; m++) {
          const value = v.data[(row * K + h) * V + m];
          let known = 0;
          for (let d = 0; beta && d < D; d++) known += S[s + d * V + m] * key[d];
          gain[m] = beta ? beta.data[row * each + (each === 1 ? 0 : h)] * (value - known) : value;
        }
        for (let d = 0; d < D; d++) for (let m = 0; m < V; m++) S[s + d * V + m] += key[d] * gain[m];
        for (let head = (h * H) / K; head < ((h + 1) * H) / K; head++)
          for (let m = 0; m < V; m++) {
            let sum = 0;
            for (let d = 0; d < D; d++) sum += S[s + d * V + m] * q.data[(row * H + head) * D + d];
            y[(row * H + head) * V + m] = scale * sum;
          }
      }
  return [
    { kind: 'float', shape: [N, T, H * V], data: y },
    { kind: 'float', shape: [N, K, D, V], data: S },
  ];
}
