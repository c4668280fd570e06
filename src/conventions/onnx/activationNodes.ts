import type { ActivationSpec } from '../../activations/activation.js';
import { formatActivation, getActivation } from '../../activations/index.js';
import { RnnError } from '../../errors.js';
import { type Attributes, float, type GraphBuilder, int } from '../../formats/onnx/builder.js';

/** Activations as ONNX has them: as nodes, and as functions inside RNN, LSTM and GRU. */

/** What RNN, LSTM and GRU of the specification know. */
export const RECURRENT_FUNCTIONS: readonly string[] = [
  'Relu',
  'Tanh',
  'Sigmoid',
  'Affine',
  'LeakyRelu',
  'ThresholdedRelu',
  'ScaledTanh',
  'HardSigmoid',
  'Elu',
  'Softsign',
  'Softplus',
];

export interface RecurrentFunction {
  readonly name: string;
  /** alpha and beta, where the function has them */
  readonly parameters: readonly number[];
}

/** @throws RnnError E_ONNX_ACTIVATION */
export function recurrentFunction(spec: ActivationSpec | null): RecurrentFunction {
  const { activation, parameters } = getActivation(spec);
  if (activation.name === 'linear') return { name: 'Affine', parameters: [1, 0] };
  if (activation.name === 'hard_sigmoid') return { name: 'HardSigmoid', parameters: [1 / 6, 0.5] };
  const own = activation.onnxParameters ?? [];
  const others = Object.entries(parameters).some(([key, v]) => !own.some(p => p.name === key) && v !== activation.parameters![key]);
  const name = RECURRENT_FUNCTIONS.find(known => known === activation.onnx);
  if (name === undefined || others) throw none(spec, 'inside RNN, LSTM and GRU');
  return { name, parameters: own.map(p => Number(parameters[p.name])) };
}

const SIXTH = Math.fround(1 / 6);

/** The activation of ours that an ONNX one with these parameters is: a hard sigmoid of slope 1/6 is Keras 3's, Affine with 1 and 0 none. */
export function plainFunction(spec: { readonly name: string } & Readonly<Record<string, string | number>>): ActivationSpec {
  if (spec.name === 'hard_sigmoid_keras2' && spec.alpha === SIXTH && spec.beta === 0.5) return 'hard_sigmoid';
  if (spec.name === 'affine' && spec.alpha === 1 && spec.beta === 0) return 'linear';
  return spec;
}

/** Appends the activation of `x`. @returns the output's name @throws RnnError E_ONNX_ACTIVATION */
export function addActivation(builder: GraphBuilder, spec: ActivationSpec, x: string, name: string): string {
  const { activation, parameters } = getActivation(spec);
  const plain = Object.entries(parameters).every(
    ([key, v]) => v === activation.parameters![key] || activation.onnxParameters?.some(p => p.name === key),
  );
  const add = (opType: string, attributes: Attributes = {}) => builder.add(opType, [x], attributes, name);
  switch (activation.name) {
    case 'linear':
      return x;
    case 'softmax':
    case 'log_softmax':
      return add(activation.onnx!, { axis: int(-1) });
    case 'hard_sigmoid':
      return add('HardSigmoid', { alpha: float(1 / 6), beta: float(0.5) });
    case 'exponential':
      return add('Exp');
    case 'silu':
      return builder.add('Mul', [x, add('Sigmoid')], {}, name);
    case 'mish':
      return builder.add('Mul', [x, builder.add('Tanh', [add('Softplus')], {}, name)], {}, name);
    case 'gelu':
      if (plain) return gelu(builder, x, name, activation.name);
      throw none(spec, 'of its own');
    case 'gelu_tanh':
      return gelu(builder, x, name, activation.name);
    default: {
      if (activation.onnx === undefined || !plain || activation.onnx === 'Affine' || activation.onnx === 'ScaledTanh')
        throw none(spec, 'of its own');
      const names = ['alpha', 'beta'];
      return add(
        activation.onnx,
        Object.fromEntries((activation.onnxParameters ?? []).map((p, i) => [names[i], float(Number(parameters[p.name]))])),
      );
    }
  }
}

/** x/2 · (1 + erf(x/√2)), or with tanh(√(2/π)·(x + 0.044715·x³)) in the place of erf: Gelu itself is newer than the operator set of the file. */
function gelu(builder: GraphBuilder, x: string, name: string, kind: 'gelu' | 'gelu_tanh'): string {
  const number = (value: number) => builder.constant(`${name}/number`, { shape: [], data: Float64Array.of(value) });
  const two = (opType: string, a: string, b: string) => builder.add(opType, [a, b], {}, name);
  const cubed = () => two('Mul', two('Mul', two('Mul', x, x), x), number(0.044715));
  const inside =
    kind === 'gelu'
      ? builder.add('Erf', [two('Mul', x, number(Math.SQRT1_2))], {}, name)
      : builder.add('Tanh', [two('Mul', two('Add', x, cubed()), number(Math.sqrt(2 / Math.PI)))], {}, name);
  return two('Mul', two('Mul', x, number(0.5)), two('Add', inside, number(1)));
}

function none(spec: ActivationSpec | null, where: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_ACTIVATION', `ONNX has no ${formatActivation(spec)} ${where}`, {
    expected: RECURRENT_FUNCTIONS.join(', '),
    found: formatActivation(spec),
  });
}
