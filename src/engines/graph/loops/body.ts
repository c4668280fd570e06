import { RnnError } from '../../../errors.js';
import type { OnnxGraph, OnnxNode } from '../../../formats/onnx/graph.js';
import { floatOf, intOf, intsOf } from '../../../ops/attributes.js';
import type { GraphValue } from '../../../ops/value.js';
import { transpose } from '../../../tensor/layout.js';
import type { FloatArray } from '../../../tensor/tensor.js';
import { notExpressible } from '../notExpressible.js';
import { type Around, checkAxes, constantNode } from './around.js';
import { applied, clipped, columns, plus, plusConstant, type Row, times, timesConstant } from './rows.js';
import { boundOf, type Known, limitsOf, type Value } from './values.js';

/** A sequence of which the body reads one step per iteration. */
export interface Sequence {
  readonly name: string;
  /** axis of the steps */
  readonly axis: number;
  readonly back?: boolean;
}

export interface Body {
  readonly around: Around;
  /** returns the step that an iteration reads of a sequence outside the loop */
  step(sequence: Sequence): Row;
}

/** Follows the nodes of a body. @returns a function from a name to its value; a value that is not understood is 'unknown', which only matters if it is read */
export function valuesOf(graph: OnnxGraph, inputs: ReadonlyMap<string, Value>, body: Body): (name: string) => Value {
  const values = new Map(inputs);
  for (const [name, tensor] of graph.initializers) values.set(name, body.around.numbers(name, tensor));
  const look = (name: string) => values.get(name) ?? body.around.value(name);
  for (const node of graph.nodes) {
    const given = node.inputs.map(name => (name === '' ? undefined : look(name)));
    const unknown = given.find(value => value?.is === 'unknown');
    let gives: readonly Value[];
    try {
      gives = unknown ? [] : stepOf(node, given, body);
    } catch (error) {
      if (!(error instanceof RnnError)) throw error;
      gives = node.outputs.map(() => ({ is: 'unknown', why: error.message }));
    }
    node.outputs.forEach((name, i) => {
      values.set(name, gives[i] ?? unknown ?? { is: 'unknown', why: `the loop contains ${node.opType}` });
    });
  }
  return look;
}

function stepOf(node: OnnxNode, inputs: readonly (Value | undefined)[], body: Body): readonly Value[] {
  const { around } = body;
  const [first, second] = inputs;
  if (node.domain !== '' || node.captures) throw notExpressible(`the loop contains ${node.opType}`);
  if (inputs.every(i => !i || i.is === 'const')) {
    const found = constantNode(
      node,
      around.opset,
      inputs.map(i => (i?.is === 'const' ? i.value : undefined)),
      around.kernels,
    );
    return found ? [found] : [];
  }
  if (node.opType === 'Shape' && first?.is === 'outer') return [{ is: 'shape', of: first.name }];
  const sizes = around.sizes(node, inputs as (Known | undefined)[]);
  if (sizes) return [sizes];
  if (inputs.some(i => i?.is === 'count' || i?.is === 'limit')) return [counted(node, first!, second, body)];
  return rowsOf(node, inputs, around);
}

/** Follows a node that reads the iteration number: adds to it, compares it, or uses it as the index of a step. */
function counted(node: OnnxNode, first: Value, second: Value | undefined, body: Body): Value {
  const { opType } = node;
  if (opType === 'Gather' && first.is === 'outer' && second?.is === 'count' && second.plus === 0)
    return { is: 'row', row: body.step({ name: first.name, axis: intOf(node, 'axis') ?? 0 }), lifted: second.lifted };
  if (first.is === 'count' || first.is === 'limit') checkAxes(node, second as Known | undefined);
  if (first.is === 'count') {
    if (opType === 'Identity' || opType === 'Cast') return first;
    if (opType === 'Unsqueeze' || opType === 'Reshape') return { ...first, lifted: true };
    if (opType === 'Squeeze') return { ...first, lifted: false };
    if (opType === 'Less' && second) return { is: 'limit', limits: [{ plus: first.plus, bound: boundOf(second) }] };
  }
  if (opType === 'Add' && second) {
    const [count, other] = first.is === 'count' ? [first, second] : [second, first];
    if (count.is === 'count' && other.is === 'const' && other.value.data.length === 1)
      return { ...count, plus: count.plus + other.value.data[0] };
  }
  if (opType === 'Greater' && second?.is === 'count') return { is: 'limit', limits: [{ plus: second.plus, bound: boundOf(first) }] };
  if (first.is === 'limit' && (opType === 'Identity' || opType === 'Cast' || opType === 'Squeeze' || opType === 'Reshape')) return first;
  if (opType === 'And' && second) return { is: 'limit', limits: [...limitsOf(first), ...limitsOf(second)] };
  throw notExpressible(`${opType} uses the iteration number`);
}

function rowOf(value: Value | undefined): Row {
  if (value?.is === 'row' && !value.lifted) return value.row;
  if (value?.is === 'unknown') throw notExpressible(value.why);
  throw notExpressible('the loop computes with values other than [N, width]');
}

/** Returns a constant as one number, or one per column. @throws RnnError for any other shape */
function vectorOf({ shape, data }: GraphValue): FloatArray {
  if (data.length !== (shape.at(-1) ?? 1)) throw notExpressible('a constant differs from sample to sample');
  return data;
}

function rowsOf(node: OnnxNode, inputs: readonly (Value | undefined)[], around: Around): readonly Value[] {
  const [first, second] = inputs;
  const { opType } = node;
  const one = (row: Row): readonly Value[] => [{ is: 'row', row }];
  if (first?.is === 'row' && first.lifted && opType === 'Squeeze') return one(first.row);
  switch (opType) {
    case 'Identity':
    case 'Dropout':
      return first ? [first] : [];
    case 'Cast':
      if (intOf(node, 'to') !== (around.kernels.precision === 'f64' ? 11 : 1))
        throw notExpressible('a Cast changes the type of the numbers');
      return one(rowOf(first));
    case 'MatMul':
      return one(times(rowOf(first), matrixOf(second, false)));
    case 'Gemm':
      return one(gemm(node, inputs));
    case 'Concat':
      columnsAxis(node);
      return one({ is: 'joined', parts: inputs.map(rowOf) });
    case 'Split':
      return splitOf(node, inputs, around).map((row): Value => ({ is: 'row', row }));
    case 'Slice':
      return one(slicedRow(node, inputs));
    case 'Clip': {
      const bound = (i: number, name: string) => (inputs[i]?.is === 'const' ? inputs[i].value.data[0] : floatOf(node, name));
      return one(clipped(rowOf(first), bound(1, 'min') ?? Number.NaN, bound(2, 'max') ?? Number.NaN));
    }
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Sum':
    case 'Max':
    case 'Min':
      if (inputs.length !== 2) throw notExpressible(`${opType} of ${inputs.length} values`);
      return one(arithmetic(opType, first!, second!));
    default: {
      const parameters = FUNCTIONS[opType];
      if (!parameters) throw notExpressible(`the loop contains ${opType}`);
      const given = parameters.map(([name, otherwise]) => floatOf(node, name) ?? otherwise);
      return one(applied(opType, given, rowOf(first)));
    }
  }
}

/** The activations of recurrent operators, with the names and defaults of their parameters. */
const FUNCTIONS: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  Relu: [],
  Tanh: [],
  Sigmoid: [],
  Softsign: [],
  Softplus: [],
  LeakyRelu: [['alpha', Math.fround(0.01)]],
  ThresholdedRelu: [['alpha', 1]],
  Elu: [['alpha', 1]],
  HardSigmoid: [
    ['alpha', Math.fround(0.2)],
    ['beta', 0.5],
  ],
};

function arithmetic(opType: string, a: Value, b: Value): Row {
  if (a.is !== 'const' && b.is !== 'const') {
    const rows = [rowOf(a), rowOf(b)] as const;
    if (opType === 'Mul') return { is: 'product', parts: rows };
    if (opType === 'Sub') return { is: 'difference', from: rows[0], minus: rows[1] };
    if (opType === 'Add' || opType === 'Sum') return plus(...rows);
    throw notExpressible(`${opType} of two computed values`);
  }
  if (a.is === 'const') {
    const constant = vectorOf(a.value);
    const row = rowOf(b);
    if (opType === 'Sub') {
      if (constant.every(v => v === 1)) return { is: 'difference', from: null, minus: row };
      throw notExpressible('a computed value is subtracted from a constant');
    }
    if (opType === 'Div') throw notExpressible('a constant is divided by a computed value');
    return withConstant(opType, row, constant);
  }
  return withConstant(opType, rowOf(a), vectorOf((b as { value: GraphValue }).value));
}

function withConstant(opType: string, row: Row, constant: FloatArray): Row {
  if (opType === 'Mul') return timesConstant(row, constant);
  if (opType === 'Div')
    return timesConstant(
      row,
      constant.map(v => 1 / v),
    );
  if (opType === 'Sub')
    return plusConstant(
      row,
      constant.map(v => -v),
    );
  if (opType === 'Add' || opType === 'Sum') return plusConstant(row, constant);
  const [bound] = constant;
  if (constant.length === 1 && opType === 'Max' && bound === 0 && row.is === 'scaled') return applied('not below 0', [], row);
  if (constant.length === 1 && opType === 'Min' && bound === 1) {
    if (row.is === 'function' && row.name === 'not below 0') return clipped(row.of, 0, 1);
    if (row.is === 'scaled') return applied('not above 1', [], row);
  }
  if (constant.length === 1 && opType === 'Max' && bound === 0 && row.is === 'function' && row.name === 'not above 1')
    return clipped(row.of, 0, 1);
  throw notExpressible(`${opType} with a constant is not part of a hard sigmoid`);
}

function matrixOf(value: Value | undefined, turned: boolean): { rows: number; data: FloatArray } {
  if (value?.is !== 'const' || value.value.shape.length !== 2) throw notExpressible('a factor of a product is not a constant matrix');
  const { shape, data } = turned ? transpose(value.value) : value.value;
  return { rows: shape[0], data };
}

function gemm(node: OnnxNode, [x, W, b]: readonly (Value | undefined)[]): Row {
  if ((floatOf(node, 'alpha') ?? 1) !== 1 || (floatOf(node, 'beta') ?? 1) !== 1 || intOf(node, 'transA'))
    throw notExpressible('Gemm scales or transposes its input');
  const product = times(rowOf(x), matrixOf(W, intOf(node, 'transB') === 1));
  if (!b) return product;
  return b.is === 'const' ? plusConstant(product, vectorOf(b.value)) : plus(product, rowOf(b));
}

function columnsAxis(node: OnnxNode): void {
  const axis = intOf(node, 'axis') ?? 0;
  if (axis !== 1 && axis !== -1) throw notExpressible(`${node.opType} along the axis of samples`);
}

function splitOf(node: OnnxNode, [x, sizes]: readonly (Value | undefined)[], around: Around): Row[] {
  columnsAxis(node);
  const row = rowOf(x);
  const width = row.is === 'affine' ? row.width : undefined;
  const given = sizes?.is === 'const' ? Array.from(sizes.value.data) : around.opset < 13 ? intsOf(node, 'split') : undefined;
  const { length } = node.outputs;
  if (!given && (width === undefined || width % length !== 0)) throw notExpressible('Split into parts of unknown size');
  let from = 0;
  return (given ?? node.outputs.map(() => width! / length)).map(size => {
    from += size;
    return columns(row, from - size, from);
  });
}

function slicedRow(node: OnnxNode, inputs: readonly (Value | undefined)[]): Row {
  const list = (i: number, name: string) => {
    const input = inputs[i];
    return input?.is === 'const' ? Array.from(input.value.data) : intsOf(node, name);
  };
  const [starts, ends, axes, steps] = [list(1, 'starts'), list(2, 'ends'), list(3, 'axes') ?? [0, 1], list(4, 'steps')];
  const row = rowOf(inputs[0]);
  const width = row.is === 'affine' ? row.width : undefined;
  if (!starts || !ends || width === undefined || steps?.some(step => step !== 1)) throw notExpressible('Slice does not take whole columns');
  let [from, to] = [0, width];
  starts.forEach((start, i) => {
    const whole = start === 0 && ends[i] >= 2 ** 31 - 1;
    if (axes[i] === 0 || axes[i] === -2) {
      if (!whole) throw notExpressible('Slice takes only some of the samples');
      return;
    }
    if (axes[i] !== 1 && axes[i] !== -1) throw notExpressible('Slice cuts an axis that does not exist');
    const clamp = (n: number) => Math.max(0, Math.min(width, n < 0 ? n + width : n));
    [from, to] = [clamp(start), clamp(ends[i])];
  });
  return columns(row, from, to);
}
