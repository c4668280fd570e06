import { RnnError } from '../../../errors.js';
import { escapeText } from '../../../escape.js';
import { ONNX_TYPES } from '../../../formats/onnx/types.js';
import { asObject, type Json } from '../../../layers/kerasConfig.js';
import { nestedNumbers } from '../../../layers/operatorFields.js';
import { type Argument, type ArrayArgument, type CallArguments, isTensor, type TensorArgument, tensorsOf } from '../arguments.js';

/** The call of an operator of `keras.ops`, and the ONNX nodes that compute the same. */

/** An operand: a value of the network, a constant, or the result of another operator. */
export type Operand = { readonly value: string } | { readonly constant: unknown } | Expression;

export interface Expression {
  readonly op: string;
  /** kind of a layer to use instead of an operator; `attributes` are then its fields */
  readonly kind?: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Json;
  /** index of the node's output to use; default 0 */
  readonly output?: number;
  /** the operator's further outputs */
  readonly others?: readonly Expression[];
}

/** The call of an operator, as seen by its rule. */
export interface OperatorCall {
  /** argument i of the call, or the one with this name, or the value in the layer's config */
  given(i: number, name: string): Argument | undefined;
  operand(i: number, name: string): Operand;
  /** the operand cast to float: Keras divides and averages integers as floats, ONNX does not */
  float(i: number, name: string): Operand;
  operands(i: number, name: string): Operand[];
  /** the operand for a tensor nested in an argument */
  valueOf(tensor: TensorArgument): Operand;
  /** all tensors among the arguments, in order */
  tensors(): Operand[];
  /** shape of a tensor argument; null for an unknown size @throws RnnError E_KERAS_OPTION if the file does not record it, as in Keras 2 */
  shape(i: number, name: string): readonly (number | null)[];
  /** shape of tensor `at` of an argument that is a list */
  shapeOf(i: number, name: string, at: number): readonly (number | null)[];
  number(i: number, name: string, otherwise: number): number;
  /** @param otherwise its value if it is absent; 1 and 0 are accepted as true and false (keepdims=1) @throws RnnError E_KERAS_OPTION */
  flag(i: number, name: string, otherwise?: boolean): boolean;
  /** @throws RnnError E_KERAS_OPTION naming an argument that has an effect but was not read by the rule */
  checkAllRead(): void;
}

export type Rule = (call: OperatorCall) => Expression;

/** Gives access to the arguments of an operator's call: by position, by name, or from its config. */
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
    throw wrongArgument(name, 'a tensor whose shape is not in the file');
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
    flag(i, name, otherwise = false) {
      const found = given(i, name) ?? otherwise;
      if (found === true || found === 1) return true;
      if (found === false || found === 0) return false;
      throw wrongArgument(name, found);
    },
    checkAllRead() {
      for (const [key, value] of [...args.entries(), ...Object.entries(kwargs), ...Object.entries(config)])
        if (!read.has(key) && !isSilent(key, value)) throw wrongArgument(typeof key === 'number' ? `number ${key + 1}` : key, value);
    },
  };
}

/** Whether an argument has no effect: None, False, or a float dtype. */
function isSilent(key: string | number, value: Argument | undefined): boolean {
  return value === null || value === undefined || value === false || (key === 'dtype' && /^float(32|64)$/.test(String(value)));
}

function isFloat({ dtype }: TensorArgument): boolean {
  return dtype === undefined || dtype.includes('float');
}

/** The integer type of a tensor argument, if it has one. */
export function wholeType(argument: Argument | undefined): string | undefined {
  return isTensor(argument) && argument.dtype?.includes('int') ? argument.dtype : undefined;
}

/** An array argument as a constant of the spec. */
export function arrayConstant({ array, dtype }: ArrayArgument): { readonly type: string; readonly shape: readonly number[] } {
  const numbers = nestedNumbers(array, 'value');
  return { type: dtype === 'bool' ? 'bool' : dtype.includes('int') ? 'int' : 'float', ...numbers };
}

/** @returns E_KERAS_OPTION for an argument that is not supported @param found its value, or what is wrong with it */
export function wrongArgument(name: string, found: unknown): RnnError {
  const shown = escapeText(typeof found === 'string' ? found : (JSON.stringify(found) ?? 'nothing'), 60);
  return new RnnError('unsupported', 'E_KERAS_OPTION', `the argument ${name} has an unsupported value`, { where: name, found: shown });
}

export const { f32: FLOAT, i64: INT, bool: BOOL, f16: FLOAT16, bf16: BFLOAT16 } = ONNX_TYPES;
export const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** Returns the expression for a call of an ONNX operator. */
export function node(op: string, operands: readonly Operand[], attributes?: Json): Expression {
  return { op, operands, attributes };
}

/** An integer constant: a number or a list. */
export function ints(value: number | readonly number[]): Operand {
  return { constant: { type: 'int', value } };
}

/** @param to ONNX's number of the type */
export function cast(operand: Operand, to: number): Expression {
  return node('Cast', [operand], { to });
}

/**
 * The same kind of rule for several operators, listed as 'Exp Log Negative:Neg'.
 * @param rule is given the ONNX name: the part after the colon, otherwise the operator's own name
 */
export function alike(operators: string, rule: (op: string) => Rule): Readonly<Record<string, Rule>> {
  return Object.fromEntries(operators.split(' ').map(word => [word.split(':')[0], rule(word.split(':').at(-1)!)]));
}

/** A rule for an operator of one tensor that is a single ONNX node. */
export const one =
  (op: string, attributes?: Json): Rule =>
  call =>
    node(op, [call.operand(0, 'x')], attributes);

/** A rule for an operator of one float tensor that takes several nodes. */
export const of =
  (f: (x: Operand, call: OperatorCall) => Expression): Rule =>
  call =>
    f(call.float(0, 'x'), call);

/** An axis argument counted from the front, and the rank of x. @param x Keras' name of the tensor @throws RnnError E_KERAS_OPTION */
export function axisOf(call: OperatorCall, i: number, name: string, otherwise?: number, x = 'x'): { axis: number; rank: number } {
  const rank = call.shape(0, x).length;
  const axis = call.given(i, name) ?? otherwise;
  if (!Number.isInteger(axis) || Number(axis) < -rank || Number(axis) >= rank) throw wrongArgument(name, axis ?? null);
  return { axis: Number(axis) < 0 ? Number(axis) + rank : Number(axis), rank };
}

/** The size of an axis of x. @throws RnnError E_KERAS_OPTION if it is unknown */
export function sizeOf(call: OperatorCall, axis: number, name: string): number {
  const size = call.shape(0, 'x')[axis];
  if (size === null) throw wrongArgument(name, 'an axis of unknown size');
  return size;
}

/** A whole number or a list of them, as a list. @throws RnnError E_KERAS_OPTION for anything else */
export function wholeNumbers(found: unknown, name: string): number[] {
  const list = Array.isArray(found) ? found : [found];
  if (!list.every(Number.isInteger)) throw wrongArgument(name, found ?? null);
  return list;
}

/** The argument `axis` as a list; undefined if it is None. */
export function axesOf(call: OperatorCall, i: number, name = 'axis'): number[] | undefined {
  const axis = call.given(i, name) ?? null;
  return axis === null ? undefined : wholeNumbers(axis, name);
}

/** x[start:end] along one axis. */
export function sliced(x: Operand, axis: number, start: number, end: number): Expression {
  return node('Slice', [x, ints([start]), ints([end]), ints([axis]), ints([1])]);
}

/** x flattened to one axis. */
export function flat(x: Operand): Expression {
  return node('Reshape', [x, ints([-1])]);
}

/** The number of elements of a shape; null if a size is unknown. */
export function productOf(sizes: readonly (number | null)[]): number | null {
  return sizes.reduce((all, n) => (all === null || n === null ? null : all * n), 1);
}

/** Wraps a rule that works along an axis: without the argument `axis`, it is applied to flattened x. @param i position of `axis` */
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
