import type { TensorData } from '../run/result.js';

/**
 * JSON that loses nothing: NaN and infinities as strings, −0 as -0, bigint as an integer, float32 data with the shortest digits that give the
 * same float32 back. Controls and bidirectional marks are escaped beyond what JSON asks, because the text may reach a terminal.
 * Text goes to a sink in pieces: a document of 10^8 values is longer than the longest string.
 */
export type JsonSink = (piece: string) => void;

const TENSOR = Symbol('tensor');
const FLOAT32 = Symbol('float32');

const PIECE = 1 << 16;

/** A value that is written as the nested arrays of `tensor`, without building them. */
export function nestedJson(tensor: TensorData): object {
  return { [TENSOR]: tensor };
}

/** A value whose numbers are float32: 0.1 and not 0.10000000149011612. */
export function float32Json(value: unknown): object {
  return { [FLOAT32]: value };
}

/** One document on one line, without a newline at its end. Keys with `undefined` are left out. */
export function writeJson(value: unknown, sink: JsonSink): void {
  let text = '';
  const emit = (piece: string): void => {
    text += piece;
    if (text.length >= PIECE) {
      sink(text);
      text = '';
    }
  };
  writeValue(value, jsonNumber, emit);
  sink(text);
}

/** One line of JSON. NaN and infinities are written as strings, bigints as whole numbers. */
export function toJson(value: unknown): string {
  const pieces: string[] = [];
  writeJson(value, piece => pieces.push(piece));
  return pieces.join('');
}

/** The shortest text that gives the same double back; the three that JSON lacks as strings. */
export function jsonNumber(x: number): string {
  if (Number.isFinite(x)) return Object.is(x, -0) ? '-0' : String(x);
  return `"${x}"`;
}

/** The shortest text that gives the same float32 back. `x` must be a float32 value. */
export function jsonFloat32(x: number): string {
  if (!Number.isFinite(x) || x === 0) return jsonNumber(x);
  return String(shortestFloat32(x));
}

/** Below it float32 has fewer than 24 bits, and fewer than six digits may do. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * Six digits survive text -> float32 -> text and nine always identify a float32 (IEEE 754, 5.12.2), so the shortest text has 6 … 9 of them,
 * less the zeros at its end.
 * @returns the double nearest to the shortest decimal text, whose own text has these digits
 */
export function shortestFloat32(x: number): number {
  for (let digits = Math.abs(x) < SMALLEST_NORMAL ? 1 : 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return Number(x.toPrecision(9));
}

const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON.stringify escapes C0 and lone surrogates; C1, DEL and bidirectional marks are ours. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(UNSAFE, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function writeValue(value: unknown, number: (x: number) => string, emit: JsonSink): void {
  if (typeof value === 'number') emit(number(value));
  else if (typeof value === 'string') emit(jsonString(value));
  else if (typeof value === 'boolean' || typeof value === 'bigint') emit(String(value));
  else if (Array.isArray(value)) writeItems(value, number, emit);
  else if (value === null || typeof value !== 'object') emit('null');
  else if (TENSOR in value) writeTensor(value[TENSOR] as TensorData, emit);
  else if (FLOAT32 in value) writeValue(value[FLOAT32], jsonFloat32, emit);
  else writeObject(value, number, emit);
}

function writeItems(items: readonly unknown[], number: (x: number) => string, emit: JsonSink): void {
  emit('[');
  for (let i = 0; i < items.length; i++) {
    if (i > 0) emit(',');
    writeValue(items[i], number, emit);
  }
  emit(']');
}

function writeObject(object: object, number: (x: number) => string, emit: JsonSink): void {
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    emit(`${separator}${jsonString(key)}:`);
    writeValue(value, number, emit);
    separator = ',';
  }
  emit(separator === '{' ? '{}' : '}');
}

/** data of shape [a, b, …] as nested arrays; a scalar (shape []) is one number. */
function writeTensor({ shape, data }: TensorData, emit: JsonSink): void {
  const number = data instanceof Float32Array ? jsonFloat32 : jsonNumber;
  if (shape.length === 0) {
    emit(number(data[0]));
    return;
  }
  let position = 0;
  const writeAxis = (axis: number): void => {
    emit('[');
    for (let i = 0; i < shape[axis]; i++) {
      if (i > 0) emit(',');
      if (axis === shape.length - 1) emit(number(data[position++]));
      else writeAxis(axis + 1);
    }
    emit(']');
  };
  writeAxis(0);
}
