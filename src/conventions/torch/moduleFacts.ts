import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { TorchModule } from '../../formats/torch/module.js';
import { EXPORT } from '../assumed.js';
import type { Module } from './modules.js';

/** What the classes and attributes of a whole module show beyond its tensors. */

/** The module at a dotted path; undefined if there is none. */
export function moduleAt(root: TorchModule, path: string): TorchModule | undefined {
  let module: TorchModule | undefined = root;
  for (const name of path === '' ? [] : path.split('.')) module = module?.children.get(name);
  return module;
}

/** Modules without tensors that are the identity in eval mode. */
const NOTHING = /\.(dropout\.\w*Dropout\w*|linear\.Identity)$/;

/** For each kind of module, the classes whose computation is determined by their tensors. */
const CLASSES: Readonly<Partial<Record<Module['kind'], RegExp>>> = {
  recurrent: /^(RNN|LSTM|GRU)(Cell)?$/,
  matrix: /^(Linear|NonDynamicallyQuantizableLinear|Embedding)$/,
  conv: /^Conv1d$/,
  norm: /^(LayerNorm|GroupNorm|RMSNorm)$/,
  batchnorm: /^(BatchNorm1d|SyncBatchNorm)$/,
};

/**
 * Checks that all modules have classes of PyTorch. Another class with the same tensors may compute anything, and its code is not in the
 * file.
 * @param line the network that would be run otherwise, for --layers
 * @throws RnnError E_TORCH_MODULE
 */
export function checkClasses(root: TorchModule, modules: readonly Module[], line: () => string | undefined): void {
  for (const { name, kind } of modules) {
    const [found, classes] = [moduleAt(root, name)?.className, CLASSES[kind]];
    const own = /^torch\.(?:ao\.)?nn\..*\.(\w+)$/.exec(found ?? '')?.[1];
    if (found === undefined || classes === undefined || (own !== undefined && classes.test(own))) continue;
    const shown = escapeText(name || 'the file', 80);
    const message =
      own === undefined
        ? `${shown} has the custom class ${escapeText(found, 80)}, whose code is not in the file`
        : `the module ${escapeText(own, 60)} of ${shown} is not supported`;
    const chain = own === undefined ? line() : undefined;
    throw new RnnError('unsupported', 'E_TORCH_MODULE', message, {
      where: shown,
      found: escapeText(found, 80),
      fix: `${chain === undefined ? '' : `if it computes what PyTorch's own does: --layers "${chain}"; or `}give a file that says what it computes, ${EXPORT}`,
    });
  }
}

/**
 * Modules without tensors that have an effect, and what each does. Only the code shows where they are applied. @param known modules that
 * are already part of the network
 */
export function unplaced(root: TorchModule, known: ReadonlySet<TorchModule>, withTensors: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const visit = (module: TorchModule, path: string): void => {
    const own = /^torch\.nn\.modules\.(\w+)\.(\w+)$/.exec(module.className);
    const computes = own !== null && own[1] !== 'loss' && own[1] !== 'container' && !NOTHING.test(module.className);
    if (module.children.size === 0 && computes && !known.has(module) && !withTensors.has(path))
      found.push(`${escapeText(path, 60)} (${escapeText(own[2], 40)})`);
    for (const [name, child] of module.children) visit(child, path === '' ? name : `${path}.${name}`);
  };
  visit(root, '');
  return found;
}

type Attribute = (name: string) => unknown;

/** Activations with parameters; undefined if the parameters, or the axes of x, change the function. */
const WITH_PARAMETERS: Readonly<Record<string, (attribute: Attribute, axes?: number) => unknown>> = {
  GELU: attribute => (attribute('approximate') === 'tanh' ? 'gelu_tanh' : 'gelu'),
  LeakyReLU: attribute => ({ name: 'leaky_relu', negative_slope: attribute('negative_slope') ?? 0.01 }),
  ELU: attribute => ({ name: 'elu', alpha: attribute('alpha') ?? 1 }),
  CELU: attribute => ({ name: 'celu', alpha: attribute('alpha') ?? 1 }),
  Softmax: (attribute, axes) => (isLast(attribute('dim'), axes) ? 'softmax' : undefined),
  LogSoftmax: (attribute, axes) => (isLast(attribute('dim'), axes) ? 'log_softmax' : undefined),
  Softplus: attribute => ((attribute('beta') ?? 1) === 1 && (attribute('threshold') ?? 20) === 20 ? 'softplus' : undefined),
  Hardtanh: attribute => HARD_TANHS[`${attribute('min_val') ?? -1} ${attribute('max_val') ?? 1}`],
};

const HARD_TANHS: Readonly<Record<string, string>> = { '-1 1': 'hard_tanh', '0 6': 'relu6' };

/** Whether dim is the last axis of x; without dim, PyTorch takes the second of two axes, and the first of three. @param axes undefined: not known yet */
function isLast(dim: unknown, axes: number | undefined): boolean {
  return axes === undefined || dim === -1 || (dim ?? (axes === 3 ? 0 : 1)) === axes - 1;
}

// biome-ignore format: a table
const FUNCTIONS: ReadonlyMap<string, string> = new Map(Object.entries({
  ReLU: 'relu', Tanh: 'tanh', Sigmoid: 'sigmoid', SiLU: 'silu', Softsign: 'softsign',
  Mish: 'mish', SELU: 'selu', Hardsigmoid: 'hard_sigmoid', Hardswish: 'hard_silu', ReLU6: 'relu6', LogSigmoid: 'log_sigmoid',
}));

/**
 * The activation that belongs to a module: an nn.RNN has its own; for a Linear or Conv1d in an nn.Sequential it is the module after it.
 * @param axes of what the activation reads: 2 for [N, K], 3 for [N, T, K]; undefined: not known yet
 * @param known receives the module that was used
 * @returns undefined if the file does not show it
 * @throws RnnError E_TORCH_MODULE for an activation that is not supported
 */
export function functionOf(root: TorchModule, path: string, axes?: number, known?: Set<TorchModule>): unknown {
  const own = moduleAt(root, path);
  const nonlinearity = own?.attributes.get('nonlinearity');
  if (typeof nonlinearity === 'string') return nonlinearity;
  const at = path.lastIndexOf('.');
  const parent = moduleAt(root, path.slice(0, Math.max(at, 0)));
  if (!/\.(Linear|Conv1d)$/.test(own?.className ?? '') || parent?.className !== 'torch.nn.modules.container.Sequential') return undefined;
  const names = [...parent.children.keys()];
  for (const name of names.slice(names.indexOf(path.slice(at + 1)) + 1)) {
    const next = parent.children.get(name)!;
    if (NOTHING.test(next.className)) continue;
    if (/\.(Linear|Conv1d)$/.test(next.className)) return 'linear';
    const said = /^torch\.nn\.modules\.activation\.(\w+)$/.exec(next.className)?.[1];
    if (said === undefined) return undefined;
    const withParameters = Object.hasOwn(WITH_PARAMETERS, said) ? WITH_PARAMETERS[said] : undefined;
    const read = withParameters ? withParameters(key => next.attributes.get(key), axes) : FUNCTIONS.get(said);
    if (read !== undefined) {
      known?.add(next);
      return read;
    }
    const message = `the module ${escapeText(said, 60)} behind ${escapeText(path, 80)} is not supported`;
    throw new RnnError('unsupported', 'E_TORCH_MODULE', message, {
      where: escapeText(path, 80),
      found: escapeText(next.className, 80),
      fix: `give a file that says what it computes, ${EXPORT}`,
    });
  }
  return undefined;
}

/** Padding (same or none) and strides of a convolution, as its module states them. */
export function convolutionOf(root: TorchModule, path: string): Readonly<Record<string, unknown>> {
  const own = moduleAt(root, path);
  const one = (name: string) => {
    const value = own?.attributes.get(name);
    return Array.isArray(value) ? value[0] : value;
  };
  const [size, stride, dilation, padding] = ['kernel_size', 'stride', 'dilation', 'padding'].map(one);
  if (typeof size !== 'number' || typeof stride !== 'number' || typeof dilation !== 'number') return {};
  const zeros = (own?.attributes.get('padding_mode') ?? 'zeros') === 'zeros';
  const same = padding === 'same' || (stride === 1 && 2 * Number(padding) === dilation * (size - 1));
  const word = padding === 0 || padding === 'valid' ? 'valid' : zeros && same ? 'same' : '_';
  return { padding: word, strides: [stride], dilation: [dilation], groups: own?.attributes.get('groups') ?? 1 };
}

/** Kind and ε of a normalisation, as its module states them. */
export function normalisationOf(root: TorchModule, path: string): Readonly<Record<string, unknown>> {
  const module = moduleAt(root, path);
  const [epsilon, groups] = [module?.attributes.get('eps'), module?.attributes.get('num_groups')];
  const said = typeof epsilon === 'number' ? { epsilon } : {};
  if (module?.className.endsWith('.RMSNorm')) return { kind: 'rmsnorm', center: undefined, ...said };
  return { ...said, ...(typeof groups === 'number' ? { kind: 'groupnorm', groups } : {}) };
}
