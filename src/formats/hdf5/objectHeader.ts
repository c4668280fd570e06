import { ByteReader } from '../bytes/reader.js';
import { checkSum, expectSignature, type Hdf5, h5Error, readerAt, readUint } from './file.js';

/** Message types of the object header (HDF5 File Format Specification IV.A.2) that are read or refused. */
// biome-ignore format: a table
export const MESSAGE = {
  dataspace: 0x01, linkInfo: 0x02, datatype: 0x03, oldFill: 0x04, fill: 0x05, link: 0x06, external: 0x07, layout: 0x08, filters: 0x0b,
  attribute: 0x0c, continuation: 0x10, symbolTable: 0x11, attributeInfo: 0x15,
} as const;

const LAST_KNOWN = 0x18;
const FLAG_SHARED = 0x02;
const FLAG_MUST_KNOW = 0x80;

export interface Message {
  readonly type: number;
  /** whether the body is in another object's header */
  readonly shared: boolean;
  readonly body: ByteReader;
}

/**
 * Reads all messages of the object at `address`, including continuation blocks, in both forms of the header.
 * @throws RnnError E_H5_… (format)
 */
export function readMessages(file: Hdf5, address: bigint): Message[] {
  const first = readerAt(file, address, 16, 'object header');
  const messages = first.bytes[0] === 1 ? readVersion1(file, address, first) : readVersion2(file, address);
  for (const { type, body } of messages) {
    if (type > LAST_KNOWN)
      throw h5Error('E_H5_MESSAGE', `offset ${body.offset}: unknown message 0x${type.toString(16)} in an object header`);
  }
  return messages;
}

export function findMessage(messages: readonly Message[], type: number): Message | undefined {
  return messages.find(message => message.type === type);
}

/** Returns the reader of a message's body, reset to its start. */
export function bodyOf(message: Message): ByteReader {
  message.body.position = 0;
  return message.body;
}

function readVersion1(file: Hdf5, address: bigint, header: ByteReader): Message[] {
  header.position = 2;
  const count = header.u16();
  header.u32(); // reference count
  const size = header.u32();
  const messages: Message[] = [];
  let read = 0;
  forEachBlock(file, address + 16n, BigInt(size), (block, next) => {
    while (block.remaining >= 8 && read < count) {
      const type = block.u16();
      const length = block.u16();
      const flags = block.u8();
      block.take(3);
      read++;
      addMessage(messages, type, flags, part(block, length), next);
    }
  });
  if (read !== count) throw h5Error('E_H5_MESSAGE', `offset ${header.offset}: the object header claims ${count} messages and has ${read}`);
  return messages;
}

function readVersion2(file: Hdf5, address: bigint): Message[] {
  // prefix: signature, version, flags, then at most times (16), attribute thresholds (4) and the size of the first chunk (8)
  const prefix = readerAt(file, address, 6, 'object header');
  expectSignature(prefix, 'OHDR', 'object header');
  const version = prefix.u8();
  if (version !== 2) throw h5Error('E_H5_MESSAGE', `offset ${prefix.offset - 1}: object header version ${version}`, { expected: '1 or 2' });
  const flags = prefix.u8();
  const sizeBytes = 1 << (flags & 3);
  const fixed = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const sizeReader = readerAt(file, address + BigInt(fixed), sizeBytes, 'object header');
  const size = readUint(sizeReader, sizeBytes);
  const start = fixed + sizeBytes;
  const headerBytes = flags & 4 ? 6 : 4;
  const messages: Message[] = [];
  // a block is the whole range of bytes with a checksum; `skip` is the length of its prefix
  const readBlock = (blockAddress: bigint, skip: number, length: bigint, next: Next) => {
    const block = readerAt(file, blockAddress, length, 'object header');
    if (skip === 4) expectSignature(block, 'OCHK', 'object header continuation');
    if (block.bytes.length < skip + 4)
      throw h5Error('E_H5_SHORT', `offset ${block.offset}: an object header block of ${block.bytes.length} bytes`);
    const end = block.bytes.length - 4;
    block.position = end;
    checkSum(block.bytes.subarray(0, end), block.u32(), Number(blockAddress) + file.base, 'object header');
    block.position = skip;
    while (end - block.position >= headerBytes) {
      const type = block.u8();
      const length = block.u16();
      const messageFlags = block.u8();
      block.position += headerBytes - 4;
      if (block.position + length > end)
        throw h5Error('E_H5_MESSAGE', `offset ${block.offset}: a message of ${length} bytes leaves its header`);
      addMessage(messages, type, messageFlags, part(block, length), next);
    }
  };
  const queue: [bigint, number, bigint][] = [[address, start, BigInt(start) + size + 4n]];
  const seen = new Set<bigint>();
  for (const [blockAddress, skip, length] of queue) {
    if (seen.has(blockAddress))
      throw h5Error('E_H5_MESSAGE', `offset ${Number(blockAddress) + file.base}: an object header that continues in itself`);
    seen.add(blockAddress);
    readBlock(blockAddress, skip, length, (at, bytes) => queue.push([at, 4, bytes]));
  }
  return messages;
}

type Next = (address: bigint, length: bigint) => void;

function forEachBlock(file: Hdf5, address: bigint, length: bigint, body: (block: ByteReader, next: Next) => void): void {
  const queue: [bigint, bigint][] = [[address, length]];
  const seen = new Set<bigint>();
  for (const [at, bytes] of queue) {
    if (seen.has(at)) throw h5Error('E_H5_MESSAGE', `offset ${Number(at) + file.base}: an object header that continues in itself`);
    seen.add(at);
    body(readerAt(file, at, bytes, 'object header'), (nextAt, nextBytes) => queue.push([nextAt, nextBytes]));
  }
}

function addMessage(messages: Message[], type: number, flags: number, body: ByteReader, next: Next): void {
  if (type === MESSAGE.continuation) next(body.u64('continuation address'), body.u64('continuation length'));
  else if (type > LAST_KNOWN && !(flags & FLAG_MUST_KNOW)) return;
  else if (type !== 0) messages.push({ type, shared: (flags & FLAG_SHARED) !== 0, body });
}

function part(block: ByteReader, length: number): ByteReader {
  const offset = block.offset;
  return new ByteReader(block.take(length, 'message'), 'E_H5_SHORT', offset);
}
