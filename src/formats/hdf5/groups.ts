import { escapeText } from '../../escape.js';
import { checkName } from '../bytes/budget.js';
import { ByteReader } from '../bytes/reader.js';
import { decodeUtf8 } from '../bytes/utf8.js';
import { readTree2 } from './btree2.js';
import { expectSignature, type Hdf5, h5Error, nodeAt, readerAt, readUint, UNDEFINED, visitOnce } from './file.js';
import { openHeap } from './fractalHeap.js';
import { bodyOf, findMessage, MESSAGE, type Message } from './objectHeader.js';

/** One member of a group: another object, or a path to look up. */
export type Link = { readonly kind: 'hard'; readonly address: bigint } | { readonly kind: 'soft'; readonly path: string };

export function isGroup(messages: readonly Message[]): boolean {
  return messages.some(({ type }) => type === MESSAGE.symbolTable || type === MESSAGE.linkInfo || type === MESSAGE.link);
}

/**
 * Reads the members of a group by name, sorted as in h5py (by bytes), in any of the three forms that groups have.
 * @throws RnnError E_H5_LINK, E_H5_EXTERNAL, E_H5_DUPLICATE (format)
 */
export function readLinks(file: Hdf5, messages: readonly Message[]): [string, Link][] {
  const links = new Map<string, Link>();
  const add = (name: string, link: Link, offset: number) => {
    checkName(name, 'member', file.limits);
    if (name === '' || name.includes('/')) throw h5Error('E_H5_LINK', `offset ${offset}: a member called '${escapeText(name, 60)}'`);
    if (links.has(name)) throw h5Error('E_H5_DUPLICATE', `offset ${offset}: two members are called '${escapeText(name, 60)}'`);
    links.set(name, link);
  };
  const table = findMessage(messages, MESSAGE.symbolTable);
  if (table) readSymbolTable(file, bodyOf(table), add);
  for (const message of messages) if (message.type === MESSAGE.link) readLink(bodyOf(message), add);
  const info = findMessage(messages, MESSAGE.linkInfo);
  if (info) readDenseLinks(file, bodyOf(info), add);
  return [...links].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

type Add = (name: string, link: Link, offset: number) => void;

/** IV.A.2.r: a B-tree of symbol nodes, whose names are in a local heap. */
function readSymbolTable(file: Hdf5, body: ByteReader, add: Add): void {
  const tree = body.u64('B-tree address');
  const names = openLocalHeap(file, body.u64('local heap address'));
  const visited = new Set<bigint>();
  const visit = (address: bigint, level: number | undefined): void => {
    visitOnce(file, visited, address);
    const node = nodeAt(file, address, 24, 16, 'group B-tree node');
    expectSignature(node, 'TREE', 'group B-tree node');
    const type = node.u8('node type');
    const own = node.u8('node level');
    if (type !== 0 || (level !== undefined && own !== level))
      throw h5Error('E_H5_TREE', `offset ${node.offset}: a node of type ${type}, level ${own} in a group`);
    const entries = node.u16('entries used');
    node.take(16, 'siblings');
    for (let i = 0; i < entries; i++) {
      node.u64('key');
      const child = node.u64('child address');
      if (own > 0) visit(child, own - 1);
      else readSymbols(file, child, names, add);
    }
  };
  visit(tree, undefined);
}

/** III.C. A symbol table node. */
function readSymbols(file: Hdf5, address: bigint, names: (offset: bigint) => string, add: Add): void {
  const node = nodeAt(file, address, 8, 40, 'symbol table node');
  expectSignature(node, 'SNOD', 'symbol table node');
  const version = node.u8('symbol node version');
  if (version !== 1) throw h5Error('E_H5_TREE', `offset ${node.offset - 1}: symbol node version ${version}`);
  node.u8('reserved');
  const count = node.u16('number of symbols');
  for (let i = 0; i < count; i++) {
    const offset = node.offset;
    const name = names(node.u64('link name offset'));
    const target = node.u64('object header address');
    const cache = node.u32('cache type');
    node.u32('reserved');
    const scratch = node.take(16, 'scratch space');
    if (cache > 2) throw h5Error('E_H5_LINK', `offset ${offset}: '${escapeText(name, 60)}' has the unknown cache type ${cache}`);
    if (cache === 2) add(name, { kind: 'soft', path: names(BigInt(new ByteReader(scratch, 'E_H5_SHORT', offset).u32())) }, offset);
    else add(name, { kind: 'hard', address: target }, offset);
  }
}

/** III.D. The local heap: NUL-terminated names at offsets. */
function openLocalHeap(file: Hdf5, address: bigint): (offset: bigint) => string {
  const header = readerAt(file, address, 32, 'local heap');
  expectSignature(header, 'HEAP', 'local heap');
  header.take(4); // version
  const size = header.u64();
  header.u64(); // free list
  const data = readerAt(file, header.u64(), size, 'local heap data');
  return offset => {
    const end = offset < size ? data.bytes.indexOf(0, Number(offset)) : -1;
    if (end < 0) throw h5Error('E_H5_LINK', `offset ${data.offset}: a name at ${offset} of a heap of ${size} bytes`);
    return decodeUtf8(data.bytes.subarray(Number(offset), end), data.offset + Number(offset));
  };
}

/** IV.A.2.g. A link message. */
function readLink(body: ByteReader, add: Add): void {
  const offset = body.offset;
  const version = body.u8('link version');
  const flags = body.u8('link flags');
  if (version !== 1) throw h5Error('E_H5_LINK', `offset ${offset}: link version ${version}`);
  const type = flags & 8 ? body.u8('link type') : 0;
  if (flags & 4) body.u64('creation order');
  if (flags & 16) body.u8('character set');
  const length = Number(readUint(body, 1 << (flags & 3), 'name length'));
  const name = textOf(body, length, 'link name');
  if (type === 0) add(name, { kind: 'hard', address: body.u64('object header address') }, offset);
  else if (type === 1) add(name, { kind: 'soft', path: textOf(body, body.u16('path length'), 'path') }, offset);
  else {
    const what =
      type === 64 ? 'is an external link: it points into another file, which is never opened' : `is a link of the unknown type ${type}`;
    throw h5Error(type === 64 ? 'E_H5_EXTERNAL' : 'E_H5_LINK', `offset ${offset}: '${escapeText(name, 60)}' ${what}`, { where: 'link' });
  }
}

function textOf(body: ByteReader, length: number, what: string): string {
  const offset = body.offset;
  return decodeUtf8(body.take(length, what), offset);
}

/** IV.A.2.c with III.A.2 and III.G: link messages in a fractal heap, listed by a version 2 B-tree. */
function readDenseLinks(file: Hdf5, body: ByteReader, add: Add): void {
  const version = body.u8('link info version');
  const flags = body.u8('link info flags');
  if (version !== 0) throw h5Error('E_H5_LINK', `offset ${body.offset}: link info version ${version}`);
  if (flags & 1) body.u64('creation index');
  const heapAddress = body.u64('fractal heap address');
  const treeAddress = body.u64('B-tree address');
  if (heapAddress === UNDEFINED) return;
  const heap = openHeap(file, heapAddress);
  readTree2(file, treeAddress, 5, record => {
    record.u32('hash');
    readLink(heap(record.take(heap.idBytes, 'heap id')), add);
  });
}
