import { compareNumbers, type Module, mayBeEmbedding, widthsOf } from './modules.js';

/** A module in an order where each module reads the output of the one before. */
export interface Placed {
  readonly module: Module;
  readonly embedding: boolean;
}

/** The chosen order, among those in which all widths fit. */
export interface Order {
  readonly order: readonly Placed[];
  /** another order that fits equally well */
  readonly rival?: readonly Placed[];
  /** whether nothing favours one of the two */
  readonly undecided: boolean;
  /** whether it is the only order in which the widths fit, but not that of construction: then the modules may not form a chain at all */
  readonly isUnusual?: boolean;
}

/** Limits of the search: orders and steps. */
const MOST_ORDERS = 200;
const MOST_STEPS = 20_000;

/**
 * Finds the order in which data flows through the modules of a state dict: each reads the output of the one before, and recurrent modules
 * come before the Linears that fit them. The order in the file, that of construction or of the alphabet, is only a hint.
 * @param features width of the input, if known; null: token numbers
 * @param sorted whether the names in the file are in alphabetical order
 * @returns undefined if there is no such order
 */
export function orderOf(modules: readonly Module[], features: number | null | undefined, sorted: boolean): Order | undefined {
  const all = ordersOf(modules);
  const fitting = features === undefined ? all : all.filter(order => inputOf(order) === features);
  const orders = fitting.length > 0 ? fitting : all;
  // a recurrent module could read the input, but no chain begins with it
  const elsewhere = fitting.length === 0 && modules.some(module => module.recurrent && widthsOf(module).input === features);
  if (orders.length === 0 || elsewhere) return undefined;
  const place = new Map(modules.map((module, i) => [module, i]));
  const cost = (order: readonly Placed[]): number[] => [linearsFirst(order), sorted ? 0 : inversions(order, place)];
  const ranked = orders.map(order => ({ order, cost: cost(order) })).sort((a, b) => a.cost[0] - b.cost[0] || a.cost[1] - b.cost[1]);
  const [best, second] = ranked;
  if (!second) return { order: best.order, undecided: false, isUnusual: all.length === 1 && best.cost[1] > 0 };
  // the order of construction, if it fits and differs
  const declared = sorted ? undefined : orders.find(order => inversions(order, place) === 0);
  if (declared && declared !== best.order) return { order: best.order, rival: declared, undecided: true };
  if (declared) return { order: best.order, rival: second.order, undecided: false };
  return { order: best.order, rival: second.order, undecided: second.cost.every((c, i) => c === best.cost[i]) };
}

/** Returns all orders in which the widths fit. Names with numbers are in order, `fc1` before `fc2`, unless only the reverse fits. */
function ordersOf(modules: readonly Module[]): Placed[][] {
  const numbered = search(modules, true);
  return numbered.length > 0 ? numbered : search(modules, false);
}

function search(modules: readonly Module[], numbered: boolean): Placed[][] {
  const found: Placed[][] = [];
  let steps = 0;
  const extend = (done: readonly Placed[], rest: readonly Module[]): void => {
    if (rest.length === 0) found.push([...done]);
    for (const module of rest) {
      if (found.length >= MOST_ORDERS || ++steps > MOST_STEPS) return;
      if (numbered && rest.some(other => (compareNumbers(other.name, module.name) ?? 0) < 0)) continue;
      for (const embedding of waysOf(module, done, rest)) {
        const last = done[done.length - 1];
        const { input } = widthsOf(module, embedding);
        if (last && !widthsOf(last.module, last.embedding).outputs.includes(input ?? -1)) continue;
        extend(
          [...done, { module, embedding }],
          rest.filter(m => m !== module),
        );
      }
    }
  };
  extend([], modules);
  return found;
}

/** How a module may continue an order. Token vectors can only be first, where the name of a square matrix decides whether it holds them. */
function waysOf(module: Module, done: readonly Placed[], rest: readonly Module[]): boolean[] {
  if (done.length > 0 || rest.length === 1 || !mayBeEmbedding(module)) return [false];
  const [rows, columns] = module.layers[0].tensors.get('weight')!.tensor.shape;
  return rows === columns || /emb/i.test(module.name) ? [/emb/i.test(module.name)] : [true, false];
}

/** Width of the network's input; null: token numbers. */
function inputOf([first]: readonly Placed[]): number | null {
  return widthsOf(first.module, first.embedding).input;
}

/** Number of pairs of a Linear and a recurrent module after it. */
function linearsFirst(order: readonly Placed[]): number {
  const linear = ({ module, embedding }: Placed) => module.kind === 'matrix' && !embedding;
  return order.reduce((sum, placed, i) => sum + (placed.module.recurrent ? order.slice(0, i).filter(linear).length : 0), 0);
}

function inversions(order: readonly Placed[], place: ReadonlyMap<Module, number>): number {
  const places = order.map(({ module }) => place.get(module)!);
  return places.reduce((sum, p, i) => sum + places.slice(0, i).filter(before => before > p).length, 0);
}
