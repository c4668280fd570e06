import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';

/** The three keys of an .npy header. Dimensions are whole and not negative, otherwise unchecked. */
export interface NumpyHeader {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly bigint[];
}

// A dimension with more digits is over any limit; this keeps BigInt() from spending long on a header full of nines.
const MAX_DIGITS = 24;

/**
 * Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, a Python literal, which is never evaluated. Accepts whatever NumPy has
 * ever written (either quote, any key order, the `L` of Python 2) and nothing else.
 * @param offset of the text in the file
 * @throws RnnError E_NPY_HEADER, E_NPY_DTYPE (format)
 */
export function parseNumpyHeader(text: string, offset: number): NumpyHeader {
  const cursor = new Cursor(text, offset);
  const found = new Map<string, unknown>();
  cursor.expect('{', "the header must be a dictionary, '{'");
  while (!cursor.accept('}')) {
    const key = cursor.string('a key');
    if (found.has(key)) throw cursor.error(`the key '${escapeText(key, 40)}' occurs twice`);
    cursor.expect(':', "':' after the key");
    if (key === 'descr') found.set(key, cursor.descr());
    else if (key === 'fortran_order') found.set(key, cursor.bool());
    else if (key === 'shape') found.set(key, cursor.shape());
    else throw cursor.error(`unknown key '${escapeText(key, 40)}'`);
    if (!cursor.accept(',')) {
      cursor.expect('}', "',' or '}'");
      break;
    }
  }
  cursor.end();
  for (const key of ['descr', 'fortran_order', 'shape']) {
    if (!found.has(key)) throw new RnnError('format', 'E_NPY_HEADER', `offset ${offset}: the header has no '${key}'`, { where: key });
  }
  return {
    descr: found.get('descr') as string,
    fortranOrder: found.get('fortran_order') as boolean,
    shape: found.get('shape') as bigint[],
  };
}

class Cursor {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly offset: number,
  ) {}

  error(message: string, code = 'E_NPY_HEADER'): RnnError {
    return new RnnError('format', code, `offset ${this.offset + this.at}: ${message}`, {
      found: escapeText(this.text.slice(this.at, this.at + 30), 40),
    });
  }

  accept(character: string): boolean {
    while (' \t\n\r\f'.includes(this.text.charAt(this.at)) && this.at < this.text.length) this.at++;
    if (this.text.charAt(this.at) !== character) return false;
    this.at++;
    return true;
  }

  expect(character: string, what: string): void {
    if (!this.accept(character)) throw this.error(`expected ${what}, found '${escapeText(this.text.slice(this.at, this.at + 12))}'`);
  }

  string(what: string): string {
    const quote = this.accept("'") ? "'" : this.accept('"') ? '"' : undefined;
    const end = quote ? this.text.indexOf(quote, this.at) : -1;
    if (end < 0) throw this.error(`expected ${what} in quotes, found '${escapeText(this.text.slice(this.at, this.at + 12))}'`);
    const value = this.text.slice(this.at, end);
    if (value.includes('\\')) throw this.error(`${what} has an escape sequence, which NumPy does not write`);
    this.at = end + 1;
    return value;
  }

  descr(): string {
    if (this.accept('[')) throw this.error('descr is a list: a structured array, not an array of numbers', 'E_NPY_DTYPE');
    return this.string('the dtype');
  }

  bool(): boolean {
    this.accept('');
    const word = /^(True|False)\b/.exec(this.text.slice(this.at, this.at + 6))?.[1];
    if (!word) throw this.error('fortran_order must be True or False');
    this.at += word.length;
    return word === 'True';
  }

  shape(): bigint[] {
    this.expect('(', 'a tuple as shape');
    const dimensions: bigint[] = [];
    let comma = true;
    while (!this.accept(')')) {
      if (!comma) throw this.error("expected ',' or ')' in the shape");
      dimensions.push(this.dimension());
      comma = this.accept(',');
    }
    if (dimensions.length === 1 && !comma)
      throw this.error('the shape is a number in parentheses, not a tuple: a tuple of one ends with a comma');
    return dimensions;
  }

  dimension(): bigint {
    this.accept('');
    const digits = /^-?\d+/.exec(this.text.slice(this.at, this.at + MAX_DIGITS + 2))?.[0] ?? '';
    const next = this.text.charAt(this.at + digits.length);
    if (digits === '' || /[\w.]/.test(next === 'L' ? this.text.charAt(this.at + digits.length + 1) : next)) {
      throw this.error(digits.length > MAX_DIGITS ? 'a dimension of more digits than any array has' : 'a dimension must be a whole number');
    }
    if (digits.startsWith('-')) throw this.error(`the dimension ${digits} is negative`);
    this.at += digits.length + (next === 'L' ? 1 : 0);
    return BigInt(digits);
  }

  end(): void {
    this.accept('');
    if (this.at < this.text.length) throw this.error('text after the header dictionary');
  }
}
