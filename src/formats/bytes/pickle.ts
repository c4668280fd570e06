import { RnnError } from '../../errors.js';
import { type Clock, checkTime } from '../limits.js';
import { Machine } from './pickleMachine.js';
import { floatOf, integerOf, latin1, oldText, quotedText, rawUnicode } from './pickleText.js';
import type { Pickled } from './pickleValues.js';
import type { ByteReader } from './reader.js';

/** Names of the opcodes that are refused because they refer to something outside the file. */
const REFUSED: Readonly<Record<number, string>> = {
  80: 'PERSID',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

/**
 * Reads a Python pickle as data. A pickle is a program; this machine executes the instructions that build dicts, lists, numbers and text, and a
 * closed list of calls (pickleCalls.ts). Any other class or function becomes a record of its name and arguments: nothing is imported, nothing
 * is called. (Opcodes: CPython Lib/pickletools.py.)
 *
 * @returns what the pickle builds
 * @param limits only the time limit is used
 * @param base offset of the pickle in the file, for messages
 * @throws RnnError E_PT_OPCODE (format) with the offset and the opcode; E_PT_PICKLE, E_PT_TENSOR (format) for a damaged one; E_LIMIT_TIME (limit)
 */
export function readPickle(bytes: Uint8Array, limits: Clock, base = 0): Pickled {
  const { value, end } = readPickleAt(bytes, 0, limits, base);
  if (end === bytes.length) return value;
  throw new RnnError('format', 'E_PT_PICKLE', `offset ${base + end - 1}: ${bytes.length - end} bytes follow the end of the pickle`, {
    where: 'data.pkl',
  });
}

/** One of several consecutive pickles. */
export interface PickleInRow {
  readonly value: Pickled;
  /** where it ends */
  readonly end: number;
  /** the type of every storage it refers to, by key */
  readonly storages: ReadonlyMap<string, string>;
}

/** Reads one of several consecutive pickles. */
export function readPickleAt(bytes: Uint8Array, at: number, limits: Clock, base = 0): PickleInRow {
  const machine = new Machine(bytes.subarray(at), base + at);
  return { value: run(machine, limits), end: at + machine.length, storages: machine.storages };
}

function run(machine: Machine, limits: Clock): Pickled {
  for (let steps = 1; ; steps++) {
    if (steps % 4096 === 0) checkTime(limits);
    const opcode = machine.next();
    if (opcode === STOP) return machine.stop();
    const step = STEPS.get(opcode);
    if (!step) {
      const name = REFUSED[opcode] ?? 'unknown';
      throw machine.error(
        'E_PT_OPCODE',
        `the pickle opcode ${name} (0x${opcode.toString(16)}) is not supported: what it needs is not in the file`,
        `opcode ${name}`,
      );
    }
    step(machine, machine.reader);
  }
}

type Step = (m: Machine, r: ByteReader) => void;

const STOP = 0x2e;

const STEPS: ReadonlyMap<number, Step> = new Map<number, Step>([
  [0x80, (m, r) => protocol(m, r.u8('protocol'))],
  [0x95, (m, r) => void m.count(r.u64('frame length'), 'frame')],
  [0x28, m => m.mark()],
  [0x7d, m => m.push(new Map())],
  [0x5d, m => m.push([])],
  [0x29, m => m.push([])],
  [0x74, m => m.push(m.toMark())], // TUPLE
  [0x85, m => m.push(m.many(1))],
  [0x86, m => m.push(m.many(2))],
  [0x87, m => m.push(m.many(3))],
  [0x6c, m => m.push(m.toMark())], // LIST
  [0x64, m => m.dict(m.toMark())],
  [0x61, m => m.append(m.many(1))],
  [0x65, m => m.append(m.toMark())],
  [0x73, m => m.setItems(m.many(2))],
  [0x75, m => m.setItems(m.toMark())],
  [0x71, (m, r) => m.put(r.u8('memo index'))],
  [0x72, (m, r) => m.put(r.u32('memo index'))],
  [0x94, m => m.memoize()],
  [0x68, (m, r) => m.get(r.u8('memo index'))],
  [0x6a, (m, r) => m.get(r.u32('memo index'))],
  [0x4a, (m, r) => m.push(r.i32('integer'))],
  [0x4b, (m, r) => m.push(r.u8('integer'))],
  [0x4d, (m, r) => m.push(r.u16('integer'))],
  [0x8a, (m, r) => m.push(m.integer(r.take(r.u8('length'), 'integer')))],
  [0x8b, (m, r) => m.push(m.integer(r.take(m.count(BigInt(r.u32('length')), 'integer'), 'integer')))],
  [0x47, (m, r) => m.push(Buffer.from(r.take(8, 'float')).readDoubleBE())],
  [0x58, (m, r) => m.text(r.u32('string length'))],
  [0x8c, (m, r) => m.text(r.u8('string length'))],
  [0x8d, (m, r) => m.text(m.count(r.u64('string length'), 'string'))],
  [0x54, (m, r) => m.push(oldText(r.take(r.u32('string length'), 'string')))],
  [0x55, (m, r) => m.push(oldText(r.take(r.u8('string length'), 'string')))],
  [0x88, m => m.push(true)],
  [0x89, m => m.push(false)],
  [0x42, (m, r) => m.bytes(m.count(BigInt(r.u32('length')), 'bytes'))],
  [0x43, (m, r) => m.bytes(r.u8('length'))],
  [0x8e, (m, r) => m.bytes(m.count(r.u64('length'), 'bytes'))],
  [0x96, (m, r) => m.bytes(m.count(r.u64('length'), 'bytes'))],
  [0x46, m => m.push(floatOf(m.line(), m.fail))],
  [0x49, m => m.push(integerOf(m.line(), m.fail))],
  [0x4c, m => m.push(integerOf(m.line(), m.fail))],
  [0x53, m => m.push(quotedText(m.line(), m.fail))],
  [0x56, m => m.push(rawUnicode(m.line(latin1)))],
  [0x30, m => m.drop()],
  [0x31, m => void m.toMark()],
  [0x32, m => m.push(m.top())],
  [0x67, m => m.get(m.index(m.line()))],
  [0x70, m => m.put(m.index(m.line()))],
  [0x8f, m => m.push([])], // EMPTY_SET
  [0x90, m => m.append(m.toMark())],
  [0x91, m => m.push(m.toMark())], // FROZENSET
  [0x81, m => m.call(...(m.many(2) as [Pickled, Pickled]))],
  [0x92, m => m.callWithNames()],
  [0x69, m => m.instance()],
  [0x6f, m => m.object()],
  [0x4e, m => m.push(null)],
  [0x63, m => m.global(m.line(), m.line())],
  [0x93, m => m.global(...(m.many(2) as [Pickled, Pickled]))],
  [0x52, m => m.call(...(m.many(2) as [Pickled, Pickled]))],
  [0x51, m => m.persistentId()],
  [0x62, m => m.build()],
]);

function protocol(m: Machine, version: number): void {
  if (version > 5) throw m.error('E_PT_PICKLE', `pickle protocol ${version}; 0 to 5 are read`);
}
