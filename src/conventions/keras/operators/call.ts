import { RnnError } from '../../../errors.js';
import { escapeText } from '../../../escape.js';
import { ONNX_TYPES } from '../../../formats/onnx/types.js';
import { asObject, type Json } from '../../../layers/kerasConfig.js';
import { nestedNumbers } from '../../../layers/operatorFields.js';
import { type Argument, type ArrayArgument, type CallArguments, isTensor, type TensorArgument, tensorsOf } from '../arguments.js';

/** The call of an operator of `keras.ops`, and the ONNX nodes that compute the same. */

/** An operand: a value of the network, a constant, or what another operator computes. */
export type Operand = { readonly value: string } | { readonly constant: unknown } | Expression;

export interface Expression {
  readonly op: string;
  /** a layer of this kind stands there in place of an operator; `attributes` are its fields */
  readonly kind?: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Json;
  /** which output of the node is meant, where not the first */
  readonly output?: number;
  /** further outputs of the operator */
  readonly others?: readonly Expression[];
}

/** The call of an operator, as its rule reads it. */
export interface OperatorCall {
  /** argument i of the call, the one of this name, or the value in the layer's config */
  given(i: number, name: string): Argument | undefined;
  operand(i: number, name: string): Operand;
  /** the same as floats: Keras divides and averages whole numbers as floats, ONNX does not */
  float(i: number, name: string): Operand;
  operands(i: number, name: string): Operand[];
  /** a tensor inside an argument */
  valueOf(tensor: TensorArgument): Operand;
  /** every tensor among the arguments, in order */
  tensors(): Operand[];
  /** shape of a tensor among the arguments @throws RnnError where the file does not record it, as Keras 2 does not */
  shape(i: number, name: string): readonly (number | null)[];
  /** of one of several tensors in an argument */
  shapeOf(i: number, name: string, at: number): readonly (number | null)[];
  number(i: number, name: string, otherwise: number): number;
  flag(i: number, name: string): boolean;
  /** @throws RnnError E_KERAS_OPTION naming an argument that has an effect and that the rule has not read */
  checkAllRead(): void;
}

export type Rule = (call: OperatorCall) => Expression;

/** The arguments of an operator's call, by position or by name, or from its config. */
export function operatorCall(layer: Json, { args, kwargs }: CallArguments, value: (t: Argument) => string): OperatorCall {
  const config = asObject(layer.config ?? {}, 'operator') as Record<string, Argument>;
  const read = new Set<string | number>(['name', 'trainable']);
  const given = (i: number, name: string): Argument | undefined => {
    read.add(i).add(name);
    return args[i] ?? kwargs[name] ?? config[name];
  };
  const allArgs = (): readonly Argument[] => {
    for (const i of args.keys()) read.add(i);
    return args;
  };
  const operandOf = (argument: Argument | undefined, name: string): Operand => {
    if (isTensor(argument)) return { value: value(argument) };
    if (typeof argument === 'number') return { constant: argument };
    if (typeof argument === 'boolean') return { constant: { type: 'bool', value: argument ? 1 : 0 } };
    if (typeof argument === 'object' && argument !== null && 'array' in argument) return { constant: arrayConstant(argument) };
    if (Array.isArray(argument) && argument.every(a => typeof a === 'number')) return { constant: argument };
    throw wrongArgument(name, argument);
  };
  const shapeOf = (argument: Argument | undefined, name: string): readonly (number | null)[] => {
    if (isTensor(argument) && argument.shape) return argument.shape;
    if (typeof argument === 'object' && argument !== null && 'array' in argument) return nestedNumbers(argument.array, name).shape;
    if (typeof argument === 'number') return [];
    throw wrongArgument(name, 'a tensor whose shape the file does not say');
  };
  return {
    given,
    operand: (i, name) => operandOf(given(i, name), name),
    float(i, name) {
      const argument = given(i, name);
      const operand = operandOf(argument, name);
      return isTensor(argument) && !isFloat(argument) ? cast(operand, FLOAT) : operand;
    },
    operands: (i, name) => {
      const all = given(i, name);
      return (Array.isArray(all) ? all : allArgs()).map(a => operandOf(a, name));
    },
    valueOf: tensor => ({ value: value(tensor) }),
    tensors: () =>
      allArgs()
        .flatMap(tensorsOf)
        .map(t => ({ value: value(t) })),
    shape: (i, name) => shapeOf(given(i, name), name),
    shapeOf: (i, name, at) => shapeOf((given(i, name) as readonly Argument[] | undefined)?.[at], name),
    number(i, name, otherwise) {
      const found = given(i, name) ?? otherwise;
      if (typeof found === 'number') return found;
      throw wrongArgument(name, found);
    },
    flag: (i, name) => given(i, name) === true,
    checkAllRead() {
      for (const [key, value] of [...args.entries(), ...Object.entries(kwargs), ...Object.entries(config)])
        if (!read.has(key) && !isSilent(key, value)) throw wrongArgument(typeof key === 'number' ? `number ${key + 1}` : key, value);
    },
  };
}

/** Values of arguments that change no number here: None, False, and a float type. */
function isSilent(key: string | number, value: Argument | undefined): boolean {
  return value === null || value === undefined || value === false || (key === 'dtype' && /^float(32|64)$/.test(String(value)));
}

function isFloat({ dtype }: TensorArgument): boolean {
  return dtype === undefined || dtype.includes('float');
}

/** The type of whole numbers that a tensor has, where it has one. */
export function wholeType(argument: Argument | undefined): string | undefined {
  return isTensor(argument) && argument.dtype?.includes('int') ? argument.dtype : undefined;
}

/** An operand as a spec writes it. */
export function arrayConstant({ array, dtype }: ArrayArgument): { readonly type: string; readonly shape: readonly number[] } {
  const numbers = nestedNumbers(array, 'value');
  return { type: dtype === 'bool' ? 'bool' : dtype.includes('int') ? 'int' : 'float', ...numbers };
}

/** @returns the error E_KERAS_OPTION for an argument whose value is not supported */
export function wrongArgument(name: string, found: unknown): RnnError {
  return new RnnError('unsupported', 'E_KERAS_OPTION', `the argument ${name} is not understood here`, {
    where: name,
    expected: 'a tensor, a number or an array',
    found: escapeText(JSON.stringify(found) ?? 'nothing', 60),
  });
}

export const { f32: FLOAT, i64: INT, bool: BOOL, f16: FLOAT16, bf16: BFLOAT16 } = ONNX_TYPES;
export const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** An ONNX operator as an expression. */
export function node(op: string, operands: readonly Operand[], attributes?: Json): Expression {
  return { op, operands, attributes };
}

/** A constant of whole numbers: one, or a list. */
export function ints(value: number | readonly number[]): Operand {
  return { constant: { type: 'int', value } };
}

/** A Cast. @param to the number of the type in ONNX */
export function cast(operand: Operand, to: number): Expression {
  return node('Cast', [operand], { to });
}

/**
 * One kind of rule for several operators: 'Exp Log Negative:Neg'.
 * @param rule given ONNX's name, which is the operator's own unless one stands behind a colon
 */
export function alike(operators: string, rule: (op: string) => Rule): Readonly<Record<string, Rule>> {
  return Object.fromEntries(operators.split(' ').map(word => [word.split(':')[0], rule(word.split(':').at(-1)!)]));
}

/** An operator of one tensor. */
export const one =
  (op: string, attributes?: Json): Rule =>
  call =>
    node(op, [call.operand(0, 'x')], attributes);

/** An operator of one tensor that is made of several nodes. */
export const of =
  (f: (x: Operand, call: OperatorCall) => Expression): Rule =>
  call =>
    f(call.float(0, 'x'), call);

/** An axis of x counted from its front, and how many axes x has. @param x what Keras calls it */
export function axisOf(call: OperatorCall, i: number, name: string, otherwise?: number, x = 'x'): { axis: number; rank: number } {
  const rank = call.shape(0, x).length;
  const axis = call.given(i, name) ?? otherwise;
  if (typeof axis !== 'number' || axis < -rank || axis >= rank) throw wrongArgument(name, axis ?? null);
  return { axis: axis < 0 ? axis + rank : axis, rank };
}

/** Where a size must be known to say what is computed. */
export function sizeOf(call: OperatorCall, axis: number, name: string): number {
  const size = call.shape(0, 'x')[axis];
  if (size === null) throw wrongArgument(name, 'an axis of open size');
  return size;
}

/** An axis, a list of axes, or none. */
export function axesOf(call: OperatorCall, i: number): number[] | undefined {
  const axis = call.given(i, 'axis') ?? null;
  if (axis === null) return undefined;
  return Array.isArray(axis) ? (axis as number[]) : [axis as number];
}

/** x from `start` to `end` along one axis. */
export function sliced(x: Operand, axis: number, start: number, end: number): Expression {
  return node('Slice', [x, ints([start]), ints([end]), ints([axis]), ints([1])]);
}

/** x in one axis. */
export function flat(x: Operand): Expression {
  return node('Reshape', [x, ints([-1])]);
}

/** How many numbers an array of these sizes has; null where one is open. */
export function productOf(sizes: readonly (number | null)[]): number | null {
  return sizes.reduce((all, n) => (all === null || n === null ? null : all * n), 1);
}

/** A rule along an axis that is of all numbers in a row where there is none. @param i the axis' place among the arguments */
export function along(i: number, rule: Rule): Rule {
  return call => {
    if ((call.given(i, 'axis') ?? null) !== null) return rule(call);
    const size = productOf(call.shape(0, 'x'));
    return rule({
      ...call,
      given: (k, name) => (name === 'axis' ? 0 : call.given(k, name)),
      number: (k, name, otherwise) => (name === 'axis' ? 0 : call.number(k, name, otherwise)),
      operand: (k, name) => (k === 0 ? flat(call.operand(k, name)) : call.operand(k, name)),
      float: (k, name) => (k === 0 ? flat(call.float(k, name)) : call.float(k, name)),
      shape: (k, name) => (k === 0 ? [size] : call.shape(k, name)),
    });
  };
}
