import { type GraphBuilder, int, ints } from '../../formats/onnx/builder.js';
import { cast, flipped, lifted, number, zeroedOutside } from '../../layers/onnxSteps.js';
import type { RecurrentSpec } from '../../model/spec.js';

/**
 * A mask with gaps anywhere, for operators that know lengths only: the real steps of each sample are moved to the front, the operator runs
 * over them, and every masked step then shows the output of the real one that was processed before it, as Keras has it.
 */
interface RealSteps {
  /** truth values [N, T] */
  readonly mask: string;
  /** real steps up to and including t [N, T], int64 */
  readonly seen: string;
  /** 1 at a real step [N, T], int64 */
  readonly ones: string;
  /** how many are real, and the same but at least 1 [N, 1], int64 */
  readonly total: string;
  readonly atLeastOne: string;
  /** int32 [N] for the operator, at least 1: no runtime is asked what a sequence of none gives */
  readonly lengths: string;
}

export function realSteps(builder: GraphBuilder, mask: string, name: string): RealSteps {
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, `${name}/steps`);
  const ones = cast(builder, mask, 'i64', `${name}/steps`);
  const total = add('ReduceSum', [ones, builder.integers([1])]);
  const atLeastOne = add('Max', [total, builder.integers([1])]);
  const lengths = cast(builder, add('Squeeze', [atLeastOne, builder.integers([1])]), 'i32', `${name}/steps`);
  return { mask, ones, seen: add('CumSum', [ones, builder.scalar(1)]), total, atLeastOne, lengths };
}

/** x [N, T, D] with the real steps first; behind them stand masked ones. */
export function compacted(builder: GraphBuilder, x: string, { mask, seen }: RealSteps, name: string): string {
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, `${name}/front`);
  const key = add('Where', [mask, add('Neg', [seen]), builder.integers([-(2 ** 31)])]);
  const T = add('Shape', [mask], { start: int(1), end: int(2) });
  const [, order] = builder.addMany('TopK', [key, T], 2, { axis: int(1) }, `${name}/front`);
  return stepsAt(builder, x, order, name);
}

/** Steps of x [N, T, D] by their numbers [N, T]. */
function stepsAt(builder: GraphBuilder, x: string, order: string, name: string): string {
  return builder.add('GatherND', [x, lifted(builder, order, 3, name)], { batch_dims: int(1) }, `${name}/front`);
}

/**
 * Y [T, dirs, N, M] of the real steps -> [N, T, dirs, M] at all steps; masked ones before any real one show zeros, whatever the layer starts from.
 * @param reverse of each direction
 */
export function spread(
  builder: GraphBuilder,
  Y: string,
  real: RealSteps,
  { layer, reverse }: { readonly layer: RecurrentSpec; readonly reverse: readonly boolean[] },
): string {
  const name = `${layer.name}/spread`;
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, name);
  const one = builder.integers([1]);
  const ways = reverse.map((back, way) => {
    // the real step whose output stands here, and whether there is one: forward the last up to here, backward the first from here on
    const at = back ? add('Sub', [real.seen, real.ones]) : add('Sub', [real.seen, one]);
    const begun = back ? add('Less', [at, real.total]) : add('Greater', [real.seen, builder.integers([0])]);
    const inside = back ? add('Min', [at, add('Sub', [real.atLeastOne, one])]) : add('Max', [at, builder.integers([0])]);
    const own = add('Transpose', [add('Gather', [Y, builder.scalar(way)], { axis: int(1) })], { perm: ints(1, 0, 2) });
    const held = zeroedOutside(builder, lifted(builder, begun, 3, name), stepsAt(builder, own, inside, name), name);
    const unrolled = back && layer.unroll === true;
    const shown = unrolled ? flipped(builder, real.mask, name) : real.mask;
    const y = layer.zeroOutputForMask ? zeroedOutside(builder, lifted(builder, shown, 3, name), held, name) : held;
    return add('Unsqueeze', [y, builder.integers([2])]);
  });
  return ways.length === 1 ? ways[0] : add('Concat', ways, { axis: int(2) });
}

/** Final states [dirs, N, M]: a sample without a real step keeps the initial ones. */
export function stateOrStart(builder: GraphBuilder, state: string, initial: string, { total }: RealSteps, name: string): string {
  const any = builder.add('Greater', [total, builder.integers([0])], {}, `${name}/any`);
  return builder.add('Where', [any, state, initial === '' ? number(builder, 0, name) : initial], {}, `${name}/any`);
}

/** The last output [dirs, N, M], 0 where the last step processed is masked: the end going forward, the start going back. */
export function zeroedAtEnd(builder: GraphBuilder, last: string, { mask }: RealSteps, reverse: readonly boolean[], name: string): string {
  const ends = reverse.map(back => {
    const end = builder.add('Gather', [mask, builder.scalar(back ? 0 : -1)], { axis: int(1) }, `${name}/end`);
    return builder.add('Unsqueeze', [end, builder.integers([0, 2])], {}, `${name}/end`);
  });
  const shown = ends.length === 1 ? ends[0] : builder.add('Concat', ends, { axis: int(0) }, `${name}/end`);
  return zeroedOutside(builder, shown, last, name);
}
