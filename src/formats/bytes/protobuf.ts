import { PbfReader } from 'pbf';
import { RnnError } from '../../errors.js';
import { checkTime, type Limits, overLimit, structures, tooManyStructures } from '../limits.js';
import { checkName } from './budget.js';
import { decodeUtf8 } from './utf8.js';

/**
 * Protocol-buffer messages from strangers. pbf decodes; it trusts every length and reads past the end, so each message is walked first:
 * tags, wire types, varints and lengths are all inside before pbf sees the bytes. Only the fields of a schema are decoded, the rest is
 * skipped; a field that should stand once and stands twice is refused, since two readers could take different ones.
 */
export interface Schema<T> {
  readonly name: string;
  readonly fields: ReadonlyMap<number, Row<T>>;
}

/** field number, its name in the .proto file, what it does to the draft, whether it may stand several times */
export type Row<T> = readonly [number: number, name: string, read: Read<T>, repeated?: 'repeated'];
export type Read<T> = (draft: T, field: Field) => void;

export function schema<T>(name: string, rows: readonly Row<T>[]): Schema<T> {
  return { name, fields: new Map(rows.map(row => [row[0], row])) };
}

/** The commonest thing a field does: it becomes a property of the draft. */
export function set<T, K extends keyof T>(key: K, get: (field: Field) => T[K]): Read<T> {
  return (draft, field) => {
    draft[key] = get(field);
  };
}

export const text = (field: Field): string => field.string();
export const number = (field: Field): number => Number(field.int());

/** What all messages of one file share. */
export interface Source {
  readonly file: Uint8Array;
  readonly limits: Limits;
  /** messages read so far, for a ceiling on them */
  messages: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const WIRE_NAMES = ['a varint', '8 bytes', 'a length', 'a group', 'a group', '4 bytes', 'wire type 6', 'wire type 7'];

// A graph of ten thousand nodes has some hundred thousand messages
const MESSAGES_PER_TENSOR = 200;

/**
 * Reads one message into `draft`.
 * @throws RnnError E_PROTOBUF (format) with the offset; E_LIMIT_DEPTH, E_LIMIT_MESSAGES (limit)
 */
export function readMessage<T>(bytes: Uint8Array, schema: Schema<T>, draft: T, source: Source, depth = 0): T {
  const base = bytes.byteOffset - source.file.byteOffset;
  const { limits } = source;
  if (depth > limits.depth)
    throw overLimit('depth', limits.depth, 'E_LIMIT_DEPTH', `offset ${base}: messages nested at least ${depth} levels deep`, {
      where: schema.name,
    });
  if (++source.messages > structures(MESSAGES_PER_TENSOR, limits))
    throw tooManyStructures(MESSAGES_PER_TENSOR, limits, 'E_LIMIT_MESSAGES', `messages at offset ${base}`, schema.name);
  if (source.messages % 1024 === 0) checkTime(limits);
  checkWire(bytes, base, schema.name);
  const seen = new Set<number>();
  const pbf = new PbfReader(bytes);
  pbf.readFields((number: number) => {
    const row = schema.fields.get(number);
    if (!row) return;
    const [, name, read, repeated] = row;
    if (!repeated && seen.has(number)) throw protobufError(base + pbf.pos, `the field ${name} stands twice`, schema.name);
    seen.add(number);
    read(draft, new Field(pbf, base, source, depth, `${schema.name}.${name}`));
  }, undefined);
  return draft;
}

/** One field, whose value is read once in the way its schema says. */
export class Field {
  private readonly pbf: PbfReader;
  private readonly base: number;
  private readonly source: Source;
  private readonly depth: number;
  private readonly where: string;

  constructor(pbf: PbfReader, base: number, source: Source, depth: number, where: string) {
    this.pbf = pbf;
    this.base = base;
    this.source = source;
    this.depth = depth;
    this.where = where;
  }

  get offset(): number {
    return this.base + this.pbf.pos;
  }

  private expect(wire: number): void {
    if (this.pbf.type !== wire)
      throw protobufError(this.offset, `expected ${WIRE_NAMES[wire]}, found ${WIRE_NAMES[this.pbf.type]}`, this.where);
  }

  bytes(): Uint8Array {
    this.expect(BYTES);
    return this.pbf.readBytes();
  }

  string(): string {
    const offset = this.offset;
    return decodeUtf8(this.bytes(), offset);
  }

  /** Text that is shown and looked up. @throws RnnError E_LIMIT_NAME (limit), E_NAME (format) */
  name(what: string): string {
    const name = this.string();
    checkName(name, what, this.source.limits);
    return name;
  }

  /** A signed 64-bit integer, exact. */
  int(): bigint {
    this.expect(VARINT);
    return this.varint();
  }

  /** An unsigned number of four bytes. */
  fixed32(): number {
    this.expect(FIXED32);
    return this.pbf.readFixed32();
  }

  float(): number {
    this.expect(FIXED32);
    return this.pbf.readFloat();
  }

  message<T>(schema: Schema<T>, draft: T): T {
    return readMessage(this.bytes(), schema, draft, this.source, this.depth + 1);
  }

  /** Integers, packed or one by one, added to `list`. */
  ints(list: bigint[]): void {
    if (this.pbf.type !== BYTES) {
      list.push(this.int());
      return;
    }
    const end = this.pbf.readVarint() + this.pbf.pos;
    while (this.pbf.pos < end) {
      if (list.length % 65_536 === 0) checkTime(this.source.limits);
      if (varintEnd(this.pbf.buf, this.pbf.pos, end) < 0) throw protobufError(this.offset, 'a varint that does not end', this.where);
      list.push(this.varint());
    }
  }

  /** Floats or doubles, packed or one by one, added to `list`. */
  floats(list: number[], width: 4 | 8): void {
    const read = () => (width === 4 ? this.pbf.readFloat() : this.pbf.readDouble());
    if (this.pbf.type !== BYTES) {
      this.expect(width === 4 ? FIXED32 : FIXED64);
      list.push(read());
      return;
    }
    const length = this.pbf.readVarint();
    if (length % width !== 0) throw protobufError(this.offset, `${length} bytes of numbers of ${width} bytes`, this.where);
    const end = this.pbf.pos + length;
    while (this.pbf.pos < end) list.push(read());
  }

  // pbf's own integers are doubles; shapes and slices need all 64 bits
  private varint(): bigint {
    const { buf } = this.pbf;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buf[this.pbf.pos++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  }
}

/** Position after the varint at `at`, or -1 when it has more than 10 bytes or leaves the message. */
function varintEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end && i < at + 10; i++) if (bytes[i] < 0x80) return i + 1;
  return -1;
}

/** Every field of the message lies inside it. Groups (wire types 3 and 4) are long out of use and refused. */
function checkWire(bytes: Uint8Array, base: number, where: string): void {
  const end = bytes.length;
  let at = 0;
  const varint = (what: string): bigint => {
    const start = at;
    at = varintEnd(bytes, start, end);
    if (at < 0) throw protobufError(base + start, `${what} is no varint of at most 10 bytes inside the message`, where);
    let value = 0n;
    for (let i = at - 1; i >= start; i--) value = (value << 7n) | BigInt(bytes[i] & 0x7f);
    return value;
  };
  while (at < end) {
    const start = at;
    const tag = varint('a field tag');
    const wire = Number(tag & 7n);
    if (tag >> 3n === 0n || tag >> 3n > 0x1fffffffn)
      throw protobufError(base + start, `the field number ${tag >> 3n} does not exist`, where);
    if (wire === VARINT) varint('a value');
    else if (wire === FIXED64 || wire === FIXED32 || wire === BYTES) {
      const length = wire === FIXED64 ? 8n : wire === FIXED32 ? 4n : varint('a length');
      if (length > BigInt(end - at))
        throw protobufError(base + start, `field ${tag >> 3n} has ${length} bytes, but its message ends after ${end - at}`, where);
      at += Number(length);
    } else throw protobufError(base + start, `${WIRE_NAMES[wire]} in field ${tag >> 3n}: not read`, where);
  }
}

export function protobufError(offset: number, message: string, where: string): RnnError {
  return new RnnError('format', 'E_PROTOBUF', `offset ${offset}: ${message}`, {
    where,
    fix: 'the file is damaged or not of this type; save or download it again',
  });
}
