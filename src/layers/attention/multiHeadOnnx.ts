import { int, ints } from '../../formats/onnx/builder.js';
import { reshape, sizeOf } from '../../tensor/tensor.js';
import { multiply } from '../dims.js';
import type { OnnxCall, OnnxResult } from '../facets.js';
import { cast, lifted, number, zeroedOutside } from '../onnxSteps.js';
import { type AttendedAxes, checkUnmasked } from './axes.js';
import { axesOf, forEachHead, type MultiHeadSpec, maskShape, NEVER, zeroesUnseen } from './heads.js';
import { readBy, visibleOnnx } from './scores.js';

/** MultiHeadAttention as ONNX operators: the heads become an axis before the attended axes, which are joined into one. */
export function multiHeadOnnx(layer: MultiHeadSpec, call: OnnxCall): OnnxResult {
  const { builder, inputs, masks } = call;
  const weight = (key: string) => forEachHead(layer, key, call.weight(key));
  const { name, heads: H, units: P } = layer;
  const [query, value, key = value] = readBy(layer, inputs);
  const rank = call.shapes[0].length;
  const { around, along } = axesOf(layer, rank);
  const add = (op: string, given: readonly string[], attributes = {}) => builder.add(op, given, attributes, name);
  const kept = (count: number) => new Array<number>(count).fill(0);
  // x [N, …, D] · W [D, H·P] + b
  const affine = (part: string, x: string, rows: number, columns: number) => {
    const W = builder.constant(`${name}.${part}.weight`, reshape(weight(`${part}/W`)!, [rows, columns]));
    const b = weight(`${part}/b`);
    const y = add('MatMul', [x, W]);
    return b ? add('Add', [y, builder.constant(`${name}.${part}.bias`, reshape(b, [columns]))]) : y;
  };
  // [N, …, H, T axes, P]
  const apart = (part: string, x: string) => {
    const [D, , width] = weight(`${part}/W`)!.shape;
    const heads = add('Reshape', [affine(part, x, D, H * width), builder.integers([...kept(rank - 1), H, width])]);
    return add('Transpose', [heads], { perm: ints(...around, rank - 1, ...along, rank) });
  };
  // [N, …, H, T, P]
  const joinedSteps = (x: string, width: number) =>
    along.length === 1 ? x : add('Reshape', [x, builder.integers([...kept(around.length + 1), -1, width])]);
  const q = apart('query', query);
  const turned = [...around.keys(), around.length, around.length + 2, around.length + 1];
  const k = add('Transpose', [joinedSteps(apart('key', key), P)], { perm: ints(...turned) });
  const scores = add('Mul', [add('MatMul', [joinedSteps(q, P), k]), number(builder, 1 / Math.sqrt(P), name)]);
  checkUnmasked(rank, masks);
  const [asked, ofValue, ofKey = ofValue] = readBy(layer, masks);
  const real = ofValue && ofKey && ofValue !== ofKey ? add('And', [ofValue, ofKey]) : (ofValue ?? ofKey);
  const sees = visibleOnnx(name, layer, { ...call, masks: [asked, real] }, along[0]);
  const truths = [
    asked && add('Unsqueeze', [lifted(builder, asked, 3, name), builder.integers([1])]),
    sees && add('Unsqueeze', [sees, builder.integers(real ? [1] : [0])]),
    layer.attentionMask ? attentionMaskOnnx(layer, call, { around, along }) : undefined,
  ].filter(truth => truth !== undefined);
  const seen = truths.length > 0 ? truths.reduce((a, b) => add('And', [a, b])) : undefined;
  const shown = seen === undefined ? scores : add('Where', [seen, scores, number(builder, NEVER, name)]);
  const all = add('Softmax', [shown], { axis: int(-1) });
  const any = (truth: string) => cast(builder, add('ReduceMax', [cast(builder, truth, 'f32', name)], { axes: ints(-1) }), 'bool', name);
  const weights = seen && zeroesUnseen(layer, rank) ? zeroedOutside(builder, any(seen), all, name) : all;
  const [, V, ...K] = weight('output/W')!.shape;
  const product = add('MatMul', [weights, joinedSteps(apart('value', value), V)]);
  // sizes of x, to separate the T axes again
  const sizesOf = (x: string, from: number, to: number) => add('Shape', [x], { start: int(from), end: int(to) });
  const attended =
    along.length === 1 ? product : add('Reshape', [product, add('Concat', [sizesOf(q, 0, rank), builder.integers([V])], { axis: int(0) })]);
  const order = [...around, rank - 1, ...along, rank];
  const back = add('Transpose', [attended], { perm: ints(...order.map((_, axis) => order.indexOf(axis))) });
  const joined = add('Reshape', [back, builder.integers([...kept(rank - 1), H * V])]);
  const gated = layer.useGate ? add('Mul', [joined, add('Sigmoid', [affine('gate', query, weight('gate/W')!.shape[0], H * V)])]) : joined;
  const flat = affine('output', gated, H * V, sizeOf(K));
  const y = K.length === 1 ? flat : add('Reshape', [flat, builder.integers([...kept(rank - 1), ...K])]);
  if (!layer.scores || along.length === 1) return { y, others: layer.scores ? [weights] : [] };
  const ends = sizesOf(apart('value', value), around.length + 1, rank);
  return { y, others: [add('Reshape', [weights, add('Concat', [sizesOf(q, 0, rank), ends], { axis: int(0) })])] };
}

/** Adds the nodes of the attention mask: booleans that broadcast over scores [N, …, H, T, S]. */
function attentionMaskOnnx({ name }: MultiHeadSpec, { builder, inputs, shapes }: OnnxCall, axes: AttendedAxes): string {
  const add = (op: string, given: readonly string[]) => builder.add(op, given, {}, `${name}/mask`);
  const truth = cast(builder, inputs[inputs.length - 1], 'bool', name);
  const shape = shapes[shapes.length - 1];
  const wide = maskShape([...shape.keys()], axes, -1);
  const missing = wide.flatMap((axis, i) => (axis === -1 ? [i] : []));
  const whole = missing.length === 0 ? truth : add('Unsqueeze', [truth, builder.integers(missing)]);
  if (axes.along.length === 1) return whole;
  const known = maskShape(shape, axes, { symbol: '', size: 1 }).slice(axes.around.length + 1);
  const joined = [known.slice(0, axes.along.length), known.slice(axes.along.length)].map(dims => multiply(...dims.map(d => d.size)));
  return add('Reshape', [whole, builder.integers([...axes.around.map(() => 0), 0, ...joined.map(size => Number(size ?? -1))])]);
}
