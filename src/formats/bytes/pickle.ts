import { RnnError } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import { type Clock, checkTime } from '../limits.js';
import { built, called, persistent } from './pickleCalls.js';
import { floatOf, integerOf, latin1, oldText, quotedText, rawUnicode } from './pickleText.js';
import { isRef, type Pickled } from './pickleValues.js';
import { ByteReader } from './reader.js';
import { decodeUtf8 } from './utf8.js';

// Seeds and states of random generators have up to some hundred bytes
const MAX_INT_BYTES = 1024;

/** Names of the opcodes that are refused, for the message: what is not in the file itself cannot be read. */
const REFUSED: Readonly<Record<number, string>> = {
  80: 'PERSID',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

/**
 * Python's pickle language as data. A pickle is a program; this machine carries out the instructions that build dicts, lists, numbers and
 * text, and a closed list of calls (pickleCalls.ts). Every other class and function is a record of its name and arguments: nothing is
 * imported, nothing is called. (Opcodes: CPython Lib/pickletools.py.)
 *
 * @returns what the pickle builds
 * @param limits only the time counts
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

/** A pickle among others. */
export interface PickleInRow {
  readonly value: Pickled;
  /** where it ends */
  readonly end: number;
  /** the type of every storage it refers to, by key */
  readonly storages: ReadonlyMap<string, string>;
}

/** One of several pickles in a row. */
export function readPickleAt(bytes: Uint8Array, at: number, limits: Clock, base = 0): PickleInRow {
  const machine = new Machine(bytes.subarray(at), base + at);
  return { value: machine.run(limits), end: at + machine.length, storages: machine.storages };
}

class Machine {
  private readonly reader: ByteReader;
  private stack: Pickled[] = [];
  private readonly marks: Pickled[][] = [];
  private readonly memo = new Map<number, Pickled>();
  readonly storages = new Map<string, string>();
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
          `the pickle opcode ${name} (0x${opcode.toString(16)}) is not carried out: what it needs is not in the file`,
          `opcode ${name}`,
        );
      }
      step(this, this.reader);
    }
  }

  private stop(): Pickled {
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) throw this.error('E_PT_PICKLE', 'the pickle ends with values left over');
    return value;
  }

  /** bytes that were read */
  get length(): number {
    return this.reader.position;
  }

  error(code: string, message: string, found?: string): RnnError {
    return new RnnError('format', code, `offset ${this.at}: ${message}`, {
      where: 'data.pkl',
      found,
      fix: code === 'E_PT_PICKLE' ? undefined : 'in Python: torch.save(model.state_dict(), file)',
    });
  }

  readonly fail = (message: string): RnnError => this.error('E_PT_PICKLE', message);

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

  /** POP also takes a mark away. */
  drop(): void {
    if (this.stack.length === 0 && this.marks.length > 0) this.toMark();
    else this.pop();
  }

  append(values: readonly Pickled[]): void {
    const top = this.top();
    if (isRef(top, 'object')) top.list ??= [];
    const list = isRef(top, 'object') ? top.list : top;
    if (!Array.isArray(list)) throw this.error('E_PT_PICKLE', 'the pickle appends to what is not a list');
    for (const value of values) list.push(value);
  }

  setItems(pairs: readonly Pickled[]): void {
    const top = this.top();
    if (isRef(top, 'object')) top.items ??= new Map();
    const dict = isRef(top, 'object') ? top.items : top;
    if (!(dict instanceof Map) || pairs.length % 2 === 1) throw this.error('E_PT_PICKLE', 'the pickle sets items of what is not a dict');
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i];
      if (dict.has(key)) throw this.error('E_PT_DUPLICATE', `the key '${escapeText(wordOf(key), 80)}' is set twice`);
      dict.set(key, pairs[i + 1]);
    }
  }

  dict(pairs: readonly Pickled[]): void {
    this.push(new Map());
    this.setItems(pairs);
  }

  /** Little-endian, two's complement; a bigint where a number would not be exact. */
  integer(bytes: Uint8Array): number | bigint {
    if (bytes.length > MAX_INT_BYTES) throw this.error('E_PT_PICKLE', `an integer of ${bytes.length} bytes`);
    if (bytes.length === 0) return 0;
    const digits = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).reverse();
    return exact(BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits.join('')}`)));
  }

  count(value: bigint, what: string): number {
    this.reader.need(value, what);
    return Number(value);
  }

  text(length: number): void {
    const offset = this.reader.offset;
    this.push(decodeUtf8(this.reader.take(length, 'string'), offset));
  }

  /** A copy: what the pickle builds lives longer than the file's bytes. */
  bytes(length: number): void {
    this.push(this.reader.take(length, 'bytes').slice());
  }

  line(decode: (bytes: Uint8Array, offset: number) => string = decodeUtf8): string {
    const { bytes, position } = this.reader;
    const end = bytes.indexOf(0x0a, position);
    if (end < 0) throw this.error('E_PT_PICKLE', 'a name is not ended');
    const text = decode(this.reader.take(end - position, 'name'), this.reader.offset);
    this.reader.position++;
    return text;
  }

  global(module: Pickled, attribute: Pickled): void {
    if (typeof module !== 'string' || typeof attribute !== 'string')
      throw this.error(
        'E_PT_PICKLE',
        `the pickle refers to '${escapeText(`${wordOf(module)}.${wordOf(attribute)}`, 100)}', which is not a name`,
      );
    this.push({ kind: 'global', name: `${module}.${attribute}` });
  }

  /** A call, of a function (opcode REDUCE) or a class (NEWOBJ, INST, OBJ): carried out here where it is on the list, else a record. */
  call(callee: Pickled, args: Pickled): void {
    if (!Array.isArray(args)) throw this.error('E_PT_PICKLE', 'the pickle calls with what is not a list of arguments');
    if (!isRef(callee, 'global') && !isRef(callee, 'object')) throw this.error('E_PT_PICKLE', 'the pickle calls what is not a name');
    this.push(called(callee, args, (code, message) => this.error(code, message)));
  }

  /** NEWOBJ_EX: class, arguments, arguments by name. */
  callWithNames(): void {
    const [callee, args, names] = this.many(3);
    this.call(callee, Array.isArray(args) ? [...args, names] : args);
  }

  /** INST: the name stands behind the opcode, the arguments above the mark. */
  instance(): void {
    const [module, name] = [this.line(), this.line()];
    this.call({ kind: 'global', name: `${module}.${name}` }, this.toMark());
  }

  /** OBJ: the class and its arguments stand above the mark. */
  object(): void {
    const [callee = null, ...args] = this.toMark();
    this.call(callee, args);
  }

  index(text: string): number {
    const index = Number(text);
    if (!/^\d{1,15}$/.test(text)) throw this.error('E_PT_PICKLE', `the memo index '${escapeText(text, 40)}' is not a number`);
    return index;
  }

  persistentId(): void {
    const id = this.top();
    if (Array.isArray(id) && isRef(id[1], 'global') && typeof id[2] === 'string') this.storages.set(id[2], id[1].name);
    this.push(persistent(this.pop(), (code, message) => this.error(code, message)));
  }

  build(): void {
    const state = this.pop();
    if (!built(this.top(), state)) throw this.error('E_PT_PICKLE', 'the pickle sets the state of what can have none');
  }
}

function exact(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
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
