import { RnnError } from '../../errors.js';
import { checkTime, type Limits, overLimit, structures, tooManyStructures } from '../limits.js';
import { type ByteSource, readUpTo } from '../source.js';
import { checkName } from './budget.js';
import { decodeUtf8 } from './utf8.js';

/**
 * Reads untrusted protocol-buffer messages in place: the fields of a schema are decoded, others are skipped, and large bytes stay in the file.
 * Tags, wire types, varints and lengths must all be inside their message. A field that occurs twice but should occur once is refused, since two
 * readers could use different ones.
 */
export interface Schema<T> {
  readonly name: string;
  readonly fields: ReadonlyMap<number, Row<T>>;
}

/** field number, name in the .proto file, how it is read into the draft, whether it may occur several times */
export type Row<T> = readonly [number: number, name: string, read: Read<T>, repeated?: 'repeated'];
export type Read<T> = (draft: T, field: Field) => void;

/** Makes a schema: the name of a message, and its fields by number. */
export function schema<T>(name: string, rows: readonly Row<T>[]): Schema<T> {
  return { name, fields: new Map(rows.map(row => [row[0], row])) };
}

/** The most common way to read a field: it becomes a property of the draft. */
export function set<T, K extends keyof T>(key: K, get: (field: Field, draft: T) => T[K]): Read<T> {
  return (draft, field) => {
    draft[key] = get(field, draft);
  };
}

export const text = (field: Field): string => field.string();
export const number = (field: Field): number => Number(field.int());

/** Bytes that stay in the file. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const WIRE_NAMES = ['a varint', '8 bytes', 'a length', 'a group', 'a group', '4 bytes', 'wire type 6', 'wire type 7'];

// A graph of ten thousand nodes has some hundred thousand messages
const MESSAGES_PER_TENSOR = 200;

/** @throws RnnError E_PROTOBUF (format) with the offset; E_LIMIT_DEPTH, E_LIMIT_MESSAGES (limit) */
export function readMessage<T>(source: ByteSource, schema: Schema<T>, draft: T, limits: Limits): T {
  return new Field(new Cursor(source), limits, { messages: 0 }).whole(schema, draft);
}

const AHEAD = 2 ** 12;

/** A position in the file, and the bytes around it. */
class Cursor {
  position = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;

  constructor(readonly source: ByteSource) {}

  /** Returns the next byte; the caller has checked that there is one. */
  next(): number {
    const at = this.position++ - this.start;
    if (at >= 0 && at < this.bytes.length) return this.bytes[at];
    this.start += at;
    this.bytes = readUpTo(this.source, this.start, AHEAD);
    return this.bytes[0];
  }
}

/** One field, whose value is read once, as its schema says. */
export class Field {
  /** messages read so far, which are limited */
  private readonly count: { messages: number };
  private depth = 0;
  private where = '';
  private wire = BYTES;
  /** where the message that contains the field ends */
  private end: number;

  constructor(
    private readonly cursor: Cursor,
    private readonly limits: Limits,
    count: { messages: number },
  ) {
    this.count = count;
    this.end = cursor.source.size;
  }

  /** Where the value begins. */
  get offset(): number {
    return this.cursor.position;
  }

  /** Reads the message from here to its end. */
  whole<T>(schema: Schema<T>, draft: T): T {
    const { cursor, limits, end, depth, where } = this;
    const start = cursor.position;
    if (depth > limits.depth)
      throw overLimit('depth', limits.depth, 'E_LIMIT_DEPTH', `offset ${start}: messages nested at least ${depth} levels deep`, {
        where: schema.name,
      });
    if (++this.count.messages > structures(MESSAGES_PER_TENSOR, limits))
      throw tooManyStructures(MESSAGES_PER_TENSOR, limits, 'E_LIMIT_MESSAGES', `messages at offset ${start}`, schema.name);
    if (this.count.messages % 1024 === 0) checkTime(limits);
    const seen = new Set<number>();
    while (cursor.position < end) {
      const at = cursor.position;
      this.where = schema.name;
      const number = this.tag(at);
      const next = this.skipped(at, number);
      const row = schema.fields.get(number);
      if (row) {
        const [, name, read, repeated] = row;
        if (!repeated && seen.has(number)) throw protobufError(cursor.position, `the field ${name} occurs twice`, schema.name);
        seen.add(number);
        this.where = `${schema.name}.${name}`;
        read(draft, this);
        this.end = end;
        this.depth = depth;
      }
      cursor.position = next;
    }
    this.where = where;
    return draft;
  }

  private tag(at: number): number {
    const tag = this.unsigned('a field tag');
    this.wire = Number(tag & 7n);
    const number = tag >> 3n;
    if (number === 0n || number > 0x1fffffffn) throw protobufError(at, `the field number ${number} does not exist`, this.where);
    return Number(number);
  }

  /** Returns where the field ends, which must be inside its message. Groups (wire types 3 and 4) are obsolete and refused. */
  private skipped(at: number, number: number): number {
    const { cursor, wire } = this;
    const start = cursor.position;
    if (wire === VARINT) this.unsigned('a value');
    else if (wire === FIXED64 || wire === FIXED32 || wire === BYTES) {
      const length = wire === FIXED64 ? 8n : wire === FIXED32 ? 4n : this.unsigned('a length');
      const left = this.end - cursor.position;
      if (length > BigInt(left))
        throw protobufError(at, `field ${number} has ${length} bytes, but its message ends after ${left}`, this.where);
      cursor.position += Number(length);
    } else throw protobufError(at, `${WIRE_NAMES[wire]} in field ${number}: not read`, this.where);
    const next = cursor.position;
    cursor.position = start;
    return next;
  }

  private expect(wire: number): void {
    if (this.wire !== wire) throw protobufError(this.offset, `expected ${WIRE_NAMES[wire]}, found ${WIRE_NAMES[this.wire]}`, this.where);
  }

  /** Where its bytes are. */
  span(): Span {
    this.expect(BYTES);
    const length = Number(this.unsigned('a length'));
    return { offset: this.cursor.position, length };
  }

  bytes(): Uint8Array {
    const { offset, length } = this.span();
    return this.cursor.source.read(offset, length);
  }

  string(): string {
    const offset = this.offset;
    return decodeUtf8(this.bytes(), offset);
  }

  /** Reads a name. @throws RnnError E_LIMIT_NAME (limit), E_NAME (format) */
  name(what: string): string {
    const name = this.string();
    checkName(name, what, this.limits);
    return name;
  }

  /** A signed 64-bit integer, exact. */
  int(): bigint {
    this.expect(VARINT);
    return BigInt.asIntN(64, this.unsigned('a value'));
  }

  float(): number {
    this.expect(FIXED32);
    return this.fixed(4).getFloat32(0, true);
  }

  /** A whole number of 4 bytes, without sign. */
  fixed32(): number {
    this.expect(FIXED32);
    return this.fixed(4).getUint32(0, true);
  }

  message<T>(schema: Schema<T>, draft: T): T {
    const { offset, length } = this.span();
    this.end = offset + length;
    this.depth++;
    return this.whole(schema, draft);
  }

  /** Integers, packed or one by one, added to `list`. */
  ints(list: bigint[]): void {
    if (this.wire !== BYTES) {
      list.push(this.int());
      return;
    }
    const { offset, length } = this.span();
    this.end = offset + length;
    while (this.cursor.position < this.end) {
      if (list.length % 65_536 === 0) checkTime(this.limits);
      list.push(BigInt.asIntN(64, this.unsigned('a value')));
    }
  }

  /** Floats or doubles, packed or one by one, as bytes that are added to `list`. */
  fixedSpans(list: Span[], width: 4 | 8): void {
    if (this.wire !== BYTES) {
      this.expect(width === 4 ? FIXED32 : FIXED64);
      list.push({ offset: this.offset, length: width });
      return;
    }
    const span = this.span();
    if (span.length % width !== 0) throw protobufError(span.offset, `${span.length} bytes of numbers of ${width} bytes`, this.where);
    list.push(span);
  }

  /** The same as numbers. */
  floats(list: number[]): void {
    const spans: Span[] = [];
    this.fixedSpans(spans, 4);
    for (const { offset, length } of spans) {
      this.cursor.position = offset;
      for (let at = 0; at < length; at += 4) list.push(this.fixed(4).getFloat32(0, true));
    }
  }

  private fixed(width: number): DataView {
    const view = new DataView(new ArrayBuffer(width));
    for (let i = 0; i < width; i++) view.setUint8(i, this.cursor.next());
    return view;
  }

  /** A varint of at most 10 bytes inside the message. */
  private unsigned(what: string): bigint {
    const { cursor, end } = this;
    const start = cursor.position;
    let low = 0;
    for (let i = 0; i < 4 && cursor.position < end; i++) {
      const byte = cursor.next();
      low += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let i = 4n; i < 10n && cursor.position < end; i++) {
      const byte = cursor.next();
      value |= BigInt(byte & 0x7f) << (7n * i);
      if (byte < 0x80) return value;
    }
    throw protobufError(start, `${what} is not a varint of at most 10 bytes inside the message`, this.where);
  }
}

function protobufError(offset: number, message: string, where: string): RnnError {
  return new RnnError('format', 'E_PROTOBUF', `offset ${offset}: ${message}`, {
    where,
    fix: 'the file is damaged or not of this type; save or download it again',
  });
}
