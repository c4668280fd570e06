import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { TorchModule } from '../../formats/torch/module.js';
import { EXPORT } from '../assumed.js';

/** Facts that the classes and attributes of a whole module add to its tensors. */

/** The module at a dotted path. */
function moduleAt(root: TorchModule, path: string): TorchModule | undefined {
  let module: TorchModule | undefined = root;
  for (const name of path === '' ? [] : path.split('.')) module = module?.children.get(name);
  return module;
}

/** Modules without tensors that change nothing in eval mode. */
const NOTHING = /\.(dropout\.\w*Dropout\w*|linear\.Identity)$/;

type Attribute = (name: string) => unknown;

/** Functions with parameters of their own; undefined where the parameters make it another one. */
const WITH_PARAMETERS: Readonly<Record<string, (attribute: Attribute) => unknown>> = {
  GELU: attribute => (attribute('approximate') === 'tanh' ? 'gelu_tanh' : 'gelu'),
  LeakyReLU: attribute => ({ name: 'leaky_relu', negative_slope: attribute('negative_slope') ?? 0.01 }),
  ELU: attribute => ({ name: 'elu', alpha: attribute('alpha') ?? 1 }),
  CELU: attribute => ({ name: 'celu', alpha: attribute('alpha') ?? 1 }),
  Softmax: attribute => (attribute('dim') === -1 ? 'softmax' : undefined),
  LogSoftmax: attribute => (attribute('dim') === -1 ? 'log_softmax' : undefined),
};

// biome-ignore format: a table
const FUNCTIONS: Readonly<Record<string, string>> = {
  ReLU: 'relu', Tanh: 'tanh', Sigmoid: 'sigmoid', SiLU: 'silu', Softplus: 'softplus', Softsign: 'softsign', Hardtanh: 'hard_tanh',
  Mish: 'mish', SELU: 'selu', Hardsigmoid: 'hard_sigmoid', Hardswish: 'hard_silu', ReLU6: 'relu6', LogSigmoid: 'log_sigmoid',
};

/** Parameters of the functions above that are not their default: then they are others. */
function isPlain({ attributes }: TorchModule): boolean {
  const beta = attributes.get('beta') ?? 1;
  const [least, most] = [attributes.get('min_val') ?? -1, attributes.get('max_val')];
  return beta === 1 && (most === undefined || (least === -1 && most === 1) || (least === 0 && most === 6));
}

/**
 * The function that a module says it computes: an nn.RNN its own, a Linear or Conv1d in an nn.Sequential the next one there.
 * @returns undefined if the module does not tell
 * @throws RnnError E_TORCH_MODULE for a function that is named and not known here
 */
export function functionOf(root: TorchModule, path: string): unknown {
  const own = moduleAt(root, path);
  const nonlinearity = own?.attributes.get('nonlinearity');
  if (typeof nonlinearity === 'string') return nonlinearity;
  const at = path.lastIndexOf('.');
  const parent = at < 0 ? undefined : moduleAt(root, path.slice(0, at));
  if (!/\.(Linear|Conv1d)$/.test(own?.className ?? '') || parent?.className !== 'torch.nn.modules.container.Sequential') return undefined;
  const names = [...parent.children.keys()];
  for (const name of names.slice(names.indexOf(path.slice(at + 1)) + 1)) {
    const next = parent.children.get(name)!;
    if (NOTHING.test(next.className)) continue;
    if (/\.(Linear|Conv1d)$/.test(next.className)) return 'linear';
    const said = /^torch\.nn\.modules\.activation\.(\w+)$/.exec(next.className)?.[1];
    if (said === undefined) return undefined;
    const known = Object.hasOwn(WITH_PARAMETERS, said) ? WITH_PARAMETERS[said](key => next.attributes.get(key)) : plainOf(next, said);
    if (known !== undefined) return known;
    const message = `the module ${escapeText(said, 60)} behind ${escapeText(path, 80)} is not run here`;
    throw new RnnError('unsupported', 'E_TORCH_MODULE', message, {
      where: escapeText(path, 80),
      found: escapeText(next.className, 80),
      fix: `a file that says what it computes, ${EXPORT}`,
    });
  }
  return undefined;
}

function plainOf(module: TorchModule, name: string): string | undefined {
  return isPlain(module) && Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
}

/** What a whole module says of its convolution: padding that keeps the number of steps, or none, and how the window moves. */
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

/** What a whole module says of its normalisation: its kind and ε. */
export function normalisationOf(root: TorchModule, path: string): Readonly<Record<string, unknown>> {
  const module = moduleAt(root, path);
  const [epsilon, groups] = [module?.attributes.get('eps'), module?.attributes.get('num_groups')];
  return { ...(typeof epsilon === 'number' ? { epsilon } : {}), ...(typeof groups === 'number' ? { kind: 'groupnorm', groups } : {}) };
}
