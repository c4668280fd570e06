import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type Clock, checkTime, type Limits, overLimit } from '../limits.js';
import { losesDigits } from './numberText.js';
import { decodeText } from './utf8.js';

/** A JSON value. Objects have no prototype, so that `__proto__` is a key like any other. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type JsonLimits = Pick<Limits, 'depth'> &
  Clock & {
    /** NaN, Infinity and -Infinity are numbers, as Python's json writes them */
    readonly python?: boolean;
  };

/**
 * Parses strict JSON (RFC 8259), with line and column in every error. Stricter than JSON.parse where that silently loses information: duplicate
 * keys, integers that a double cannot hold, numbers that overflow to infinity, unpaired surrogates, deep nesting.
 * @throws RnnError E_JSON_… (format), E_LIMIT_DEPTH, E_LIMIT_TIME (limit)
 */
export function parseJson(text: string, limits: JsonLimits): JsonValue {
  return new Parser(text, limits).document();
}

/** The same from bytes: UTF-8, a byte order mark allowed. @throws RnnError E_ENCODING (format) too */
export function parseJsonBytes(bytes: Uint8Array, limits: JsonLimits): JsonValue {
  if (bytes.length > MAX_JSON_BYTES) {
    throw new RnnError('limit', 'E_LIMIT_TEXT', `the JSON text has ${bytes.length} bytes; the limit is ${MAX_JSON_BYTES}`, {
      fix: 'save it as .npy or .npz',
    });
  }
  return parseJson(decodeText(bytes), limits);
}

// Parsed JSON lives on V8's heap, and running out of heap cannot be caught: a number takes up to 8 bytes for 2 of text, an empty object about
// 150 for 3. So text and containers are limited, far above any table of numbers that one would store as JSON
export const MAX_JSON_BYTES = 2 ** 27;
const MAX_WEIGHT = 8_000_000;
const OBJECT_WEIGHT = 4;

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

class Parser {
  private at = 0;
  private values = 0;
  private depth = 0;
  private weight = 0;

  constructor(
    private readonly text: string,
    private readonly limits: JsonLimits,
  ) {}

  document(): JsonValue {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) throw this.error('E_JSON_SYNTAX', `text after the end of the JSON value: ${this.near()}`);
    return value;
  }

  private value(): JsonValue {
    if ((++this.values & 0xfff) === 0) checkTime(this.limits);
    this.space();
    switch (this.text.charCodeAt(this.at)) {
      case 0x7b:
        return this.nested(() => this.object(), OBJECT_WEIGHT);
      case 0x5b:
        return this.nested(() => this.array(), 1);
      case 0x22:
        return this.string();
      case 0x74:
        return this.word('true', true);
      case 0x66:
        return this.word('false', false);
      case 0x6e:
        return this.word('null', null);
    }
    return this.number();
  }

  private nested<T>(body: () => T, weight: number): T {
    this.weight += weight;
    if (this.weight > MAX_WEIGHT) {
      throw new RnnError('limit', 'E_LIMIT_NODES', `${this.place(this.at)}: more than ${MAX_WEIGHT} arrays, or a quarter as many objects`, {
        fix: 'save the numbers as .npy or .npz',
      });
    }
    const { depth } = this.limits;
    if (++this.depth > depth)
      throw overLimit('depth', depth, 'E_LIMIT_DEPTH', `${this.place(this.at)}: nested at least ${this.depth} levels deep`);
    this.at++;
    const result = body();
    this.depth--;
    return result;
  }

  private object(): JsonObject {
    const result: JsonObject = Object.create(null);
    if (this.accept('}')) return result;
    do {
      this.space();
      const start = this.at;
      if (this.text[start] !== '"') throw this.error('E_JSON_SYNTAX', `expected a key in double quotes, found ${this.near()}`);
      const key = this.string();
      if (key in result) throw this.error('E_JSON_DUPLICATE', `the key "${escapeText(key, 60)}" occurs twice in one object`, start);
      if (!this.accept(':')) throw this.error('E_JSON_SYNTAX', `expected ':' after the key "${escapeText(key, 40)}", found ${this.near()}`);
      result[key] = this.value();
    } while (this.accept(','));
    if (!this.accept('}')) throw this.error('E_JSON_SYNTAX', `expected ',' or '}', found ${this.near()}`);
    return result;
  }

  private array(): JsonValue[] {
    const result: JsonValue[] = [];
    if (this.accept(']')) return result;
    do result.push(this.value());
    while (this.accept(','));
    if (!this.accept(']')) throw this.error('E_JSON_SYNTAX', `expected ',' or ']', found ${this.near()}`);
    return result;
  }

  private string(): string {
    const start = this.at++;
    let result = '';
    let surrogates = false;
    for (let from = this.at; ; ) {
      const c = this.text.charCodeAt(this.at);
      if (c >= 0x20 && c !== 0x22 && c !== 0x5c) {
        surrogates ||= c >= 0xd800;
        this.at++;
        continue;
      }
      result += this.text.slice(from, this.at++);
      if (c === 0x22) break;
      if (Number.isNaN(c)) throw this.error('E_JSON_SYNTAX', 'the string is not closed', start);
      if (c !== 0x5c)
        throw this.error('E_JSON_SYNTAX', `a control character (${escapeText(this.text[this.at - 1])}) inside a string`, this.at - 1);
      result += this.escape();
      surrogates = true;
      from = this.at;
    }
    if (surrogates && /\p{Surrogate}/u.test(result)) throw this.error('E_JSON_SURROGATE', 'the string has half of a surrogate pair', start);
    return result;
  }

  private escape(): string {
    const character = this.text.charAt(this.at++);
    if (character === 'u') {
      const digits = this.text.slice(this.at, this.at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.error('E_JSON_SYNTAX', 'expected four hexadecimal digits after \\u', this.at);
      this.at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    if (Object.hasOwn(ESCAPES, character)) return ESCAPES[character];
    throw this.error('E_JSON_SYNTAX', `unknown escape '\\${escapeText(character)}'`, this.at - 2);
  }

  private number(): number {
    const named = this.limits.python && /^(NaN|-?Infinity)\b/.exec(this.text.slice(this.at, this.at + 10))?.[0];
    if (named) {
      this.at += named.length;
      return Number(named);
    }
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match)
      throw this.error(
        'E_JSON_SYNTAX',
        this.at < this.text.length ? `unexpected ${this.near()}` : 'the text ends where a value should begin',
      );
    const [numeral, fraction, exponent] = match;
    const start = this.at;
    this.at += numeral.length;
    if (/[\w.+-]/.test(this.text.charAt(this.at))) {
      const all = /^[\w.+-]+/.exec(this.text.slice(start, start + 40))![0];
      throw this.error('E_JSON_SYNTAX', `'${escapeText(all)}' is not a JSON number`, start);
    }
    const value = Number(numeral);
    if (!Number.isFinite(value))
      throw this.error('E_JSON_NUMBER', `${escapeText(numeral, 40)} is beyond the largest double, 1.8e308`, start);
    if (!fraction && !exponent && losesDigits(numeral, value)) {
      throw this.error('E_JSON_NUMBER', `${escapeText(numeral, 40)} would become ${BigInt(value)}: a double cannot hold it`, start);
    }
    return value;
  }

  private word<T extends JsonValue>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at) || /\w/.test(this.text.charAt(this.at + word.length))) {
      throw this.error('E_JSON_SYNTAX', `unexpected ${this.near()}`);
    }
    this.at += word.length;
    return value;
  }

  private accept(character: string): boolean {
    this.space();
    if (this.text.charAt(this.at) !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.at++;
    }
  }

  private near(): string {
    const word = /^[\w.+-]{1,20}/.exec(this.text.slice(this.at, this.at + 20))?.[0] ?? this.text.slice(this.at, this.at + 1);
    if (word === '') return 'the end of the text';
    const hint = /^-?(NaN|Infinity)$/.test(word) ? ' (write it as a string, "NaN" or "Infinity": JSON has no such number)' : '';
    return `'${escapeText(word)}'${hint}`;
  }

  private place(at: number): string {
    const before = this.text.slice(0, at);
    const lineStart = before.lastIndexOf('\n') + 1;
    let line = 1;
    for (let i = before.indexOf('\n'); i >= 0; i = before.indexOf('\n', i + 1)) line++;
    return `line ${line}, column ${at - lineStart + 1}`;
  }

  private error(code: string, message: string, at = this.at): RnnError {
    return new RnnError('format', code, `${this.place(at)}: ${message}`, { fix: code === 'E_JSON_SYNTAX' ? this.fixAt(at) : undefined });
  }

  /** Suggests a fix for common mistakes. */
  private fixAt(at: number): string | undefined {
    if (this.text[at] === "'") return 'JSON has double quotes: in Python json.dump(x.tolist(), file)';
    if (/[\]}]/.test(this.text.charAt(at)) && /,\s*$/.test(this.text.slice(Math.max(0, at - 80), at))) return 'drop the comma before it';
    if (this.text.trim() === '') return 'the file is empty: save or download it again';
    return at >= this.text.length ? 'the file looks truncated; save or download it again' : undefined;
  }
}
