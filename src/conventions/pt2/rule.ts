import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Call } from './call.js';
import type { Size } from './program.js';
import { int, type Operand } from './wiring.js';

/** 0 … n − 1 */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The rule for an ATen operator: adds layers or operators. @returns its (first) output */
export type Rule = (call: Call) => Operand;
export type Rules = Readonly<Record<string, Rule>>;

export const END = Number.MAX_SAFE_INTEGER;

/** Checks that the features of the input match the weights, also in later calls that share them. @throws RnnError E_PT2_GRAPH */
export function checkFeatures(call: Call, features: number): void {
  const found = call.sizes('input').at(-1);
  if (typeof found !== 'number' || found === features) return;
  throw new RnnError('shape', 'E_PT2_GRAPH', 'the features of the input do not match the weights', {
    where: 'input',
    expected: String(features),
    found: String(found),
  });
}

/** Whether two shapes can be equal: the same rank, and equal sizes where both are numbers. */
export function canBeEqual(shape: readonly Size[], other: readonly Size[]): boolean {
  return shape.length === other.length && shape.every((n, i) => typeof n !== 'number' || typeof other[i] !== 'number' || n === other[i]);
}

/** A size as text for a message. */
export function sizeText(size: Size): string {
  return typeof size === 'number' ? String(size) : escapeText(size.symbol, 40);
}

/** x along an axis as pairs [T, T] of steps, in which later steps are replaced by the value `unseen`. */
export function stepsSoFar(call: Call, dim: number, unseen: number): string {
  const T = call.size(dim);
  const shape = [
    T,
    T,
    ...call
      .sizes()
      .slice(dim + 1)
      .map(() => 1),
  ];
  const seen = { type: 'bool', shape, data: Array.from({ length: T * T }, (_, i) => Number(i % T <= Math.floor(i / T))) };
  return call.step('Where', [seen, call.step('Unsqueeze', [call.operand(), int([dim])]), unseen]);
}

/** Whether both are the same symbolic size. */
export function sameSymbol(a: Size | undefined, b: Size | undefined): boolean {
  return typeof a === 'object' && typeof b === 'object' && a.symbol === b.symbol;
}

/**
 * The same kind of rule for several operators, listed as 'exp log relu_:Relu'.
 * @param rule is given the ONNX name: the part after the colon, otherwise the operator's own name with a capital letter
 */
export function alike(operators: string, rule: (op: string) => Rule): Rules {
  return Object.fromEntries(
    operators.split(' ').map(word => {
      const [name, op = `${name[0].toUpperCase()}${name.slice(1)}`] = word.split(':');
      return [name, rule(op)];
    }),
  );
}

export const one =
  (name: string): Rule =>
  call =>
    call.op(name, [call.operand()]);
