import { getCell, isCellName } from '../cells/index.js';

export { isCellName } from '../cells/index.js';

/**
 * The defaults of a framework for what a description leaves open: bias rows, the GRU variant, the gate activation.
 * Keras 3.15, PyTorch 2, ONNX opset 22, tfjs 4.22.
 */
export type FrameworkName = 'keras' | 'torch' | 'onnx' | 'tfjs' | 'flax';

export const FRAMEWORKS: readonly FrameworkName[] = ['keras', 'torch', 'onnx', 'tfjs', 'flax'];

export interface FrameworkDefaults {
  /** whether every cell has an input bias and a recurrent bias */
  readonly twoBiases: boolean;
  readonly resetAfter: boolean;
  readonly recurrentActivation: string;
  /** whether padded steps of a returned sequence are zero */
  readonly zeroPaddedOutput: boolean;
  /** whether max pooling over time skips padded steps */
  readonly maskedMax: boolean;
}

export const DEFAULTS: Record<FrameworkName, FrameworkDefaults> = {
  keras: { twoBiases: false, resetAfter: true, recurrentActivation: 'sigmoid', zeroPaddedOutput: false, maskedMax: false },
  torch: { twoBiases: true, resetAfter: true, recurrentActivation: 'sigmoid', zeroPaddedOutput: true, maskedMax: true },
  onnx: { twoBiases: true, resetAfter: false, recurrentActivation: 'sigmoid', zeroPaddedOutput: true, maskedMax: true },
  // tfjs' hard sigmoid is 0.2x + 0.5, Keras 3's is x/6 + 0.5: two functions of one name
  tfjs: { twoBiases: false, resetAfter: false, recurrentActivation: 'hard_sigmoid_keras2', zeroPaddedOutput: false, maskedMax: false },
  flax: { twoBiases: false, resetAfter: true, recurrentActivation: 'sigmoid', zeroPaddedOutput: false, maskedMax: false },
};

/** Keras adds 1e-3 to a variance. */
const NORMS = new Set(['batchnorm', 'layernorm', 'groupnorm']);

/** Defaults of a layer's fields that depend on the framework, by kind; other fields have the default of their field table. */
export function layerDefaults(kind: string, framework: FrameworkName): Readonly<Record<string, string | boolean | number>> {
  const d = DEFAULTS[framework];
  if (framework === 'torch' && NORMS.has(kind)) return { epsilon: 1e-5 };
  // the distance from 1 to the next number of float32
  if (framework === 'torch' && kind === 'rmsnorm') return { epsilon: 2 ** -23 };
  if (kind === 'maxpool') return { useMask: d.maskedMax };
  if (!isCellName(kind)) return {};
  const own = getCell(kind).fields;
  return {
    twoBiases: d.twoBiases,
    ...(own.resetAfter ? { resetAfter: d.resetAfter } : {}),
    ...(own.recurrentActivation ? { recurrentActivation: d.recurrentActivation } : {}),
    ...(own.unitForgetBias && framework !== 'keras' && framework !== 'tfjs' ? { unitForgetBias: false } : {}),
  };
}

/** Whether PyTorch can make an LSTM with this projection: proj_size must be smaller than hidden_size. */
export function isTorchProjection(projection: number, units: number): boolean {
  return projection < units;
}
