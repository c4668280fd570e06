import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { LayerSpec } from '../../model/spec.js';
import { permuteAxes } from '../../tensor/axes.js';
import type { Tensor } from '../../tensor/tensor.js';

/** How PyTorch stores the weights of layers that are not recurrent: names and layout. */
export interface TorchLayer {
  /** name of a weight here -> its name in the module */
  readonly roles: Readonly<Record<string, string>>;
  /** tensors of the module that do not affect y */
  readonly unused?: readonly string[];
  /** the module's name in the state dict that `convert` writes */
  readonly module: string;
  /** for each axis of the module's kernel, the axis of ours */
  readonly kernel?: (rank: number) => readonly number[];
}

const TURNED = () => [1, 0];
/** [F, C, k…] from our [k…, C, F]; for a transposed convolution [C, F, k…] from [k…, F, C] */
const FILTERS = (rank: number) => [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, i) => i)];
const CONVOLUTION = { roles: { W: 'weight', b: 'bias' }, module: 'conv', kernel: FILTERS };
const NORM = { gamma: 'weight', beta: 'bias' };

const LAYERS: Readonly<Partial<Record<LayerSpec['kind'], TorchLayer>>> = {
  dense: { roles: { Wo: 'weight', bo: 'bias' }, module: 'fc', kernel: TURNED },
  embedding: { roles: { E: 'weight' }, module: 'embedding' },
  conv1d: CONVOLUTION,
  conv2d: CONVOLUTION,
  conv3d: CONVOLUTION,
  convtranspose1d: CONVOLUTION,
  convtranspose2d: CONVOLUTION,
  convtranspose3d: CONVOLUTION,
  layernorm: { roles: NORM, module: 'norm' },
  groupnorm: { roles: NORM, module: 'norm' },
  rmsnorm: { roles: { gamma: 'weight' }, module: 'norm' },
  batchnorm: { roles: { ...NORM, mean: 'running_mean', variance: 'running_var' }, unused: ['num_batches_tracked'], module: 'bn' },
};

/** PyTorch's module for a layer without recurrence; undefined if it has none. */
export function torchLayer(kind: LayerSpec['kind']): TorchLayer | undefined {
  return LAYERS[kind];
}

/** The shape that a weight has in PyTorch. @param shape in our layout */
export function torchShape({ kernel }: TorchLayer, shape: readonly number[], role: string): readonly number[] {
  return kernel && role === 'kernel' ? kernel(shape.length).map(axis => shape[axis]) : shape;
}

/** Converts a weight to the module's layout by permuting the axes of a kernel. */
export function toTorchLayout({ kernel }: TorchLayer, t: Tensor, role: string): Tensor {
  return kernel && role === 'kernel' ? permuteAxes(t, kernel(t.shape.length)) : t;
}

/** Converts a weight from the module's layout to ours. */
export function fromTorchLayout({ kernel }: TorchLayer, t: Tensor, role: string): Tensor {
  if (!kernel || role !== 'kernel') return t;
  const order = kernel(t.shape.length);
  return permuteAxes(
    t,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** @throws RnnError E_TORCH_LAYER (unsupported) */
export function torchLayerOf({ kind, name }: LayerSpec): TorchLayer {
  const theirs = torchLayer(kind);
  if (theirs) return theirs;
  throw new RnnError('unsupported', 'E_TORCH_LAYER', `reading or writing ${kind} in PyTorch's layout is not supported`, {
    where: escapeText(name),
    fix: 'write .npz (--to keras) or .onnx',
  });
}
