import { ByteReader } from '../bytes/reader.js';
import { checkSum, expectSignature, type Hdf5, h5Error, readerAt, readUint, visitOnce } from './file.js';

/**
 * Visits every record of a version 2 B-tree (III.A.2), in order.
 * @param type the tree's record type; another is refused
 */
export function readTree2(file: Hdf5, address: bigint, type: number, visit: (record: ByteReader) => void): void {
  const header = readerAt(file, address, 38, 'B-tree header');
  expectSignature(header, 'BTHD', 'B-tree header');
  header.take(1); // version
  const found = header.u8();
  if (found !== type)
    throw h5Error('E_H5_TREE', `offset ${header.offset - 1}: a B-tree of records of type ${found}`, { expected: String(type) });
  const nodeBytes = header.u32();
  const recordBytes = header.u16();
  const depth = header.u16();
  header.take(2); // when to split and merge
  const root = header.u64();
  const rootRecords = header.u16();
  const total = header.u64();
  checkSum(header.bytes.subarray(0, 34), header.u32(), header.offset - 38, 'B-tree header');
  if (recordBytes === 0 || nodeBytes < 10 + recordBytes)
    throw h5Error('E_H5_TREE', `offset ${header.offset}: nodes of ${nodeBytes} and records of ${recordBytes} bytes`);
  let visited = 0n;
  const counts = maxRecords(nodeBytes, recordBytes, depth);
  const nodes = new Set<bigint>();
  const node = (at: bigint, records: number, level: number): void => {
    visitOnce(file, nodes, at);
    const reader = readerAt(file, at, nodeBytes, 'B-tree node');
    const place = reader.offset;
    expectSignature(reader, level === 0 ? 'BTLF' : 'BTIN', 'B-tree node');
    reader.take(2); // version, record type
    const start = reader.position;
    const { records: most, countBytes, totalBytes } = counts[level];
    if (records > most) throw h5Error('E_H5_TREE', `offset ${place}: ${records} records in a node that holds ${most}`);
    const end = start + records * recordBytes + (level === 0 ? 0 : (records + 1) * (8 + countBytes + totalBytes));
    reader.position = end;
    checkSum(reader.bytes.subarray(0, end), reader.u32(), place, 'B-tree node');
    const children = new ByteReader(reader.bytes.subarray(start + records * recordBytes, end), 'E_H5_SHORT');
    for (let i = 0; i <= records; i++) {
      if (level > 0) {
        const child = children.u64();
        const childRecords = Number(readUint(children, countBytes));
        children.take(totalBytes);
        node(child, childRecords, level - 1);
      }
      if (i === records) break;
      const from = start + i * recordBytes;
      visited++;
      visit(new ByteReader(reader.bytes.subarray(from, from + recordBytes), 'E_H5_SHORT', place + from));
    }
  };
  if (total > 0n) node(root, rootRecords, depth);
  if (visited !== total) throw h5Error('E_H5_TREE', `offset ${header.offset}: the B-tree claims ${total} records and has ${visited}`);
}

/** How many records a node can hold at each level, and the widths of the counts next to its child addresses. */
function maxRecords(nodeBytes: number, recordBytes: number, depth: number): { records: number; countBytes: number; totalBytes: number }[] {
  const levels = [{ records: Math.floor((nodeBytes - 10) / recordBytes), countBytes: 0, totalBytes: 0 }];
  let total = BigInt(levels[0].records);
  for (let level = 1; level <= depth; level++) {
    const countBytes = bytesFor(BigInt(levels[level - 1].records));
    const totalBytes = level === 1 ? 0 : bytesFor(total);
    const pointer = 8 + countBytes + totalBytes;
    const records = Math.floor((nodeBytes - 10 - pointer) / (recordBytes + pointer));
    if (records < 1 || total >= 2n ** 64n) throw h5Error('E_H5_TREE', `a B-tree of depth ${depth} over nodes of ${nodeBytes} bytes`);
    total = BigInt(records) + BigInt(records + 1) * total;
    levels.push({ records, countBytes, totalBytes });
  }
  return levels;
}

function bytesFor(n: bigint): number {
  return Math.ceil(n.toString(2).length / 8);
}
