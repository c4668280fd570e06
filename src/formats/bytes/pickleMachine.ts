import { RnnError } from '../../errors.js';
import { escapeText, wordOf } from '../../escape.js';
import { built, called, persistent } from './pickleCalls.js';
import { isRef, type Pickled } from './pickleValues.js';
import { ByteReader } from './reader.js';
import { decodeUtf8 } from './utf8.js';

// Seeds and states of random generators have up to some hundred bytes
const MAX_INT_BYTES = 1024;

/** The state of reading a pickle (stack, marks, memo), and the operations of its opcodes. */
export class Machine {
  readonly reader: ByteReader;
  private stack: Pickled[] = [];
  private readonly marks: Pickled[][] = [];
  private readonly memo = new Map<number, Pickled>();
  readonly storages = new Map<string, string>();
  /** offset of the current opcode */
  private at = 0;

  constructor(bytes: Uint8Array, base: number) {
    this.reader = new ByteReader(bytes, 'E_PT_PICKLE', base);
  }

  /** Returns the next opcode; errors name its offset from now on. */
  next(): number {
    this.at = this.reader.offset;
    return this.reader.u8('opcode');
  }

  /** Returns the value left at the end. */
  stop(): Pickled {
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

  /** POP, which can also remove a mark. */
  drop(): void {
    if (this.stack.length === 0 && this.marks.length > 0) this.toMark();
    else this.pop();
  }

  append(values: readonly Pickled[]): void {
    const top = this.top();
    if (isRef(top, 'object')) top.list ??= [];
    const list = isRef(top, 'object') ? top.list : top;
    if (!Array.isArray(list)) throw this.error('E_PT_PICKLE', 'the pickle appends to something that is not a list');
    for (const value of values) list.push(value);
  }

  setItems(pairs: readonly Pickled[]): void {
    const top = this.top();
    if (isRef(top, 'object')) top.items ??= new Map();
    const dict = isRef(top, 'object') ? top.items : top;
    if (!(dict instanceof Map) || pairs.length % 2 === 1)
      throw this.error('E_PT_PICKLE', 'the pickle sets items of something that is not a dict');
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

  /** Decodes a little-endian two's complement integer; a bigint if a number would not be exact. */
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
    if (end < 0) throw this.error('E_PT_PICKLE', 'a name is not terminated');
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

  /** Calls a function (opcode REDUCE) or a class (NEWOBJ, INST, OBJ): executed if it is on the list of pickleCalls.ts, else recorded. */
  call(callee: Pickled, args: Pickled): void {
    if (!Array.isArray(args)) throw this.error('E_PT_PICKLE', 'the pickle calls a function with something that is not a list of arguments');
    if (!isRef(callee, 'global') && !isRef(callee, 'object'))
      throw this.error('E_PT_PICKLE', 'the pickle calls something that is not a name');
    this.push(called(callee, args, (code, message) => this.error(code, message)));
  }

  /** NEWOBJ_EX: class, arguments, arguments by name. */
  callWithNames(): void {
    const [callee, args, names] = this.many(3);
    this.call(callee, Array.isArray(args) ? [...args, names] : args);
  }

  /** INST: the name follows the opcode, the arguments are above the mark. */
  instance(): void {
    const [module, name] = [this.line(), this.line()];
    this.call({ kind: 'global', name: `${module}.${name}` }, this.toMark());
  }

  /** OBJ: the class and its arguments are above the mark. */
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
    if (!built(this.top(), state)) throw this.error('E_PT_PICKLE', 'the pickle sets the state of something that has none');
  }
}

function exact(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
