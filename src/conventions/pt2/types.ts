import type { Call } from './call.js';
import { BOOL, isWhole } from './program.js';
import { isTensor, unsupportedOperator } from './wiring.js';

/** torch's numbers of the real dtypes */
export const REAL: ReadonlySet<number> = new Set([6, 7, 8, 13]);

/** Operators whose results can leave the range of 8 or 16 bits, where PyTorch wraps around and rnn-cli does not. */
const WRAPPING = /^(r?sub|add|mul|neg|abs|pow|square|prod|sum|(bitwise_)?(not|left_shift)|__lshift__|invert|matmul|b?mm|dot)_?$/;

/** uint8, int8, int16 */
const isSmall = (type: number) => type >= 1 && type <= 3;

/** 8-bit and 16-bit integers are unbounded here. @throws RnnError E_PT2_OPERATOR if that could give a different result */
export function checkOverflow({ node, wiring }: Call, name: string): void {
  const { types } = wiring.program;
  if (!isSmall(types.get(node.outputs[0] ?? '') ?? 0)) return;
  const from = wiring.typeNumber(node.args.get('self'));
  const isNarrowed = (name === 'to' || name === '_to_copy') && isWhole(from) && from !== types.get(node.outputs[0]!);
  if (isNarrowed || WRAPPING.test(name)) throw unsupportedOperator(`${node.target} of 8-bit or 16-bit integers`);
}

/** Arguments that are indices or masks. */
const PLACES = new Set(['condition', 'mask', 'index', 'indices', 'attn_mask']);
/** Arguments that are a tensor or a single number. */
const FACTORS = new Set(['self', 'other', 'exponent']);
/** Operators that read indices, or that state the type of their result. */
const OWN = new Set(['embedding', 'gather', 'index', 'index_select', 'one_hot', 'to', '_to_copy', 'type_as', 'bucketize']);

/**
 * Casts arguments to the type in which PyTorch computes: integers and booleans to float where the result is real (3 / 2 is 1.5), booleans
 * to integers where they are counted. @returns the call with these arguments cast
 */
export function withPromotedTypes(call: Call, name: string): Call {
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
  return call.with(new Map(args));
}
