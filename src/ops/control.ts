import { RnnError } from '../errors.js';
import type { OnnxGraph, OnnxValue } from '../formats/onnx/graph.js';
import { formatShape, sizeOf } from '../tensor/tensor.js';
import { graphOf, intOf, intsOf } from './attributes.js';
import { type Call, need, type Operators } from './operator.js';
import { hold, pass, release } from './room.js';
import { allocateShape, axisOf, type GraphValue, gatherStrided, kindOfType, shapeError, stridesOf } from './value.js';

/** Operators that run graphs of their own: If (one of two), Loop (again and again), Scan (once for each step of a sequence). */
export const CONTROL: Operators = {
  If: { attributes: ['then_branch', 'else_branch'], run: runBranch },
  Loop: { attributes: ['body'], run: loop },
  Scan: {
    attributes: ['body', 'num_scan_inputs', 'scan_input_axes', 'scan_input_directions', 'scan_output_axes', 'scan_output_directions'],
    run: scan,
  },
};

function bodyOf(call: Call, attribute: string): { graph: OnnxGraph; run: (inputs: readonly GraphValue[]) => GraphValue[] } {
  const graph = graphOf(call.node, attribute);
  if (!graph || !call.body)
    throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `${call.node.opType} has no ${attribute}`, { where: attribute, expected: 'a graph' });
  const { body } = call;
  return { graph, run: inputs => body(graph, inputs) };
}

/** Whether a condition, which must be a single number, is true. @throws RnnError E_ONNX_SHAPE */
function isTrue(value: GraphValue): boolean {
  if (value.data.length !== 1) throw shapeError('the condition must be a single number', formatShape(value.shape), formatShape([]));
  return value.data[0] !== 0;
}

function runBranch(call: Call): GraphValue[] {
  return bodyOf(call, isTrue(need(call, 0)) ? 'then_branch' : 'else_branch').run([]);
}

const scalar = (kind: GraphValue['kind'], n: number): GraphValue => ({ kind, shape: [], data: Float64Array.of(n) });

/** Collects the outputs of a loop: carried values until the next iteration, the others until the end. */
function outputCollector() {
  let carried: readonly GraphValue[] = [];
  const others: GraphValue[] = [];
  return {
    /** Takes the outputs of one iteration. @returns those that are carried */
    round(given: readonly GraphValue[], count: number): GraphValue[] {
      pass(2000);
      given.forEach(hold);
      carried.forEach(release);
      for (const value of given.slice(count)) others.push(value);
      carried = given.slice(0, count);
      return [...carried];
    },
    end: () => [...carried, ...others].forEach(release),
  };
}

/** Loop. Inputs: iteration limit, condition, carried values …; body: iteration, condition, carried … -> condition, carried …, collected … */
function loop(call: Call): GraphValue[] {
  const { graph, run } = bodyOf(call, 'body');
  const [rounds, first, ...rest] = call.inputs;
  const most = rounds ? rounds.data[0] : Number.POSITIVE_INFINITY;
  let carried = rest.map((_, i) => need(call, i + 2));
  checkBody(graph, carried.length + 2, carried.length + 1);
  const collected: GraphValue[][] = graph.outputs.slice(carried.length + 1).map(() => []);
  let going = first ? isTrue(first) : true;
  const kept = outputCollector();
  for (let i = 0; i < most && going; i++) {
    const [iteration, goesOn] = [scalar('int', i), scalar('bool', going ? 1 : 0)].map((value, k) => asDeclared(value, graph.inputs[k]));
    const [condition, ...given] = run([iteration, goesOn, ...carried]);
    going = isTrue(condition);
    carried = kept.round(given, carried.length);
    collected.forEach((list, k) => void list.push(given[carried.length + k]));
  }
  const joined = collected.map((list, k) => stacked(list, graph.outputs[carried.length + 1 + k], 0, call));
  kept.end();
  return [...carried, ...joined];
}

/** A single number in the shape that the body declares: [], or [1] as PyTorch writes it. */
function asDeclared(value: GraphValue, { shape }: OnnxValue): GraphValue {
  return shape?.length === 1 ? { ...value, shape: [1] } : value;
}

/** Scan. Inputs: states …, sequences …; body: states …, one step of each sequence -> states …, one step of each result. */
function scan(call: Call): GraphValue[] {
  if (call.opset < 9)
    throw new RnnError('unsupported', 'E_ONNX_OPERATOR', 'Scan of operator set 8 works differently and is not supported', {
      expected: 'opset 9 or newer',
    });
  const { graph, run } = bodyOf(call, 'body');
  const count = intOf(call.node, 'num_scan_inputs') ?? 0;
  const states = call.inputs.length - count;
  if (count < 1 || states < 0) throw shapeError('num_scan_inputs is out of range', String(count), `1 to ${call.inputs.length}`);
  checkBody(graph, call.inputs.length, states);
  const list = (name: string, i: number) => intsOf(call.node, name)?.[i] ?? 0;
  for (const [name, entries] of [...ofEach('input', count), ...ofEach('output', graph.outputs.length - states)]) {
    const { length } = intsOf(call.node, name) ?? { length: entries };
    if (length !== entries) throw shapeError(`${name} has the wrong length`, `${length} numbers`, `${entries} numbers`);
  }
  let carried = call.inputs.slice(0, states).map((_, i) => need(call, i));
  const sequences = call.inputs.slice(states).map((_, i) => {
    const value = need(call, states + i);
    return { value, axis: axisOf(list('scan_input_axes', i), value.shape.length), back: list('scan_input_directions', i) === 1 };
  });
  const T = sequences[0].value.shape[sequences[0].axis];
  if (sequences.some(({ value, axis }) => value.shape[axis] !== T))
    throw shapeError('the sequences have different numbers of steps', sequences.map(s => formatShape(s.value.shape)).join(' and '));
  const results = graph.outputs.slice(states);
  const collected: GraphValue[][] = results.map(() => []);
  const kept = outputCollector();
  for (let t = 0; t < T; t++) {
    const steps = sequences.map(({ value, axis, back }) => stepOf(value, axis, back ? T - 1 - t : t));
    const given = run([...carried, ...steps]);
    given.forEach((value, i) => void checkRank(value, graph.outputs[i]));
    carried = kept.round(given, states);
    collected.forEach((all, k) => void all.push(given[states + k]));
  }
  const joined = collected.map((all, k) => {
    if (list('scan_output_directions', k) === 1) all.reverse();
    return stacked(all, results[k], list('scan_output_axes', k), call);
  });
  kept.end();
  return [...carried, ...joined];
}

/** Attributes of Scan with one number per sequence: name and expected length. */
function ofEach(way: 'input' | 'output', count: number): [string, number][] {
  return ['axes', 'directions'].map(what => [`scan_${way}_${what}`, count]);
}

/** @throws RnnError E_ONNX_GRAPH if the body has another number of inputs or too few outputs */
function checkBody({ inputs, outputs }: OnnxGraph, takes: number, gives: number): void {
  if (inputs.length === takes && outputs.length >= gives) return;
  throw new RnnError('format', 'E_ONNX_GRAPH', 'the inputs or outputs of the body do not match the node', {
    expected: `${takes} inputs, at least ${gives} outputs`,
    found: `${inputs.length} inputs, ${outputs.length} outputs`,
  });
}

/** @throws RnnError E_ONNX_SHAPE where a body gives other axes than it declares */
function checkRank({ shape }: GraphValue, { name, shape: declared }: OnnxGraph['outputs'][number]): void {
  if (!declared || declared.length === shape.length) return;
  throw shapeError(`the body computes '${name}' with a rank that it does not declare`, formatShape(shape), `${declared.length} axes`);
}

function stepOf(value: GraphValue, axis: number, t: number): GraphValue {
  const strides = stridesOf(value.shape);
  const others = (list: readonly number[]) => list.filter((_, i) => i !== axis);
  return gatherStrided(value, others(value.shape), others(strides), t * strides[axis]);
}

/** Stacks values of one shape along a new axis. If there are none, the shape is the declared one, with 0 for unknown sizes. */
function stacked(values: readonly GraphValue[], declared: OnnxGraph['outputs'][number], axis: number, call: Call): GraphValue {
  const [first] = values;
  const one = first?.shape ?? (declared.shape ?? []).map(n => (typeof n === 'number' ? n : 0));
  const kind = first?.kind ?? kindOfType(declared.dtype);
  const at = axisOf(axis, one.length + 1);
  const shape = [...one.slice(0, at), values.length, ...one.slice(at)];
  const data = allocateShape(shape, kind, call.kernels.precision);
  const width = sizeOf(one.slice(at));
  values.forEach((value, t) => {
    if (formatShape(value.shape) !== formatShape(one))
      throw shapeError('the iterations of a loop give values of different shapes', formatShape(value.shape), formatShape(one));
    for (let r = 0; r * width < value.data.length; r++)
      data.set(value.data.subarray(r * width, (r + 1) * width), (r * values.length + t) * width);
  });
  return { kind, type: first?.type, shape, data };
}
