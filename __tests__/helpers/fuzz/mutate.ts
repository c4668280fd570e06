import type { Randomness } from './randomness.js';

/** One blind change of bytes; what every format can suffer. */
export function mutateBytes(bytes: Buffer, random: Randomness, others: readonly Buffer[] = []): Buffer {
  let result = random.one(BLIND)(Buffer.from(bytes), random, others);
  // now and then a second and a third wound
  while (random.below(4) === 0) result = random.one(BLIND)(result, random, others);
  return result;
}

type Mutator = (bytes: Buffer, random: Randomness, others: readonly Buffer[]) => Buffer;

/** Numbers at the edges of what fields hold. */
const EDGES = [
  0n,
  1n,
  2n,
  3n,
  4n,
  7n,
  8n,
  15n,
  16n,
  31n,
  63n,
  64n,
  127n,
  128n,
  255n,
  256n,
  1000n,
  4096n,
  65535n,
  65536n,
  2n ** 31n - 1n,
].concat([2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 2n]);

const BLIND: readonly Mutator[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  setNumber,
  setNumber,
  nudgeNumber,
  truncate,
  remove,
  insert,
  duplicate,
  swap,
  splice,
  fill,
];

function flipBit(bytes: Buffer, random: Randomness): Buffer {
  if (bytes.length > 0) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  return bytes;
}

function setByte(bytes: Buffer, random: Randomness): Buffer {
  if (bytes.length > 0)
    bytes[random.below(bytes.length)] = random.one([0, 1, 0x0a, 0x22, 0x27, 0x28, 0x2c, 0x7b, 0x7f, 0x80, 0xfe, 0xff, random.below(256)]);
  return bytes;
}

/** A little- or big-endian number of 2, 4 or 8 bytes replaced by an edge, or by a length or offset of this file. */
function setNumber(bytes: Buffer, random: Randomness): Buffer {
  const width = random.one([2, 4, 8]);
  if (bytes.length < width) return bytes;
  const near = BigInt(bytes.length) + BigInt(random.below(33)) - 16n;
  const value = random.below(3) === 0 ? (near < 0n ? 0n : near) : random.one(EDGES);
  return writeNumber(bytes, random.below(bytes.length - width + 1), width, value, random.below(4) > 0);
}

function nudgeNumber(bytes: Buffer, random: Randomness): Buffer {
  if (bytes.length < 4) return bytes;
  const at = random.below(bytes.length - 3);
  const value = BigInt(bytes.readUInt32LE(at)) + BigInt(random.one([1, -1, 2, -2, 4, -4, 8, -8, 16, 256, -256]));
  return writeNumber(bytes, at, 4, value, true);
}

function writeNumber(bytes: Buffer, at: number, width: number, value: bigint, little: boolean): Buffer {
  let rest = BigInt.asUintN(width * 8, value);
  for (let i = 0; i < width; i++) {
    bytes[at + (little ? i : width - 1 - i)] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

function truncate(bytes: Buffer, random: Randomness): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function piece(bytes: Buffer, random: Randomness): [number, number] {
  const from = random.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random.below(random.one([2, 8, 32, 256])))];
}

function remove(bytes: Buffer, random: Randomness): Buffer {
  const [from, to] = piece(bytes, random);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
}

function insert(bytes: Buffer, random: Randomness): Buffer {
  const at = random.below(bytes.length + 1);
  const added = Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256)));
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

function duplicate(bytes: Buffer, random: Randomness): Buffer {
  const [from, to] = piece(bytes, random);
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, to), bytes.subarray(at)]);
}

function swap(bytes: Buffer, random: Randomness): Buffer {
  const [from, to] = piece(bytes, random);
  const at = random.below(Math.max(1, bytes.length - (to - from)));
  const a = Buffer.from(bytes.subarray(from, to));
  const b = Buffer.from(bytes.subarray(at, at + a.length));
  bytes.set(b, from);
  bytes.set(a.subarray(0, Math.max(0, Math.min(a.length, bytes.length - at))), at);
  return bytes;
}

/** The beginning of this file and the end of another. */
function splice(bytes: Buffer, random: Randomness, others: readonly Buffer[]): Buffer {
  if (others.length === 0) return flipBit(bytes, random);
  const other = random.one(others);
  return Buffer.concat([bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))]);
}

function fill(bytes: Buffer, random: Randomness): Buffer {
  const [from, to] = piece(bytes, random);
  bytes.fill(random.one([0, 0xff, 0x20, 0x30]), from, to);
  return bytes;
}

/** One change of text: a word of the format's dictionary put in, put over, or a token doubled or dropped. */
export function mutateText(text: string, random: Randomness, dictionary: readonly string[]): string {
  const tokens = text.match(/[A-Za-z_]+|-?\d+(?:\.\d+)?|\s+|[^\sA-Za-z_\d]/g) ?? [];
  const at = random.below(tokens.length + 1);
  const word = random.one(dictionary);
  switch (random.below(5)) {
    case 0:
      tokens.splice(at, 0, word);
      break;
    case 1:
      tokens.splice(at, 1, word);
      break;
    case 2:
      tokens.splice(at, 1);
      break;
    case 3:
      tokens.splice(at, 0, ...tokens.slice(at, at + 1 + random.below(6)));
      break;
    default: {
      // a number somewhere else in the text replaces this one
      const numbers = tokens.map((t, i) => (/^-?\d/.test(t) ? i : -1)).filter(i => i >= 0);
      if (numbers.length > 0) tokens[random.one(numbers)] = random.one([...NUMBERS, tokens[random.one(numbers)]]);
    }
  }
  return tokens.join('');
}

const NUMBERS = ['0', '-1', '1', '2', '3', '4', '6', '8', '12', '24', '255', '65536', '2147483647', '2147483648', '4294967296'].concat([
  '9007199254740992',
  '9007199254740993',
  '18446744073709551616',
  '1e308',
  '1e400',
  '1.5',
  '-0',
  '0x10',
  '99999999999999999999999999999',
]);
