import { BOOL, isWhole } from './program.js';
import { notRun } from './rule.js';
import { type Call, isTensor } from './wiring.js';

/** torch's numbers of real types */
export const REAL: ReadonlySet<number> = new Set([6, 7, 8, 13]);

/** Operators whose results may leave the range of 8 or 16 bits, where PyTorch's wrap around and the ones here do not. */
const WRAPPING = /^(r?sub|add|mul|neg|abs|pow|square|prod|sum|(bitwise_)?(not|left_shift)|__lshift__|invert|matmul|b?mm|dot)_?$/;

/** uint8, int8, int16 */
const isSmall = (type: number) => type >= 1 && type <= 3;

/** Numbers of 8 and 16 bits are whole numbers of any size here. @throws RnnError E_PT2_OPERATOR where that could give other ones */
export function checkSmall({ node, wiring }: Call, name: string): void {
  const { types } = wiring.program;
  if (!isSmall(types.get(node.outputs[0] ?? '') ?? 0)) return;
  const from = wiring.typeNumber(node.args.get('self'));
  const isNarrowed = (name === 'to' || name === '_to_copy') && isWhole(from) && from !== types.get(node.outputs[0]!);
  if (isNarrowed || WRAPPING.test(name)) throw notRun(`${node.target} of whole numbers of 8 or 16 bits`);
}

/** Arguments that are indices or positions. */
const PLACES = new Set(['condition', 'mask', 'index', 'indices', 'attn_mask']);
/** Arguments that are a tensor or one number. */
const FACTORS = new Set(['self', 'other', 'exponent']);
/** Operators that read indices, or that state the type of their result. */
const OWN = new Set(['embedding', 'gather', 'index', 'index_select', 'one_hot', 'to', '_to_copy', 'type_as', 'bucketize']);

/**
 * Whole numbers and truths from which real numbers are computed are real from the start, as in PyTorch (3 / 2 is 1.5); truths that are counted are
 * whole numbers. @returns the call with such arguments cast
 */
export function inItsType(call: Call, name: string): Call {
  const { node, wiring } = call;
  const { types } = wiring.program;
  const gives = types.get(node.outputs[0] ?? '') ?? 0;
  if (OWN.has(name) || (!REAL.has(gives) && !isWhole(gives))) return call;
  const to = REAL.has(gives) ? 'float' : 'int';
  const args = [...node.args].map(([key, value]) => {
    if (typeof value === 'number' && isWhole(gives) && FACTORS.has(key)) return [key, { tensor: wiring.whole(value) }] as const;
    const type = wiring.typeNumber(value);
    const other = type === BOOL || (REAL.has(gives) && isWhole(type));
    if (!isTensor(value) || !other || PLACES.has(key)) return [key, value] as const;
    return [key, { tensor: wiring.cast(value.tensor, to) }] as const;
  });
  return { ...call, node: { ...node, args: new Map(args) } };
}
