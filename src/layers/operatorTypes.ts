import type { OnnxCall } from './facets.js';
import type { Operand, OperatorSpec } from './operatorFields.js';

/** Types of the inputs and outputs of operators in ONNX files and scripts, where nothing is converted without a Cast. */

export type ValueType = OnnxCall['types'][number];

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));
/** operators that take any type and return that of the first operand */
const MOVING = words(
  'Identity Reshape Transpose Squeeze Unsqueeze Slice Gather Expand Tile Split Flatten GatherElements GatherND Cast Shape Size',
);
/** operators whose operands must all have one type */
const ALIKE = words(
  'Add Sub Mul Div Min Max Sum Clip Mod Range Concat MatMul Equal Less Greater LessOrEqual GreaterOrEqual BitwiseAnd BitwiseOr BitwiseXor BitShift',
);
const WHOLE_TOO = words('Neg Abs Sign ReduceSum ReduceMax ReduceMin ReduceProd CumSum TopK Pad BitwiseNot');
const COMPARING = words('Equal Less Greater LessOrEqual GreaterOrEqual IsNaN IsInf');
const LOGICAL = words('And Or Xor Not');
const INDICES = words('ArgMax ArgMin Shape Size NonZero');

/** Returns the type that each operand must be cast to, since ONNX has no implicit conversion. @param given types of the inputs */
export function operandTypes(op: string, operands: readonly Operand[], given: readonly ValueType[]): ValueType[] {
  let next = 0;
  const own = operands.map(o => (o === null ? given[next++] : ({ float: 'f32', int: 'i64', bool: 'bool' } as const)[o.type]));
  const joined = (from: number): ValueType => {
    const isFloat = operands.map((o, i) => i >= from && own[i] === 'f32' && (o === null || !o.data.every(Number.isInteger)));
    const allFloat = operands.every((o, i) => i < from || o !== null || own[i] === 'f32');
    if (isFloat.includes(true) || allFloat) return 'f32';
    return own.slice(from).every(type => type === 'bool') && (op === 'Equal' || op === 'Where' || op === 'Concat') ? 'bool' : 'i64';
  };
  return own.map((type, i): ValueType => {
    if (LOGICAL.has(op) || (op === 'Where' && i === 0)) return 'bool';
    if (op === 'Where') return joined(1);
    if (ALIKE.has(op)) return joined(0);
    if (/^(Gather|Scatter|ReverseSequence)/.test(op) && i === 1) return 'i64';
    if (op === 'OneHot' && i === 0) return 'i64';
    if (/^Scatter/.test(op)) return 'f32';
    if (op === 'Resize' && i === 3) return 'i64';
    if (MOVING.has(op)) return type;
    if (WHOLE_TOO.has(op)) return type === 'bool' ? 'i64' : type;
    return operands[i] === null ? 'f32' : type;
  });
}

/** Returns the type of an operator's output. @param types of its operands */
export function givenType({ op, attributes }: OperatorSpec, types: readonly ValueType[]): ValueType {
  if (COMPARING.has(op) || LOGICAL.has(op)) return 'bool';
  if (INDICES.has(op)) return 'i64';
  if (op === 'Cast') return ({ 6: 'i64', 7: 'i64', 9: 'bool' } as const)[Number(attributes.to)] ?? 'f32';
  if (op === 'Where') return types[1];
  if (op === 'OneHot') return types[2];
  return MOVING.has(op) || ALIKE.has(op) || WHOLE_TOO.has(op) ? types[0] : 'f32';
}
