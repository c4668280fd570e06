import type { OnnxNode } from '../../formats/onnx/graph.js';
import { ONNX_DTYPES } from '../../formats/onnx/types.js';
import type { Dim } from '../../layers/layer.js';
import { sized } from '../../layers/operatorNumbers.js';
import { intOf, intsOf, nodeLabel } from '../../ops/attributes.js';
import { axisOf } from '../../ops/value.js';
import type { Step, Wire } from './nodes.js';
import { stuck } from './stuck.js';
import { type Axis, append, constantOf, type Draft, type Flow, settle, widthOf } from './symbols.js';

/** Nodes that move axes: how they change the letters of the axes. One step taken out of a sequence, or a flattened sequence, becomes a layer. */
export function moveAxes(step: Step, flow: Flow, draft: Draft): Flow[] | undefined {
  const { node, inputs } = step;
  switch (node.opType) {
    case 'Cast':
      return [cast(node, flow, draft)];
    case 'Transpose':
      return [transposed(node, flow)];
    case 'Squeeze':
      return [squeezed(flow, axesOf(step))];
    case 'Unsqueeze':
      return [unsqueezed(flow, axesOf(step) ?? [])];
    case 'Gather':
      return [picked(node, flow, inputs[1], draft)];
    case 'Slice':
      return [sliced(step, flow, draft)];
    case 'Split':
      return halves(node, flow);
    case 'Reshape':
    case 'Flatten':
      return [reshaped(node, flow, inputs[1], draft)];
    default:
      return undefined;
  }
}

/** Real numbers stay what they are, and so do token numbers; anything else is rounded. */
function cast(node: OnnxNode, flow: Flow, { inputName, sizes }: Draft): Flow {
  const type = ONNX_DTYPES.get(intOf(node, 'to') ?? 0);
  const kept = flow.layer === inputName && !sizes.F ? ['i32', 'i64'] : ['f32', 'f64', 'f16', 'bf16'];
  if (type && kept.includes(type)) return flow;
  throw stuck(`${nodeLabel(node)} makes other numbers`);
}

function transposed(node: OnnxNode, flow: Flow): Flow {
  const perm = intsOf(node, 'perm') ?? flow.axes.map((_, i) => flow.axes.length - 1 - i);
  if (perm.length !== flow.axes.length) throw stuck('Transpose has another rank');
  return { ...flow, axes: perm.map(i => flow.axes[i]) };
}

function axesOf({ node, inputs, opset }: Step): number[] | undefined {
  if (opset < 13) return intsOf(node, 'axes');
  return inputs[1] && Array.from(constantOf(inputs[1], 'axes').data);
}

function squeezed(flow: Flow, axes: readonly number[] | undefined): Flow {
  const drop = axes?.map(a => axisOf(a, flow.axes.length)) ?? flow.axes.flatMap((a, i) => (a === 'one' ? [i] : []));
  if (drop.some(i => flow.axes[i] !== 'one')) throw stuck('Squeeze drops an axis that is not of size 1');
  return { ...flow, axes: flow.axes.filter((_, i) => !drop.includes(i)) };
}

function unsqueezed(flow: Flow, given: readonly number[]): Flow {
  const rank = flow.axes.length + given.length;
  const axes = given.map(a => axisOf(a, rank));
  const rest = [...flow.axes];
  return { ...flow, axes: Array.from({ length: rank }, (_, i): Axis => (axes.includes(i) ? 'one' : rest.shift()!)) };
}

/** One index of an axis: a direction, the last step, or the only one. */
function picked(node: OnnxNode, flow: Flow, index: Wire | undefined, draft: Draft): Flow {
  const value = constantOf(index, 'the index of Gather');
  const axis = axisOf(intOf(node, 'axis') ?? 0, flow.axes.length);
  if (value.data.length !== 1) throw stuck('Gather picks several rows');
  const flowAt = atIndex(flow, axis, value.data[0], draft);
  return value.shape.length === 0 ? flowAt : { ...flowAt, axes: [...flow.axes.slice(0, axis), 'one', ...flow.axes.slice(axis + 1)] };
}

function atIndex(flow: Flow, axis: number, index: number, draft: Draft): Flow {
  const axes = flow.axes.filter((_, i) => i !== axis);
  switch (flow.axes[axis]) {
    case 'one':
      return { ...flow, axes };
    case 'dirs':
      return { ...flow, axes, part: index === 0 || index === -2 ? 'forward' : 'backward' };
    case 'T':
      if (index !== -1) throw stuck(`step ${index} is taken`);
      return lastStep(flow, axes, draft);
    default:
      throw stuck('Gather picks features or samples');
  }
}

/** The last step in time order of a whole sequence. */
function lastStep(flow: Flow, axes: readonly Axis[], draft: Draft): Flow {
  const from = settle({ ...flow, axes: ['N', 'T', 'F'] }, ['N', 'T', 'F'], draft);
  if (axes.filter(a => a !== 'one').join() !== 'N,F') throw stuck('the last step of other axes');
  return { ...append(draft, { kind: 'last' }, [from], `${flow.layer}_last`, widthOf(flow, draft)), axes };
}

const FAR = 2 ** 31 - 1;

/** The whole axis, the last step, or time turned round. */
function sliced({ node, inputs, opset }: Step, flow: Flow, draft: Draft): Flow {
  const old = opset < 10;
  const list = (name: string, i: number) => (old ? intsOf(node, name) : inputs[i] && Array.from(constantOf(inputs[i], name).data));
  const [starts, ends] = [list('starts', 1) ?? [], list('ends', 2) ?? []];
  const axes = list('axes', 3) ?? starts.map((_, i) => i);
  const steps = (old ? undefined : list('steps', 4)) ?? starts.map(() => 1);
  let now = flow;
  axes.forEach((given, i) => {
    now = slicedAxis(now, axisOf(given, flow.axes.length), { start: starts[i], end: ends[i], step: steps[i] }, draft);
  });
  return now;
}

function slicedAxis(flow: Flow, axis: number, { start, end, step }: { start: number; end: number; step: number }, draft: Draft): Flow {
  if (step === 1 && start === 0 && end >= FAR) return flow;
  if (flow.axes[axis] === 'T' && step === -1 && start === -1 && end < -FAR) return { ...flow, flipped: !flow.flipped };
  if (flow.axes[axis] !== 'T' || step !== 1 || start !== -1 || end < FAR) throw stuck('Slice takes a part of an axis');
  const rest = flow.axes.filter((_, k) => k !== axis);
  return { ...lastStep(flow, rest, draft), axes: flow.axes.map((a, k) => (k === axis ? 'one' : a)) };
}

/** The two directions, each on its own. */
function halves(node: OnnxNode, flow: Flow): Flow[] {
  const axis = axisOf(intOf(node, 'axis') ?? 0, flow.axes.length);
  if (flow.axes[axis] !== 'dirs' || node.outputs.length !== 2) throw stuck('Split cuts other axes than the directions');
  const axes = flow.axes.map((a, i): Axis => (i === axis ? 'one' : a));
  return [
    { ...flow, axes, part: 'forward' },
    { ...flow, axes, part: 'backward' },
  ];
}

/** Directions and features side by side become one; axes of size 1 go; [N, T, F] to [N, T·F] is a layer. */
function reshaped(node: OnnxNode, flow: Flow, target: Wire | undefined, draft: Draft): Flow {
  if (node.opType === 'Flatten' && (intOf(node, 'axis') ?? 1) !== 1) throw stuck('Flatten keeps other axes than the first');
  const sizes = node.opType === 'Flatten' ? [0, -1].map(sized) : targetSizes(target, draft);
  if (intOf(node, 'allowzero') === 1 && sizes.some(d => d.size === 0)) throw stuck('Reshape leaves no numbers');
  const kept = flow.axes.filter(a => a !== 'one');
  const at = kept.indexOf('dirs');
  const merges = at >= 0 && kept[at + 1] === 'F' && kept.length - 1 === sizes.length;
  const next: Flow = merges ? { ...flow, axes: kept.filter(a => a !== 'dirs'), merge: 'concat' } : { ...flow, axes: kept };
  if (next.axes.length === sizes.length && sizes.every((size, i) => fits(size, next.axes[i], i, flow, next, draft))) return next;
  if (sizes.length === 2 && kept.join() === 'N,T,F' && sizes[1].size === -1 && fits(sizes[0], 'N', 0, flow, next, draft)) {
    return append(draft, { kind: 'flatten' }, [settle(next, kept, draft)], node.name || 'flatten', null);
  }
  throw stuck(`${node.opType} from [${flow.axes.join(', ')}] to ${sizes.length} axes`);
}

/** 0 copies the size of the same place, −1 is what is left: one of them in an otherwise fitting shape. */
function fits({ size, symbol }: Dim, axis: Axis, place: number, from: Flow, to: Flow, draft: Draft): boolean {
  if (size === -1) return true;
  if (size === 0) return from.axes[place] === axis;
  if (axis === 'F') return size !== null && size === widthOf(to, draft);
  const own = axis === 'N' || axis === 'T' ? draft.sizes[axis] : sized(2);
  return size === own.size && (size !== null || symbol === own.symbol);
}

function targetSizes(target: Wire | undefined, { nodes }: Draft): readonly Dim[] {
  const known = target && 'value' in target ? nodes.shape(target).numbers : undefined;
  return known ?? Array.from(constantOf(target, 'the shape of Reshape').data, sized);
}
