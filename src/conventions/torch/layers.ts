import type { LayerSpec } from '../../model/spec.js';
import { permuteAxes } from '../../tensor/axes.js';
import { transpose } from '../../tensor/layout.js';
import type { Tensor } from '../../tensor/tensor.js';

/** How PyTorch keeps the weights of layers that are not recurrent: names, and layout. */
export interface TorchLayer {
  /** our name of a weight -> its name in the module */
  readonly roles: Readonly<Record<string, string>>;
  /** tensors of the module that no number depends on */
  readonly unused?: readonly string[];
  /** what `convert` calls the module */
  readonly module: string;
  /** its own layout of a kernel into ours, and back */
  readonly kernel?: { toOurs(t: Tensor): Tensor; toTheirs(t: Tensor): Tensor };
}

const TURNED = { toOurs: transpose, toTheirs: transpose };
/** [F, C, k] and ours [k, C, F] */
const FILTERS = { toOurs: (t: Tensor) => permuteAxes(t, [2, 1, 0]), toTheirs: (t: Tensor) => permuteAxes(t, [2, 1, 0]) };
const NORM = { gamma: 'weight', beta: 'bias' };

const LAYERS: Readonly<Partial<Record<LayerSpec['kind'], TorchLayer>>> = {
  dense: { roles: { Wo: 'weight', bo: 'bias' }, module: 'fc', kernel: TURNED },
  embedding: { roles: { E: 'weight' }, module: 'embedding' },
  conv1d: { roles: { W: 'weight', b: 'bias' }, module: 'conv', kernel: FILTERS },
  layernorm: { roles: NORM, module: 'norm' },
  groupnorm: { roles: NORM, module: 'norm' },
  batchnorm: { roles: { ...NORM, mean: 'running_mean', variance: 'running_var' }, unused: ['num_batches_tracked'], module: 'bn' },
};

export function torchLayer(kind: LayerSpec['kind']): TorchLayer | undefined {
  return LAYERS[kind];
}

/** The weight's layout in PyTorch, by our shape: what the tensor in the file must have. */
export function theirShape({ kernel }: TorchLayer, shape: readonly number[], role: string): readonly number[] {
  // both layouts are ours from the back to the front
  return kernel && role === 'kernel' ? [...shape].reverse() : shape;
}
