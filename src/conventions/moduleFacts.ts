import type { TorchModule } from '../formats/torch/module.js';

/** What the classes and attributes of a whole module say beside its tensors. */

/** The module at a dotted path. */
function moduleAt(root: TorchModule, path: string): TorchModule | undefined {
  let module: TorchModule | undefined = root;
  for (const name of path === '' ? [] : path.split('.')) module = module?.children.get(name);
  return module;
}

/** Modules without tensors that change nothing in eval mode. */
const NOTHING = /\.(dropout\.\w*Dropout\w*|linear\.Identity)$/;

const FUNCTIONS: Readonly<Record<string, string>> = {
  ReLU: 'relu',
  Tanh: 'tanh',
  Sigmoid: 'sigmoid',
  SiLU: 'silu',
  Softplus: 'softplus',
  Softsign: 'softsign',
  Hardtanh: 'hard_tanh',
  Mish: 'mish',
  SELU: 'selu',
  ReLU6: 'relu6',
  LogSigmoid: 'log_sigmoid',
};

/** Parameters of the functions above that are not their default: then they are others. */
function isPlain({ attributes }: TorchModule): boolean {
  const beta = attributes.get('beta') ?? 1;
  const [least, most] = [attributes.get('min_val') ?? -1, attributes.get('max_val')];
  return beta === 1 && (most === undefined || (least === -1 && most === 1) || (least === 0 && most === 6));
}

/**
 * The function that a module says it computes: an nn.RNN its own, a Linear in an nn.Sequential the one behind it there.
 * @returns undefined where nothing is said
 */
export function functionOf(root: TorchModule, path: string): string | undefined {
  const own = moduleAt(root, path);
  const nonlinearity = own?.attributes.get('nonlinearity');
  if (typeof nonlinearity === 'string') return nonlinearity;
  const at = path.lastIndexOf('.');
  const parent = at < 0 ? undefined : moduleAt(root, path.slice(0, at));
  if (!own?.className.endsWith('.Linear') || parent?.className !== 'torch.nn.modules.container.Sequential') return undefined;
  const names = [...parent.children.keys()];
  for (const name of names.slice(names.indexOf(path.slice(at + 1)) + 1)) {
    const next = parent.children.get(name)!;
    if (NOTHING.test(next.className)) continue;
    if (next.className.endsWith('.Linear')) return 'linear';
    const known = /^torch\.nn\.modules\.activation\.(\w+)$/.exec(next.className)?.[1] ?? '';
    return isPlain(next) && Object.hasOwn(FUNCTIONS, known) ? FUNCTIONS[known] : undefined;
  }
  return undefined;
}

/** What a whole module says of its normalisation: its kind and ε. */
export function normalisationOf(root: TorchModule, path: string): Readonly<Record<string, unknown>> {
  const module = moduleAt(root, path);
  const [epsilon, groups] = [module?.attributes.get('eps'), module?.attributes.get('num_groups')];
  return {
    ...(typeof epsilon === 'number' ? { epsilon } : {}),
    ...(typeof groups === 'number' ? { kind: 'groupnorm', groups } : {}),
  };
}
