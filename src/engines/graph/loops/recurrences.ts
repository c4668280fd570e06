import type { OnnxGraph, OnnxNode } from '../../../formats/onnx/graph.js';
import { graphOf, intOf, intsOf } from '../../../ops/attributes.js';
import { notExpressible } from '../notExpressible.js';
import type { Around } from './around.js';
import { type Sequence, valuesOf } from './body.js';
import { cellOf, type FoundCell } from './cells.js';
import { plusConstant, type Row, times } from './rows.js';
import { boundOf, limitsOf, type Size, type Value } from './values.js';

/** A Loop or a Scan whose body is one step of a cell. */
export interface Recurrence {
  readonly cell: FoundCell;
  readonly sequence: Sequence;
  /** names of the initial states, in the order of the cell's states */
  readonly initial: readonly string[];
  /** what every output of the node is */
  readonly outputs: readonly Output[];
}

export type Output =
  | { readonly is: 'state'; readonly state: number }
  /** h of every step. back: in reverse time order; axis: the axis of the steps */
  | { readonly is: 'steps'; readonly back: boolean; readonly axis: number }
  | { readonly is: 'given'; readonly name: string }
  | { readonly is: 'none' };

/** Recognises a loop as a recurrence. @throws RnnError if the body is not a step of a cell, or its iterations are not the steps of its sequence */
export function recurrenceOf(node: OnnxNode, around: Around): Recurrence {
  const graph = graphOf(node, 'body');
  if (!graph) throw notExpressible(`${node.opType} has no body`);
  const read = node.opType === 'Loop' ? loop : scan;
  // first try to include a product over all steps, outside the loop, in the cell
  try {
    return read(node, graph, around, true);
  } catch {
    return read(node, graph, around, false);
  }
}

/** Collects the sequences that a body reads. */
function sequencesOf(around: Around, products: boolean): { list: Sequence[]; step(sequence: Sequence): Row } {
  const list: Sequence[] = [];
  const step = (sequence: Sequence): Row => {
    const made = products ? around.productOf(sequence.name) : undefined;
    const own = made ? { ...sequence, name: made.name } : sequence;
    let at = list.findIndex(s => s.name === own.name && s.axis === own.axis && s.back === own.back);
    if (at < 0) at = list.push(own) - 1;
    const row: Row = { is: 'step', sequence: at };
    if (!made) return row;
    const product = times(row, made.matrix);
    return made.bias ? plusConstant(product, made.bias) : product;
  };
  return { list, step };
}

/** Loop. Inputs: iteration limit, condition, carried values …; body: iteration, condition, carried … -> condition, carried …, collected … */
function loop(node: OnnxNode, graph: OnnxGraph, around: Around, products: boolean): Recurrence {
  const { list, step } = sequencesOf(around, products);
  const [rounds, going, ...start] = node.inputs;
  const [round, condition, ...carried] = graph.inputs.map(i => i.name);
  const [next, ...gives] = graph.outputs.map(o => o.name);
  const renamed = new Map(graph.nodes.filter(n => n.opType === 'Identity').map(n => [n.outputs[0], n.inputs[0]]));
  const same = carried.map((name, i) => name === gives[i] || renamed.get(gives[i]) === name);
  const known = start.map(name => around.value(name));
  const counts = known.map(k => (k.is === 'const' && k.value.kind === 'int' && k.value.data.length === 1 ? k.value.data[0] : undefined));
  const inputs = new Map<string, Value>([
    [round, { is: 'count', plus: 0 }],
    [condition, { is: 'limit', limits: [] }],
    ...carried.map((name, i): [string, Value] => [
      name,
      same[i] ? known[i] : counts[i] !== undefined ? { is: 'count', plus: counts[i] } : { is: 'row', row: { is: 'state', state: i } },
    ]),
  ]);
  const look = valuesOf(graph, inputs, { around, step });
  const rows = new Map<number, Row>();
  carried.forEach((_, i) => {
    if (same[i]) return;
    const value = look(gives[i]);
    if (counts[i] === undefined) rows.set(i, rowGiven(value));
    else if (value.is !== 'count' || value.plus !== counts[i] + 1)
      throw notExpressible('an integer other than the iteration number is carried');
  });
  const cell = cellOf(rows);
  const sequence = list[cell.sequence];
  const most = rounds === '' ? [] : [{ plus: 1, bound: boundOf(around.value(rounds)) }];
  const first = going === '' ? [] : limitsOf(around.condition(going)).map(({ plus, bound }) => ({ plus: plus + 1, bound }));
  checkRounds([...most, ...first, ...limitsOf(look(next))], around.size(sequence.name, sequence.axis));
  const h = rows.get(cell.states[0])!;
  const outputs = node.outputs.map((_, i): Output => {
    if (i >= carried.length) return collected(look(gives[i]), h, { back: false, axis: 0 });
    if (same[i]) return { is: 'given', name: start[i] };
    return counts[i] === undefined ? { is: 'state', state: cell.states.indexOf(i) } : { is: 'none' };
  });
  return { cell, sequence, initial: cell.states.map(state => start[state]), outputs };
}

function rowGiven(value: Value): Row {
  if (value.is === 'row' && !value.lifted) return value.row;
  throw notExpressible(value.is === 'unknown' ? value.why : 'a state is not [N, M]');
}

function collected(value: Value, h: Row, where: { back: boolean; axis: number }): Output {
  return value.is === 'row' && value.row === h ? { is: 'steps', ...where } : { is: 'none' };
}

const FAR = 2 ** 31 - 1;

/** Checks that the loop runs once per step of its sequence. Each limit continues it while iteration + plus < bound. @throws RnnError */
function checkRounds(limits: readonly { plus: number; bound: Size }[], steps: Size | undefined): void {
  const ends = limits.filter(({ bound }) => typeof bound === 'string' || bound < FAR);
  const fits = ({ plus, bound }: { plus: number; bound: Size }) =>
    typeof bound === 'number' && typeof steps === 'number' ? bound - plus + 1 : plus === 1 ? bound : undefined;
  if (steps === undefined || ends.length === 0 || !ends.every(end => fits(end) === steps))
    throw notExpressible('the iterations are not the steps of a sequence');
}

/** Scan. Inputs: states …, sequences …; body: states …, one step of each sequence -> states …, one step of each result. */
function scan(node: OnnxNode, graph: OnnxGraph, around: Around, products: boolean): Recurrence {
  const { list, step } = sequencesOf(around, products);
  const count = intOf(node, 'num_scan_inputs') ?? 0;
  const states = node.inputs.length - count;
  const at = (name: string, i: number) => intsOf(node, name)?.[i] ?? 0;
  const inputs = new Map(
    graph.inputs.map(({ name }, i): [string, Value] => {
      if (i < states) return [name, { is: 'row', row: { is: 'state', state: i } }];
      const back = at('scan_input_directions', i - states) === 1;
      return [name, { is: 'row', row: step({ name: node.inputs[i], axis: at('scan_input_axes', i - states), back }) }];
    }),
  );
  const look = valuesOf(graph, inputs, { around, step });
  const gives = graph.outputs.map(o => o.name);
  const rows = new Map(Array.from({ length: states }, (_, i): [number, Row] => [i, rowGiven(look(gives[i]))]));
  const cell = cellOf(rows);
  const sequence = list[cell.sequence];
  const h = rows.get(cell.states[0])!;
  const outputs = node.outputs.map((_, i): Output => {
    if (i < states) return { is: 'state', state: cell.states.indexOf(i) };
    // ONNX's recurrent operators output the steps in time order, whichever direction the cell ran in
    const back = (at('scan_output_directions', i - states) === 1) !== (sequence.back === true);
    return collected(look(gives[i]), h, { back, axis: at('scan_output_axes', i - states) });
  });
  return { cell, sequence, initial: node.inputs.slice(0, states).map((_, i) => node.inputs[cell.states[i]]), outputs };
}
