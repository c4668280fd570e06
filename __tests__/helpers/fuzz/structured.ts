import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { cat, u16, u32, u64 } from '../hostile/bytes.js';
import { type MemberParts, zipBytes } from '../hostile/zipBytes.js';
import { snappy, table } from '../tableBytes.js';
import { mutateBytes, mutateText } from './mutate.js';
import type { Randomness } from './randomness.js';

/** Changes that keep the outer layer whole (lengths, CRCs), so that the reader's inner layers are reached. */
export type Structured = (bytes: Buffer, random: Randomness) => Buffer;

const PYTHON_WORDS = [
  "'<f4'",
  "'>f8'",
  "'|O'",
  "'<i8'",
  "'|b1'",
  'True',
  'False',
  '(',
  ')',
  ',',
  ',,',
  '{',
  '}',
  ':',
  "'",
  '"',
  "'shape'",
  "'descr'",
].concat(['None', '()', '(2,3)', '(3,2)', '(6,)', '(0,)', '(1,1,1,1,1,1,1,1,6)', '__import__', 'L', '\\x00', ' ']);
const JSON_WORDS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  'true',
  'false',
  '""',
  '"__proto__"',
  '"constructor"',
  '"\\ud800"',
  'NaN',
  '[]',
  '{}',
].concat(['"F32"', '"F64"', '"I64"', '"BF16"', '"shape"', '"data"', '"data_offsets"', '"dtype"', '"\\u001b[31m"', '1e999', '-', '\n']);
const CSV_WORDS = [
  ',',
  ';',
  '\n',
  '\r',
  '\r\n',
  '"',
  '""',
  'nan',
  'inf',
  '-inf',
  '1e400',
  '0x10',
  '=1+1',
  '\t',
  ' ',
  '\ufeff',
  '1,5',
  'x',
  ',,',
  '\n\n',
];

export function mutateNpy(bytes: Buffer, random: Randomness): Buffer {
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = mutateText(bytes.toString('latin1', start, start + length).trimEnd(), random, PYTHON_WORDS);
  const padded = Buffer.from(`${header}\n`, 'latin1');
  return cat(bytes.subarray(0, 8), wide ? u32(padded.length) : u16(padded.length), padded, bytes.subarray(start + length));
}

export function mutateSafetensors(bytes: Buffer, random: Randomness): Buffer {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = Buffer.from(mutateText(bytes.toString('utf8', 8, 8 + length), random, JSON_WORDS));
  return cat(u64(header.length), header, bytes.subarray(8 + length));
}

export function mutateJson(bytes: Buffer, random: Randomness): Buffer {
  return Buffer.from(mutateText(bytes.toString(), random, JSON_WORDS));
}

export function mutateCsv(bytes: Buffer, random: Randomness): Buffer {
  return Buffer.from(mutateText(bytes.toString(), random, CSV_WORDS));
}

/** Rebuilds the archive with one member changed, doubled, renamed or left out; CRCs and sizes are right again. */
export function mutateZip(bytes: Buffer, random: Randomness): Buffer {
  const members = unzip(bytes);
  if (members.length === 0) return mutateBytes(bytes, random);
  const at = random.below(members.length);
  const member = members[at];
  switch (random.below(10)) {
    case 0:
      members.splice(at, 1);
      break;
    case 1:
      members.splice(random.below(members.length), 0, member);
      break;
    case 2:
      member.name = random.one(['__proto__', '../x.npy', '/x', 'x\\y', 'a\0b', `${member.name}x`, '\u001b[2Jx.npy', 'constructor.npy', '']);
      break;
    case 3:
      member.size = random.one([0, 1, member.content.length - 1, member.content.length + 1, 2 ** 31, 2 ** 32 - 1]);
      break;
    case 4:
      member.packed = mutateBytes(Buffer.from(member.deflate ? deflateRawSync(member.content) : member.content), random);
      break;
    default:
      member.content = mutateMember(String(member.name), Buffer.from(member.content), random);
  }
  return zipBytes(members);
}

function mutateMember(name: string, content: Buffer, random: Randomness): Buffer {
  if (random.below(2) === 0 && content.length > 10) {
    if (name.endsWith('.npy')) return mutateNpy(content, random);
    if (name.endsWith('.json')) return mutateJson(content, random);
    if (name.endsWith('.pkl')) return mutatePickle(content, random);
    if (name.endsWith('.h5')) return mutateHdf5(content, random);
  }
  return mutateBytes(content, random);
}

/** The members as an honest archive's central directory lists them. */
function unzip(bytes: Buffer): MemberParts[] {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const members: MemberParts[] = [];
  if (end < 0) return members;
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0 && at + 46 <= bytes.length; left--) {
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(start, start + bytes.readUInt32LE(at + 20));
    const deflate = bytes.readUInt16LE(at + 10) === 8;
    const name = bytes.toString('utf8', at + 46, at + 46 + bytes.readUInt16LE(at + 28));
    members.push({ name, content: deflate ? inflateRawSync(packed) : packed, deflate });
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return members;
}

// Opcodes that build, mark, remember, call; and some that must never be carried out
const OPCODES = '().]}eust0q\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x92\x93\x94\x95KMJXhjcRbioQPN';

/** A byte of the pickle becomes an opcode, or an opcode is put in. */
function mutatePickle(bytes: Buffer, random: Randomness): Buffer {
  const opcode = OPCODES.charCodeAt(random.below(OPCODES.length));
  const at = random.below(bytes.length);
  if (random.below(2) === 0) {
    const copy = Buffer.from(bytes);
    copy[at] = opcode;
    return copy;
  }
  return cat(bytes.subarray(0, at), Uint8Array.of(opcode), bytes.subarray(at));
}

const SIGNATURES = [
  '\x89HDF',
  'TREE',
  'HEAP',
  'SNOD',
  'OHDR',
  'OCHK',
  'FRHP',
  'FHDB',
  'FHIB',
  'BTHD',
  'BTLF',
  'BTIN',
  'GCOL',
  'FSHD',
  'FSSE',
  'FADB',
];

/** HDF5: wounds near its structures rather than in the numbers, and addresses that lead elsewhere in the file. */
export function mutateHdf5(bytes: Buffer, random: Randomness): Buffer {
  const copy = Buffer.from(bytes);
  const places: number[] = [0];
  for (const signature of SIGNATURES) {
    for (let at = copy.indexOf(signature, 0, 'latin1'); at >= 0 && places.length < 400; at = copy.indexOf(signature, at + 4, 'latin1'))
      places.push(at);
  }
  const from = Math.min(copy.length - 8, random.one(places) + random.below(160));
  const aligned = from - (from % 8);
  switch (random.below(5)) {
    case 0:
      copy[from] ^= 1 << random.below(8);
      break;
    case 1:
      copy[from] = random.one([0, 1, 2, 3, 4, 8, 0x10, 0x7f, 0x80, 0xff]);
      break;
    case 2:
      copy.set(u64(random.one([...places, copy.length, copy.length - 8, 0])), Math.max(0, aligned));
      break;
    case 3:
      copy.set(u64(random.one([1n, 2n ** 20n, 2n ** 32n, 2n ** 40n, 2n ** 63n, 2n ** 64n - 1n])), Math.max(0, aligned));
      break;
    default:
      copy.set(u32(random.one([0, 1, 0xffff, 0x7fffffff, 0xffffffff, random.below(4096)])), Math.max(0, from - (from % 4)));
  }
  return copy;
}

/** Protobuf: changes one field at any depth and mends every length around it. */
export function mutateProtobuf(bytes: Buffer, random: Randomness, depth = 0): Buffer {
  const fields = protobufFields(bytes);
  if (!fields || fields.length === 0) return mutateBytes(bytes, random);
  const at = random.below(fields.length);
  const field = fields[at];
  const choice = random.below(8);
  if (choice === 0) fields.splice(at, 1);
  else if (choice === 1) fields.splice(random.below(fields.length), 0, field);
  else if (choice === 2) field.tag = varint(BigInt(random.below(32)) * 8n + BigInt(random.below(6)));
  else if (field.content && depth < 8) field.content = mutateProtobuf(field.content, random, depth + 1);
  else
    field.raw =
      random.below(2) === 0
        ? varint(random.one([0n, 1n, 2n, 3n, 7n, 11n, 99n, 2n ** 31n, 2n ** 63n, 2n ** 64n - 1n]))
        : mutateBytes(field.raw, random);
  return Buffer.concat(fields.flatMap(f => (f.content ? [f.tag, varint(BigInt(f.content.length)), f.content] : [f.tag, f.raw])));
}

/** The index of a checkpoint: changes one entry or key and writes a table around it whose checksums fit. */
export function mutateTable(bytes: Buffer, random: Randomness): Buffer {
  const pairs = tablePairs(bytes);
  if (!pairs || pairs.length === 0) return mutateBytes(bytes, random);
  const at = random.below(pairs.length);
  const [key, value] = pairs[at];
  const choice = random.below(8);
  if (choice === 0) pairs.splice(at, 1);
  else if (choice === 1) pairs.splice(random.below(pairs.length), 0, pairs[at]);
  else if (choice === 2) pairs[at] = [mutateBytes(Buffer.from(key, 'latin1'), random).toString('latin1'), value];
  else pairs[at] = [key, mutateProtobuf(value, random)];
  if (random.below(8) > 0) pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  const compression = random.below(2);
  return table(pairs, {
    compression,
    pack: compression === 1 ? block => (random.below(4) === 0 ? mutateBytes(snappy(block), random) : snappy(block)) : undefined,
  });
}

/** Of tables without compression; undefined for anything else. */
function tablePairs(bytes: Buffer): [string, Buffer][] | undefined {
  const number = (at: number): [number, number] => {
    const end = varintEnd(bytes, at);
    let value = 0;
    for (let i = end - 1; i >= at; i--) value = value * 128 + (bytes[i] & 127);
    return [value, end];
  };
  const pairsOf = (offset: number, size: number): [string, Buffer][] | undefined => {
    if (offset + size + 5 > bytes.length || bytes[offset + size] !== 0) return undefined;
    const end = offset + size - 4 - 4 * bytes.readUInt32LE(offset + size - 4);
    const pairs: [string, Buffer][] = [];
    let key = '';
    for (let at = offset; at < end; ) {
      const [same, a] = number(at);
      const [own, b] = number(a);
      const [length, c] = number(b);
      key = key.slice(0, same) + bytes.subarray(c, c + own).toString('latin1');
      pairs.push([key, Buffer.from(bytes.subarray(c + own, c + own + length))]);
      at = c + own + length;
    }
    return pairs;
  };
  const handle = (at: number): [number, number, number] => {
    const [offset, a] = number(at);
    const [size, b] = number(a);
    return [offset, size, b];
  };
  const [, , second] = handle(bytes.length - 48);
  const [offset, size] = handle(second);
  const index = pairsOf(offset, size);
  if (!index) return undefined;
  const blocks = index.map(([, value]) => {
    const at = bytes.indexOf(value, offset);
    const [from, length] = handle(at);
    return pairsOf(from, length);
  });
  return blocks.every(block => block !== undefined) ? blocks.flat() : undefined;
}

interface Field {
  tag: Buffer;
  /** of length-delimited fields */
  content?: Buffer;
  raw: Buffer;
}

function protobufFields(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tagEnd = varintEnd(bytes, at);
    const wire = bytes[at] & 7;
    const tag = Buffer.from(bytes.subarray(at, tagEnd));
    if (wire === 2) {
      const lengthEnd = varintEnd(bytes, tagEnd);
      let length = 0;
      for (let i = lengthEnd - 1; i >= tagEnd; i--) length = length * 128 + (bytes[i] & 127);
      if (lengthEnd + length > bytes.length) return undefined;
      fields.push({ tag, content: Buffer.from(bytes.subarray(lengthEnd, lengthEnd + length)), raw: Buffer.alloc(0) });
      at = lengthEnd + length;
    } else {
      const end = wire === 0 ? varintEnd(bytes, tagEnd) : wire === 1 ? tagEnd + 8 : wire === 5 ? tagEnd + 4 : bytes.length + 1;
      if (end > bytes.length) return undefined;
      fields.push({ tag, raw: Buffer.from(bytes.subarray(tagEnd, end)) });
      at = end;
    }
  }
  return fields;
}

function varintEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] >= 0x80) at++;
  return at + 1;
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = value;
  do {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(out);
}
