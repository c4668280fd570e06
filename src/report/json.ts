import type { TensorData } from '../run/result.js';

/**
 * Lossless JSON: NaN and infinities as strings, −0 as -0, bigints as integers, float32 data with the shortest digits that give the same
 * float32. Control and bidirectional characters are escaped even where JSON does not require it, because the text may reach a terminal. The
 * text goes to a sink in pieces, since a document of 10^8 values is longer than the longest string.
 */
export type JsonSink = (piece: string) => void;

const TENSOR = Symbol('tensor');
const FLOAT32 = Symbol('float32');

const PIECE = 1 << 16;

/** A value that is written as the nested arrays of `tensor`, without creating them. */
export function nestedJson(tensor: TensorData): object {
  return { [TENSOR]: tensor };
}

/** A value whose numbers are written as float32: 0.1 instead of 0.10000000149011612. */
export function float32Json(value: unknown): object {
  return { [FLOAT32]: value };
}

/** Writes a document as one line without a newline. Keys with the value `undefined` are omitted. */
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

/** Returns JSON on one line. NaN and infinities are written as strings, bigints as integers. */
export function toJson(value: unknown): string {
  const pieces: string[] = [];
  writeJson(value, piece => pieces.push(piece));
  return pieces.join('');
}

/** The shortest text that gives the same double; NaN and infinities as strings. */
export function jsonNumber(x: number): string {
  if (Number.isFinite(x)) return Object.is(x, -0) ? '-0' : String(x);
  return `"${x}"`;
}

/** The shortest text that gives the same float32. `x` must be a float32 value. */
export function jsonFloat32(x: number): string {
  if (!Number.isFinite(x) || x === 0) return jsonNumber(x);
  return String(shortestFloat32(x));
}

/** Smaller float32 numbers have fewer than 24 bits, so fewer than six digits may suffice. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * Finds the shortest decimal number that rounds to x. Six digits survive text -> float32 -> text, and nine always identify a float32 (IEEE
 * 754, 5.12.2), so 6 … 9 digits are tried; trailing zeros then disappear.
 * @returns the double nearest to that decimal number, which prints with these digits
 */
export function shortestFloat32(x: number): number {
  for (let digits = Math.abs(x) < SMALLEST_NORMAL ? 1 : 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return Number(x.toPrecision(9));
}

const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON.stringify escapes C0 and lone surrogates; this adds C1, DEL and bidirectional characters. */
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

/** Writes data of shape [a, b, …] as nested arrays; a scalar (shape []) is a single number. */
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
