import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { OPERATORS } from '../ops/index.js';
import { nearest } from '../registry.js';
import type { LayerBase } from './layer.js';

/** An operator node of a spec: its fields, and their checks. */

/** A pure function of tensors as a node of the network, named and defined as in ONNX (opset 21). It has no weights. */
export interface OperatorSpec extends LayerBase {
  readonly kind: 'op';
  readonly op: string;
  /** one per operand: a constant, or null for the next of `inputs`; if the list itself is null, the operands are the inputs */
  readonly operands: readonly Operand[] | null;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** class name in a Keras summary; null: the operator's own name; '': not shown, because it is part of another operator */
  readonly kerasClass: string | null;
}

export type AttributeValue = number | string | readonly number[];

/** A constant operand (numbers of one type in C order), or null: the next of the node's inputs. */
export type Operand = {
  readonly type: 'float' | 'int' | 'bool';
  readonly shape: readonly number[];
  readonly data: readonly number[];
} | null;

/** Whether an operand is a list of floats, as weights are; a bias of one output is a list of one. A number alone belongs to the code. */
export function isLikeWeights(operand: Operand): boolean {
  return operand?.type === 'float' && operand.shape.length > 0;
}

/** An operand as a spec writes it: null, a number, nested lists of numbers, or {"type": "int", "value": …}. */
export const OPERAND_SCHEMA = {
  anyOf: [
    { type: ['null', 'number', 'array'] },
    {
      type: 'object',
      additionalProperties: false,
      required: ['type', 'value'],
      properties: { type: { enum: ['float', 'int', 'bool'] }, value: { type: ['number', 'array'] } },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['type', 'shape', 'data'],
      properties: {
        type: { enum: ['float', 'int', 'bool'] },
        shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
        data: { type: 'array', items: { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] } },
      },
    },
  ],
};

/** @throws RnnError E_SPEC_RANGE, which lists the operators */
export function checkOperatorName(value: unknown, key: string): string {
  if (typeof value === 'string' && Object.hasOwn(OPERATORS, value)) return value;
  const near = typeof value === 'string' ? nearest(value, Object.keys(OPERATORS)) : undefined;
  throw new RnnError('spec', 'E_SPEC_RANGE', `there is no operator ${escapeText(String(value), 40)}`, {
    where: key,
    expected: Object.keys(OPERATORS).sort().join(', '),
    found: escapeText(String(value), 40),
    fix: near ? `did you mean '${near}'?` : 'use the name of one of these ONNX operators',
  });
}

/** @throws RnnError E_SPEC_TYPE */
export function checkClassName(value: unknown, key: string): string {
  if (typeof value === 'string') return value;
  throw wrong(key, 'text', value);
}

/** @throws RnnError E_SPEC_TYPE */
export function checkOperands(value: unknown, key: string): readonly Operand[] | null {
  if (value === null) return null;
  if (!Array.isArray(value)) throw wrong(key, 'a list of operands', value);
  return value.map(operand => operandOf(operand, key));
}

function operandOf(value: unknown, key: string): Operand {
  if (value === null) return null;
  if (typeof value === 'number' || Array.isArray(value)) return { type: 'float', ...nestedNumbers(value, key) };
  const given = value as Record<string, unknown>;
  const type = given.type;
  if (type !== 'float' && type !== 'int' && type !== 'bool') throw wrong(key, 'a number, a list of numbers, or {"type", "value"}', value);
  const flat = given.data === undefined ? nestedNumbers(given.value, key) : flatNumbers(given, key);
  if (type !== 'float' && !flat.data.every(Number.isInteger)) throw wrong(key, 'whole numbers', value);
  return { type, ...flat };
}

const WORDS: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);

function flatNumbers({ shape, data }: Record<string, unknown>, key: string): { shape: number[]; data: number[] } {
  const sizes = Array.isArray(shape) ? (shape as number[]) : [];
  // JSON cannot hold infinities and NaN, so they are strings
  const numbers = Array.isArray(data) ? data.map(v => (WORDS.has(v) ? Number(v) : v) as number) : [];
  const fits =
    Array.isArray(shape) &&
    Array.isArray(data) &&
    sizes.every(n => Number.isInteger(n) && n >= 0) &&
    numbers.every(v => typeof v === 'number') &&
    sizes.reduce((a, b) => a * b, 1) === numbers.length;
  if (!fits) throw wrong(key, 'a shape and as many numbers as it has elements', data);
  return { shape: sizes, data: numbers };
}

/** Flattens nested lists of equal lengths into a shape and numbers in C order. @throws RnnError E_SPEC_TYPE */
export function nestedNumbers(value: unknown, key: string): { shape: number[]; data: number[] } {
  const shape: number[] = [];
  for (let at: unknown = value; Array.isArray(at); at = at[0]) shape.push(at.length);
  const data: number[] = [];
  const visit = (part: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (typeof part === 'boolean') data.push(part ? 1 : 0);
      else if (typeof part === 'number') data.push(part);
      else throw wrong(key, 'numbers', part);
    } else if (!Array.isArray(part) || part.length !== shape[axis]) throw wrong(key, 'lists of equal lengths', part);
    else for (const inner of part) visit(inner, axis + 1);
  };
  visit(value, 0);
  return { shape, data };
}

/** @throws RnnError E_SPEC_TYPE */
export function checkAttributeValues(value: unknown, key: string): Record<string, number | string | number[]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(key, 'an object of attributes', value);
  for (const [name, v] of Object.entries(value)) {
    const fine = typeof v === 'number' || typeof v === 'string' || (Array.isArray(v) && v.every(n => typeof n === 'number'));
    if (!fine) throw wrong(`${key}.${escapeText(name, 40)}`, 'a number, text or a list of numbers', v);
  }
  return value as Record<string, number | string | number[]>;
}

function wrong(where: string, expected: string, value: unknown): RnnError {
  const found = Array.isArray(value)
    ? 'a list'
    : value === null
      ? 'null'
      : typeof value === 'object'
        ? 'an object'
        : escapeText(String(value), 40);
  return new RnnError('spec', 'E_SPEC_TYPE', `expected ${expected}, found ${found}`, { where, expected, found });
}
