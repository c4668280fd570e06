import { escapeText } from '../../escape.js';
import { checkName, checkShape, newBudget, reserve } from '../bytes/budget.js';
import { decodeNumbers } from '../bytes/numbers.js';
import { ByteReader } from '../bytes/reader.js';
import { decodeUtf8 } from '../bytes/utf8.js';
import { readTree2 } from './btree2.js';
import { type H5Type, readSharedType, readSpace, readType } from './datatype.js';
import { expectSignature, type Hdf5, h5Error, readerAt, UNDEFINED } from './file.js';
import { openHeap } from './fractalHeap.js';
import { bodyOf, findMessage, MESSAGE, type Message } from './objectHeader.js';

/** A number or string, or a list of them. */
export type AttributeValue = string | number | readonly string[] | readonly number[];

/**
 * Reads the attributes of an object, except those that are neither numbers nor strings.
 * @throws RnnError E_H5_… (format)
 */
export function readAttributes(file: Hdf5, messages: readonly Message[]): Map<string, AttributeValue> {
  const found = new Map<string, AttributeValue>();
  for (const message of messages) {
    if (message.type !== MESSAGE.attribute) continue;
    if (message.shared) throw h5Error('E_H5_ATTRIBUTE', `offset ${message.body.offset}: an attribute kept in a shared heap is not read`);
    readAttribute(file, bodyOf(message), found);
  }
  const info = findMessage(messages, MESSAGE.attributeInfo);
  if (info) readDense(file, bodyOf(info), found);
  return found;
}

/** IV.A.2.v: attribute messages in a fractal heap. */
function readDense(file: Hdf5, body: ByteReader, found: Map<string, AttributeValue>): void {
  body.u8('attribute info version');
  const flags = body.u8('attribute info flags');
  if (flags & 1) body.u16('creation index');
  const heapAddress = body.u64('fractal heap address');
  const treeAddress = body.u64('B-tree address');
  if (heapAddress === UNDEFINED) return;
  const heap = openHeap(file, heapAddress);
  readTree2(file, treeAddress, 8, record => {
    const id = record.take(8, 'heap id');
    if (record.u8('message flags') & 2)
      throw h5Error('E_H5_ATTRIBUTE', `offset ${record.offset}: an attribute kept in a shared heap is not read`);
    readAttribute(file, heap(id), found);
  });
}

/** IV.A.2.m. The attribute message, versions 1 to 3. */
function readAttribute(file: Hdf5, body: ByteReader, found: Map<string, AttributeValue>): void {
  const offset = body.offset;
  const version = body.u8('attribute version');
  if (version < 1 || version > 3) throw h5Error('E_H5_ATTRIBUTE', `offset ${offset}: attribute version ${version}`);
  const flags = body.u8('attribute flags');
  const sizes = [body.u16('name size'), body.u16('datatype size'), body.u16('dataspace size')];
  if (version === 3) body.u8('character set');
  const [name, type, space] = sizes.map(size => {
    const start = body.offset;
    const bytes = body.take(size, 'attribute');
    if (version === 1) body.take((8 - (size % 8)) % 8, 'padding');
    return new ByteReader(bytes, 'E_H5_SHORT', start);
  });
  const text = stringOf(name.bytes, name.offset);
  checkName(text, 'attribute', file.limits);
  if (found.has(text)) throw h5Error('E_H5_DUPLICATE', `offset ${offset}: two attributes are called '${escapeText(text, 60)}'`);
  if (version > 1 && flags & 2) throw h5Error('E_H5_ATTRIBUTE', `offset ${offset}: a shared dataspace is not read`);
  const value = readValue(file, version > 1 && flags & 1 ? readSharedType(file, type) : readType(type), readSpace(space), body);
  if (value !== undefined) found.set(text, value);
}

function readValue(file: Hdf5, type: H5Type, shape: readonly bigint[] | undefined, body: ByteReader): AttributeValue | undefined {
  if (!shape || type.kind === 'other') return undefined;
  const count = checkShape(shape, file.limits);
  body.need(count * BigInt(type.size), 'attribute value');
  const values: (string | number)[] = [];
  if (type.kind === 'number') {
    reserve(newBudget(file.limits), count, 'f64');
    values.push(...decodeNumbers(body.bytes, body.position, Number(count), type.dtype, type.littleEndian));
  } else {
    for (let i = 0; i < count; i++) {
      const offset = body.offset;
      const element = body.take(type.size, 'attribute value');
      values.push(type.kind === 'string' ? stringOf(element, offset) : heapString(file, new ByteReader(element, 'E_H5_SHORT', offset)));
    }
  }
  return shape.length === 0 ? values[0] : (values as string[] | number[]);
}

/** A fixed-length string ends at its first NUL. */
function stringOf(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0);
  return decodeUtf8(end < 0 ? bytes : bytes.subarray(0, end), offset);
}

/** III.E. A string in a global heap collection: length, address of the collection, index in it. */
function heapString(file: Hdf5, reference: ByteReader): string {
  const length = reference.u32();
  const address = reference.u64();
  const index = reference.u32();
  if (length === 0) return '';
  const header = readerAt(file, address, 16, 'global heap');
  expectSignature(header, 'GCOL', 'global heap');
  header.take(4); // version
  const collection = readerAt(file, address, header.u64(), 'global heap');
  collection.position = 16;
  while (collection.remaining >= 16) {
    const found = collection.u16();
    collection.take(6); // reference count
    const size = collection.u64();
    if (found === 0) break;
    if (found === index) {
      if (size < length) throw h5Error('E_H5_HEAP', `offset ${collection.offset}: a string of ${length} bytes in an object of ${size}`);
      const offset = collection.offset;
      return stringOf(collection.take(length, 'string'), offset);
    }
    const padded = ((size + 7n) / 8n) * 8n;
    collection.need(padded, 'global heap object');
    collection.position += Number(padded);
  }
  throw h5Error('E_H5_HEAP', `offset ${header.offset}: the global heap has no object ${index}`);
}
