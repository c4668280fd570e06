import type { TorchModule } from '../../formats/torch/module.js';
import type { Assumption } from '../../model/assumptions.js';
import { layersText } from '../../model/layersLine.js';
import { whyAssumed } from '../assumed.js';
import type { NamedTensors, NetworkHints } from '../convention.js';
import { functionOf, moduleAt, unplaced } from './moduleFacts.js';
import type { Order, Placed } from './moduleOrder.js';
import { type Module, widthsOf } from './modules.js';
import { isInt8 } from './reparametrised.js';
import { partsOf, type Titles } from './weightGroups.js';

/** Assumptions about y that the tensors of a state dict or a whole module leave open. */

/** The assumption for dynamically quantised modules, which round x and h to 8 bits before each product. */
export function precisionAssumptions(tensors: NamedTensors): Assumption[] {
  if (!isInt8(tensors.keys())) return [];
  const what =
    'quantised weights are multiplied in float32, where PyTorch rounds what those of 8 bits are multiplied with to 8 bits as well';
  return [{ fact: 'precision', what, value: 'float32', why: 'quantised dynamically', say: null }];
}

export function orderAssumptions({ order, rival, isUnusual }: Order, titles: Titles, why: string, whole?: TorchModule): Assumption[] {
  const names = order.map(({ module }) => titles.get(module)).join(', ');
  const fact = { fact: 'order', what: `the modules are used in the order ${names}`, value: names, why } as const;
  if (!rival) return isUnusual ? [{ ...fact, say: null }] : [];
  const [line, other] = [order, rival].map(placed => partsOf(placed, titles, whole));
  // two modules of one shape differ only in their names
  const isSame = other.join() === line.join();
  const isNameable = isSame && rival.every(({ module }) => module.layers.length === 1 && module.name !== '');
  const said = isNameable ? other.map((part, i) => `${part}+name=${rival[i].module.name}`) : other;
  return [{ ...fact, say: isSame && !isNameable ? null : `--layers "${said.join(',')}"` }];
}

/**
 * The assumption that x is [N, T, D] although the recurrent module reads [T, N, D]: only the code of `forward` shows whether it swaps the
 * axes.
 */
export function axesAssumptions(
  root: TorchModule,
  modules: readonly Module[],
  titles: Titles,
  { said, ownInput }: NetworkHints,
): Assumption[] {
  const stepsFirst = modules.find(
    ({ kind, name }) => kind === 'recurrent' && moduleAt(root, name)?.attributes.get('batch_first') === false,
  );
  if (!stepsFirst || !ownInput || said?.has('timeMajor')) return [];
  const what = `x is [N, T, D], and is made [T, N, D] for ${titles.get(stepsFirst)}, which has batch_first=False`;
  return [{ fact: 'x', what, value: 'N, T, D', why: whyAssumed('torch', root), say: '--time-major' }];
}

/** Assumptions for submodules without tensors, whose position only the module's code shows. */
export function unplacedAssumptions(root: TorchModule, modules: readonly Module[]): Assumption[] {
  const known = new Set<TorchModule>();
  for (const { name } of modules) functionOf(root, name, undefined, known);
  const names = unplaced(root, known, new Set(modules.map(({ name }) => name)));
  if (names.length === 0) return [];
  const list = names.slice(0, 6).join(', ') + (names.length > 6 ? ' …' : '');
  const what = `${list} ${names.length > 1 ? 'are' : 'is'} not run: where, only the code says`;
  return [{ fact: 'wiring', what, value: 'left out', why: whyAssumed('torch', root), say: null }];
}

/** Assumptions for several recurrent modules, which may follow each other, pass on their states, or read the same input in parallel. */
export function wiringAssumptions(order: readonly Placed[], titles: Titles, why: string): Assumption[] {
  const cells = order.filter(({ module }) => module.recurrent).map(({ module }) => titles.get(module));
  if (cells.length < 2) return [];
  const what = cells.slice(1).map((name, i) => `${name} reads every step of ${cells[i]} and starts from zero`);
  return [{ fact: 'wiring', what: what.join(', '), value: cells.join(', '), why, say: null }];
}

/** A GroupNorm has the tensors of a LayerNorm. */
export function normAssumptions(
  order: readonly Placed[],
  titles: Titles,
  layers: readonly Readonly<Record<string, unknown>>[],
): Assumption[] {
  const norms = order.filter(({ module }) => module.kind === 'norm');
  if (norms.length === 0) return [];
  const width = widthsOf(norms[0].module).outputs[0];
  const groups = [4, 2, 3, 5, 7].find(n => width % n === 0) ?? 1;
  const changed = layers.map(layer => (layer.kind === 'layernorm' ? { kind: 'groupnorm', groups } : layer));
  const what = `${norms.map(({ module }) => titles.get(module)).join(', ')} ${norms.length > 1 ? 'are LayerNorms' : 'is a LayerNorm'}, no GroupNorm`;
  return [{ fact: 'wiring', what, value: 'layernorm', why: whyAssumed('torch'), say: `--layers "${layersText(changed, 'torch')}"` }];
}
