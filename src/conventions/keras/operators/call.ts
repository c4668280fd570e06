import { RnnError } from '../../../errors.js';
import { escapeText } from '../../../escape.js';
import { asObject, type Json } from '../../../layers/kerasConfig.js';
import { nestedNumbers } from '../../../layers/operatorFields.js';
import { type Argument, type ArrayArgument, type CallArguments, isTensor, type TensorArgument, tensorsOf } from '../arguments.js';
import { cast, type Expression, FLOAT, flat, node, type Operand } from './expression.js';

/** What a rule for an operator of `keras.ops` reads: the call and its arguments. */

/**
 * The call of an operator, as seen by its rule. An argument is read by position, by name, or from the layer's config; `i` is its position,
 * −1 if it is never given by position. Whatever cannot be read as asked is an RnnError E_KERAS_OPTION.
 */
export class OperatorCall {
  private readonly config: Readonly<Record<string, Argument>>;
  private readonly read = new Set<string | number>(['name', 'trainable']);

  /** @param nameOf the name of a tensor in the network */
  constructor(
    layer: Json,
    private readonly call: CallArguments,
    private readonly nameOf: (t: Argument) => string,
  ) {
    this.config = asObject(layer.config ?? {}, 'operator') as Record<string, Argument>;
  }

  given(i: number, name: string): Argument | undefined {
    this.read.add(i).add(name);
    return this.call.args[i] ?? this.call.kwargs[name] ?? this.config[name];
  }

  /** Whether an argument is given, and not None. */
  has(i: number, name: string): boolean {
    return (this.given(i, name) ?? null) !== null;
  }

  operand(i: number, name: string): Operand {
    return this.operandOf(this.given(i, name), name);
  }

  /** the operand cast to float: Keras divides and averages integers as floats, ONNX does not */
  float(i: number, name: string): Operand {
    const argument = this.given(i, name);
    const operand = this.operandOf(argument, name);
    return isTensor(argument) && !isFloat(argument) ? cast(operand, FLOAT) : operand;
  }

  operands(i: number, name: string): Operand[] {
    const all = this.given(i, name);
    return (Array.isArray(all) ? all : this.allArgs()).map(a => this.operandOf(a, name));
  }

  /** the operand for a tensor nested in an argument */
  operandFor(tensor: TensorArgument): Operand {
    return { value: this.nameOf(tensor) };
  }

  /** all tensors among the arguments, in order */
  tensors(): Operand[] {
    return this.allArgs()
      .flatMap(tensorsOf)
      .map(t => this.operandFor(t));
  }

  /** shape of a tensor argument; null for an unknown size. Refused if the file does not record it, as in Keras 2. */
  shape(i: number, name: string): readonly (number | null)[] {
    return shapeOf(this.given(i, name), name);
  }

  /** shape of tensor `at` of an argument that is a list */
  shapeOf(i: number, name: string, at: number): readonly (number | null)[] {
    return shapeOf((this.given(i, name) as readonly Argument[] | undefined)?.[at], name);
  }

  number(i: number, name: string, otherwise: number): number {
    const found = this.given(i, name) ?? otherwise;
    if (typeof found === 'number') return found;
    throw wrongArgument(name, found);
  }

  /** @param otherwise its value if it is absent; 1 and 0 are accepted as true and false (keepdims=1) */
  flag(i: number, name: string, otherwise = false): boolean {
    const found = this.given(i, name) ?? otherwise;
    if (found === true || found === 1) return true;
    if (found === false || found === 0) return false;
    throw wrongArgument(name, found);
  }

  /** the argument `axis` as a list; undefined if it is None */
  axes(i: number, name = 'axis'): number[] | undefined {
    return this.has(i, name) ? wholeNumbers(this.given(i, name), name) : undefined;
  }

  /** an axis counted from the front, and the rank of x. @param x Keras' name of the tensor */
  axis(i: number, name: string, otherwise?: number, x = 'x'): { axis: number; rank: number } {
    const rank = this.shape(0, x).length;
    const axis = this.given(i, name) ?? otherwise;
    if (!Number.isInteger(axis) || Number(axis) < -rank || Number(axis) >= rank) throw wrongArgument(name, axis ?? null);
    return { axis: Number(axis) < 0 ? Number(axis) + rank : Number(axis), rank };
  }

  /** the size of an axis of x. @param name the argument to name if it is unknown */
  size(axis: number, name: string): number {
    const size = this.shape(0, 'x')[axis];
    if (size === null) throw wrongArgument(name, 'an axis of unknown size');
    return size;
  }

  /** The same call with some of these methods replaced; the others build on the replacements. */
  with(changes: Partial<OperatorCall>): OperatorCall {
    return Object.assign(Object.create(this), changes);
  }

  /** Refuses an argument that has an effect but was not read by the rule. */
  checkAllRead(): void {
    const { args, kwargs } = this.call;
    for (const [key, value] of [...args.entries(), ...Object.entries(kwargs), ...Object.entries(this.config)])
      if (!this.read.has(key) && !isSilent(key, value)) throw wrongArgument(typeof key === 'number' ? `number ${key + 1}` : key, value);
  }

  private allArgs(): readonly Argument[] {
    for (const i of this.call.args.keys()) this.read.add(i);
    return this.call.args;
  }

  private operandOf(argument: Argument | undefined, name: string): Operand {
    if (isTensor(argument)) return this.operandFor(argument);
    if (typeof argument === 'number') return { constant: argument };
    if (typeof argument === 'boolean') return { constant: { type: 'bool', value: argument ? 1 : 0 } };
    if (typeof argument === 'object' && argument !== null && 'array' in argument) return { constant: arrayConstant(argument) };
    if (Array.isArray(argument) && argument.every(a => typeof a === 'number')) return { constant: argument };
    throw wrongArgument(name, argument);
  }
}

export type Rule = (call: OperatorCall) => Expression;

function shapeOf(argument: Argument | undefined, name: string): readonly (number | null)[] {
  if (isTensor(argument) && argument.shape) return argument.shape;
  if (typeof argument === 'object' && argument !== null && 'array' in argument) return nestedNumbers(argument.array, name).shape;
  if (typeof argument === 'number') return [];
  throw wrongArgument(name, 'a tensor whose shape is not in the file');
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

/** A whole number or a list of them, as a list. @throws RnnError E_KERAS_OPTION for anything else */
export function wholeNumbers(found: unknown, name: string): number[] {
  const list = Array.isArray(found) ? found : [found];
  if (!list.every(Number.isInteger)) throw wrongArgument(name, found ?? null);
  return list;
}

/** The number of elements of a shape; null if a size is unknown. */
export function productOf(sizes: readonly (number | null)[]): number | null {
  return sizes.reduce((all, n) => (all === null || n === null ? null : all * n), 1);
}

/** Wraps a rule that works along an axis: without the argument `axis`, it is applied to flattened x. @param i position of `axis` */
export function along(i: number, rule: Rule): Rule {
  return call => {
    if (call.has(i, 'axis')) return rule(call);
    const size = productOf(call.shape(0, 'x'));
    return rule(
      call.with({
        given: (k, name) => (name === 'axis' ? 0 : call.given(k, name)),
        operand: (k, name) => (k === 0 ? flat(call.operand(k, name)) : call.operand(k, name)),
        float: (k, name) => (k === 0 ? flat(call.float(k, name)) : call.float(k, name)),
        shape: (k, name) => (k === 0 ? [size] : call.shape(k, name)),
      }),
    );
  };
}
