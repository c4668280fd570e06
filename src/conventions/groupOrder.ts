import { RnnError } from '../errors.js';
import { type Assumption, ask } from '../model/assumptions.js';
import type { FrameworkName } from '../model/frameworks.js';
import { layersText } from '../model/layersLine.js';
import { whyAssumed, whyOpen } from './assumed.js';
import { layerOfGroup, type WeightGroup } from './inferLayers.js';
import { byNaturalOrder } from './naturalOrder.js';

/** Groups in the order in which data flows through them, and the assumptions behind it. */
export interface GroupOrder {
  readonly groups: readonly WeightGroup[];
  readonly assumptions: readonly Assumption[];
}

/** Limits of the search: orders found, and steps. */
const MOST_ORDERS = 50;
const MOST_STEPS = 20_000;

/**
 * Orders the groups of a file that does not keep their order, so that each reads the output of the one before: token vectors first, and recurrent
 * layers before dense ones if both could come first. Groups of one class (`lstm_9`, `lstm_10`) stay in the order of their numbers.
 * @throws RnnError E_UNDETERMINED if no order fits; E_ASK if two fit equally well
 */
export function orderOfGroups(groups: readonly WeightGroup[], framework: FrameworkName): GroupOrder {
  const orders = ordersOf(inNaturalOrder(groups));
  if (orders.length === 0)
    throw new RnnError('convention', 'E_UNDETERMINED', 'the widths of the layers do not determine their order', {
      expected: 'each layer as wide as the input of the next',
      fix: 'describe the network with --layers, or --cell, --D, --M, --K',
    });
  const ranked = orders.map(order => ({ order, cost: denseFirst(order) })).sort((a, b) => a.cost - b.cost);
  const [best, second] = ranked;
  if (!second) return { groups: withMerges(best.order), assumptions: [] };
  if (second.cost === best.cost) throw askForOrder(best.order, second.order, framework);
  const value = namesOf(best.order);
  const what = `the layers are used in the order ${value}`;
  const say = `--layers "${partsOf(second.order, framework).join(',')}"`;
  return { groups: withMerges(best.order), assumptions: [{ fact: 'order', what, value, why: whyAssumed(framework), say }] };
}

/**
 * Returns the order in the file if it is that of the program and fits. An alphabetical order has no meaning.
 * @throws RnnError E_UNDETERMINED, E_ASK
 */
export function orderInFile(groups: readonly WeightGroup[], framework: FrameworkName, sorted: boolean): GroupOrder {
  return !sorted && isChain(groups) ? { groups: withMerges(groups), assumptions: [] } : orderOfGroups(groups, framework);
}

/**
 * The same for a file that lists cells: two cells of one size may be the directions of one layer. They are taken as such if no other order fits;
 * if both readings fit, an assumption says so.
 * @param sorted whether the file's order is alphabetical
 * @throws RnnError E_UNDETERMINED, E_ASK
 */
export function orderOfCells(groups: readonly WeightGroup[], framework: FrameworkName, sorted: boolean): GroupOrder {
  const { paired, pairs } = inPairs(groups);
  // only orders without merging: a layer that reads the width of one direction is taken to read a layer with one direction
  const asPairs = pairs.length === 0 ? undefined : ordersOf(paired).find(order => withMerges(order).every(group => !group.merged));
  if (!asPairs) return orderInFile(groups, framework, sorted);
  const why = whyAssumed(framework);
  if (ordersOf(inNaturalOrder(groups)).length === 0) {
    const what = pairs
      .map(([one, other]) => `${one.name} and ${other.name} are the forward and the backward direction of one layer`)
      .join(', ');
    const order = orderOfGroups(paired, framework);
    return { ...order, assumptions: [...order.assumptions, { fact: 'order', what, value: 'two directions', why, say: null }] };
  }
  const order = orderInFile(groups, framework, sorted);
  const what = pairs.map(([one, other]) => `${other.name} reads what ${one.name} gives`).join(', ');
  const say = `--layers "${partsOf(asPairs, framework).join(',')}"`;
  return { ...order, assumptions: [...order.assumptions, { fact: 'order', what, value: 'one after the other', why, say }] };
}

/** Joins neighbours of one class and size into layers with two directions. */
function inPairs(groups: readonly WeightGroup[]): { paired: WeightGroup[]; pairs: (readonly [WeightGroup, WeightGroup])[] } {
  const paired: WeightGroup[] = [];
  const pairs: (readonly [WeightGroup, WeightGroup])[] = [];
  const rest = inNaturalOrder(groups);
  for (let group = rest.shift(); group; group = rest.shift()) {
    const isPair = rest.length > 0 && isCellOf(group, rest[0]);
    if (isPair) pairs.push([group, rest.shift()!]);
    paired.push(isPair ? { ...group, bidirectional: true } : group);
  }
  return { paired, pairs };
}

function isCellOf(one: WeightGroup, other: WeightGroup): boolean {
  const sizes = ({ kernel, recurrent, bias }: WeightGroup) => String([kernel, recurrent, bias]);
  return one.recurrent !== undefined && !one.bidirectional && classOf(one) === classOf(other) && sizes(one) === sizes(other);
}

function inNaturalOrder(groups: readonly WeightGroup[]): WeightGroup[] {
  return [...groups].sort((a, b) => byNaturalOrder(a.name ?? '', b.name ?? ''));
}

/** Whether each group can read the output of the one before: both directions concatenated, or merged into the width of one. */
function isChain(groups: readonly WeightGroup[]): boolean {
  return groups.every((group, i) => i === 0 || widthsOutOf(groups[i - 1]).includes(widthInto(group)));
}

/** Marks layers with two directions of which the next layer reads the width of one (`merged`). */
export function withMerges(groups: readonly WeightGroup[]): WeightGroup[] {
  return groups.map((group, i) => {
    const reader = groups[i + 1];
    const merged = group.bidirectional === true && reader !== undefined && widthInto(reader) === widthsOutOf(group)[1];
    return merged ? { ...group, merged } : group;
  });
}

function ordersOf(groups: readonly WeightGroup[]): WeightGroup[][] {
  const found: WeightGroup[][] = [];
  const places = new Map(groups.map(group => [group, { name: classOf(group), number: numberOf(group) }]));
  const isBefore = (other: WeightGroup, group: WeightGroup) => {
    const [a, b] = [places.get(other)!, places.get(group)!];
    return a.number < b.number && a.name === b.name;
  };
  let steps = 0;
  const extend = (done: readonly WeightGroup[], rest: readonly WeightGroup[]): void => {
    if (rest.length === 0) found.push([...done]);
    for (const group of rest) {
      if (found.length >= MOST_ORDERS || ++steps > MOST_STEPS) return;
      if (rest.some(other => isBefore(other, group))) continue;
      if (done.length > 0 && (group.embedding || !isChain([done[done.length - 1], group]))) continue;
      extend(
        [...done, group],
        rest.filter(g => g !== group),
      );
    }
  };
  extend([], groups);
  return found;
}

/** Number of pairs of a dense layer and a recurrent layer after it. */
function denseFirst(order: readonly WeightGroup[]): number {
  return order.reduce((sum, group, i) => sum + (group.recurrent ? order.slice(0, i).filter(g => g.dense).length : 0), 0);
}

function askForOrder(one: readonly WeightGroup[], other: readonly WeightGroup[], framework: FrameworkName): RnnError {
  const [a, b] = [partsOf(one, framework), partsOf(other, framework)];
  return ask({
    what: `in which order ${namesOf(one)} are used: two fit the sizes`,
    why: whyOpen(framework),
    layersLine: a.map((part, i) => (part === b[i] ? part : '_')).join(','),
    advice: `--layers "${a.join(',')}"; or --layers "${b.join(',')}"`,
  });
}

function namesOf(groups: readonly WeightGroup[]): string {
  return groups.map(group => group.name).join(', ');
}

/** Writes the layers as --layers has them, with their names in the file, by which they find their weights. */
function partsOf(groups: readonly WeightGroup[], framework: FrameworkName): string[] {
  return groups.map(group => {
    const part = layersText([layerOfGroup(group)], framework);
    return group.name === undefined || part.includes('+name=') ? part : `${part}+name=${group.name}`;
  });
}

function classOf(group: WeightGroup): string {
  return (group.name ?? '').replace(/_?\d+$/, '');
}

function numberOf(group: WeightGroup): number {
  return Number(/(\d+)$/.exec(group.name ?? '')?.[1] ?? 0);
}

function widthInto(group: WeightGroup): number | undefined {
  return (group.kernel ?? group.dense)?.[0];
}

function widthsOutOf({ recurrent, bidirectional, dense, embedding }: WeightGroup): (number | undefined)[] {
  if (recurrent) return bidirectional ? [2 * recurrent[0], recurrent[0]] : [recurrent[0]];
  return [(dense ?? embedding)?.[1]];
}
