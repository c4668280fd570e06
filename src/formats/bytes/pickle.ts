import { RnnError } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import { type Clock, checkTime } from '../limits.js';
import { called, isAllowed, isCallable, isRef, type Pickled, storageOf } from './pickleTorch.js';
import { ByteReader } from './reader.js';
import { decodeUtf8 } from './utf8.js';

// Integers of more bytes than this are no size, count or step number
const MAX_INT_BYTES = 8;

/** Names of the opcodes that are refused, for the message. */
const REFUSED: Readonly<Record<number, string>> = {
  48: 'POP',
  49: 'POP_MARK',
  50: 'DUP',
  70: 'FLOAT',
  73: 'INT',
  76: 'LONG',
  80: 'PERSID',
  83: 'STRING',
  86: 'UNICODE',
  105: 'INST',
  111: 'OBJ',
  103: 'GET',
  112: 'PUT',
  129: 'NEWOBJ',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  143: 'EMPTY_SET',
  144: 'ADDITEMS',
  145: 'FROZENSET',
  146: 'NEWOBJ_EX',
  150: 'BYTEARRAY8',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

/**
 * The data part of Python's pickle language, and none of the rest. A pickle is a program; this machine has only the instructions that
 * `torch.save(model.state_dict())` needs, and they can build nothing but dicts, lists, tuples, numbers, strings and references to
 * tensors. Names of Python objects are looked up in a closed list and never called; every other opcode or name ends the reading.
 * (Opcodes: CPython Lib/pickletools.py.)
 *
 * @returns what the pickle builds
 * @param limits only the time counts
 * @param base offset of the pickle in the file, for messages
 * @throws RnnError E_PT_OPCODE, E_PT_GLOBAL (format) with the offset and the opcode or name; E_PT_PICKLE (format) for a damaged one; E_LIMIT_TIME (limit)
 */
export function readPickle(bytes: Uint8Array, limits: Clock, base = 0): Pickled {
  return new Machine(bytes, base).run(limits);
}

class Machine {
  private readonly reader: ByteReader;
  private stack: Pickled[] = [];
  private readonly marks: Pickled[][] = [];
  private readonly memo = new Map<number, Pickled>();
  /** where the opcode that is carried out stands */
  private at = 0;

  constructor(bytes: Uint8Array, base: number) {
    this.reader = new ByteReader(bytes, 'E_PT_PICKLE', base);
  }

  run(limits: Clock): Pickled {
    for (let steps = 1; ; steps++) {
      if (steps % 4096 === 0) checkTime(limits);
      this.at = this.reader.offset;
      const opcode = this.reader.u8('opcode');
      if (opcode === 0x2e) return this.stop();
      const step = STEPS.get(opcode);
      if (!step) {
        const name = REFUSED[opcode] ?? 'unknown';
        throw this.error(
          'E_PT_OPCODE',
          `the pickle opcode ${name} (0x${opcode.toString(16)}) is not carried out: it is not needed for tensors`,
          `opcode ${name}`,
        );
      }
      step(this, this.reader);
    }
  }

  private stop(): Pickled {
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) throw this.error('E_PT_PICKLE', 'the pickle ends with values left over');
    if (this.reader.remaining > 0) throw this.error('E_PT_PICKLE', `${this.reader.remaining} bytes follow the end of the pickle`);
    return value;
  }

  error(code: string, message: string, found?: string): RnnError {
    return new RnnError('format', code, `offset ${this.at}: ${message}`, {
      where: 'data.pkl',
      found,
      fix: code === 'E_PT_PICKLE' ? undefined : 'in Python: torch.save(model.state_dict(), file)',
    });
  }

  push(value: Pickled): void {
    this.stack.push(value);
  }

  pop(): Pickled {
    if (this.stack.length === 0) throw this.error('E_PT_PICKLE', 'the pickle takes a value from an empty stack');
    return this.stack.pop() as Pickled;
  }

  top(): Pickled {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  mark(): void {
    this.marks.push(this.stack);
    this.stack = [];
  }

  toMark(): Pickled[] {
    const values = this.stack;
    const below = this.marks.pop();
    if (!below) throw this.error('E_PT_PICKLE', 'the pickle goes back to a mark that was never set');
    this.stack = below;
    return values;
  }

  many(count: number): Pickled[] {
    const values: Pickled[] = [];
    for (let i = 0; i < count; i++) values.unshift(this.pop());
    return values;
  }

  put(index: number): void {
    this.memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.error('E_PT_PICKLE', `the pickle reads memo ${index}, which was never written`);
    this.push(value);
  }

  append(values: readonly Pickled[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.error('E_PT_PICKLE', 'the pickle appends to what is no list');
    for (const value of values) list.push(value);
  }

  setItems(pairs: readonly Pickled[]): void {
    const dict = this.top();
    if (!(dict instanceof Map) || pairs.length % 2 === 1) throw this.error('E_PT_PICKLE', 'the pickle sets items of what is no dict');
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i];
      if (typeof key !== 'string' && typeof key !== 'number')
        throw this.error('E_PT_PICKLE', 'a dict key is neither a string nor a number');
      if (dict.has(key)) throw this.error('E_PT_DUPLICATE', `the key '${escapeText(wordOf(key), 80)}' is set twice`);
      dict.set(key, pairs[i + 1]);
    }
  }

  dict(pairs: readonly Pickled[]): void {
    this.push(new Map());
    this.setItems(pairs);
  }

  integer(bytes: Uint8Array): number {
    if (bytes.length > MAX_INT_BYTES) throw this.error('E_PT_PICKLE', `an integer of ${bytes.length} bytes`);
    let value = 0n;
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    const signed = Number(BigInt.asIntN(8 * bytes.length, value));
    if (!Number.isSafeInteger(signed)) throw this.error('E_INT_RANGE', `the integer ${signed} is beyond 2^53`);
    return signed;
  }

  count(value: bigint, what: string): number {
    this.reader.need(value, what);
    return Number(value);
  }

  text(length: number): void {
    const offset = this.reader.offset;
    this.push(decodeUtf8(this.reader.take(length, 'string'), offset));
  }

  line(): string {
    const { bytes, position } = this.reader;
    const end = bytes.indexOf(0x0a, position);
    if (end < 0) throw this.error('E_PT_PICKLE', 'a name is not ended');
    const text = decodeUtf8(this.reader.take(end - position, 'name'), this.reader.offset);
    this.reader.position++;
    return text;
  }

  global(module: Pickled, attribute: Pickled): void {
    const name = `${wordOf(module)}.${wordOf(attribute)}`;
    if (typeof module !== 'string' || typeof attribute !== 'string' || !isAllowed(name)) {
      const hint = /^(__main__|models?|src|net)/.test(name) ? ' (the file holds a whole Python object, not a state dict)' : '';
      throw this.error('E_PT_GLOBAL', `the pickle refers to '${escapeText(name, 100)}', which is not loaded${hint}`, escapeText(name, 100));
    }
    this.push({ kind: 'global', name });
  }

  /** A "call": of three names, each carried out here. */
  reduce(): void {
    const [callee, args] = this.many(2);
    if (!isRef(callee, 'global') || !isCallable(callee.name) || !Array.isArray(args)) {
      throw this.error(
        'E_PT_GLOBAL',
        'the pickle calls what is not on the list of names',
        isRef(callee, 'global') ? callee.name : undefined,
      );
    }
    this.push(called(callee.name, args, (code, message) => this.error(code, message)));
  }

  /** ('storage', type, key, device, length) */
  persistentId(): void {
    this.push(storageOf(this.pop(), (code, message) => this.error(code, message)));
  }

  /** The state of an OrderedDict is its `_metadata` (module versions), which no tensor depends on. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof Map))
      throw this.error('E_PT_OPCODE', 'the pickle sets the state of an object (opcode BUILD)', 'opcode BUILD');
  }
}

type Step = (m: Machine, r: ByteReader) => void;

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
  [0x54, (m, r) => m.text(r.u32('string length'))],
  [0x55, (m, r) => m.text(r.u8('string length'))],
  [0x88, m => m.push(true)],
  [0x89, m => m.push(false)],
  [0x4e, m => m.push(null)],
  [0x63, m => m.global(m.line(), m.line())],
  [0x93, m => m.global(...(m.many(2) as [Pickled, Pickled]))],
  [0x52, m => m.reduce()],
  [0x51, m => m.persistentId()],
  [0x62, m => m.build()],
]);

function protocol(m: Machine, version: number): void {
  if (version < 2 || version > 5) throw m.error('E_PT_PICKLE', `pickle protocol ${version}; 2 to 5 are read`);
}
