import { type Expression, node, type Operand } from './expression.js';

/** Shorthands for the arithmetic in rules. */

/** The largest finite float32. */
export const LARGEST_FLOAT = 3.4028234663852886e38;

export const number = (value: number): Operand => ({ constant: value });
export const add = (a: Operand, b: Operand): Expression => node('Add', [a, b]);
export const sub = (a: Operand, b: Operand): Expression => node('Sub', [a, b]);
export const mul = (a: Operand, b: Operand): Expression => node('Mul', [a, b]);
export const div = (a: Operand, b: Operand): Expression => node('Div', [a, b]);
export const not = (a: Operand): Expression => node('Not', [a]);
export const less = (a: Operand, b: Operand): Expression => node('Less', [a, b]);
export const choose = (condition: Operand, a: Operand, b: Operand): Expression => node('Where', [condition, a, b]);
