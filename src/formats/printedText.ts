import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { formatShape, sameShape } from '../tensor/tensor.js';
import { type Budget, checkShape, newBudget, reserve } from './bytes/budget.js';
import { newDecimals } from './bytes/decimals.js';
import { Growing } from './bytes/growing.js';
import { parseDecimal, parseSpecial } from './bytes/numberText.js';
import type { FileTensor } from './format.js';
import { checkTime, type Limits } from './limits.js';

/**
 * Reads all arrays of a text that `print` or `repr` wrote, in order, each with an optional label (`y = `).
 * @throws RnnError E_PRINTED_… (format) with line and column; E_LIMIT_… (limit)
 */
export function readPrinted(text: string, limits: Limits): { tensors: FileTensor[]; decimals: number } {
  return new Reader(text, limits).all();
}

/** A number, an array, or a list of arrays that have different shapes. */
interface Value {
  /** [] for a number */
  readonly shape: readonly number[];
  /** its numbers are [from, to) of all numbers read */
  readonly from: number;
  readonly to: number;
  readonly isBool: boolean;
  /** whether it was written as `array(…)` or `tensor(…)` */
  readonly isArray?: boolean;
  readonly several?: readonly Value[];
  /** the dtype given after the numbers, if it is one of half precision */
  readonly dtype?: 'f16' | 'bf16';
}

const NUMERAL = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const WORD = /[-+]?(?:nan|inf|NaN|Infinity|True|False)\b/y;
const LABEL = /[A-Za-z_][\w .'"-]{0,60}?(?:\[[\w:, ]*\])?\s*[:=]\s*/y;
/** the name before a bracket: `array(`, `np.float32(`, `torch.tensor(` */
const CALLEE = /(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*\(/y;
/** `dtype=torch.bfloat16`, `dtype=float16` */
const NARROW = /\bdtype\s*=\s*['"<]*(?:[a-z]+\.)?(bfloat16|float16)\b/;
const KEYWORD = /,\s*[A-Za-z_]\w*\s*=/y;
/** the text before the numbers of a tf.Tensor or tf.Variable */
const TENSORFLOW = /<tf\.[^>[]*?numpy\s*=\s*/y;
const PARAMETER = /Parameter containing:\s*/y;
const SPACE = /\s*/y;

class Reader {
  private readonly budget: Budget;
  private readonly numbers = new Growing();
  private readonly decimals = newDecimals();
  private at = 0;
  private depth = 0;
  private commas: boolean | undefined;

  constructor(
    private readonly text: string,
    private readonly limits: Limits,
  ) {
    this.budget = newBudget(limits);
  }

  all(): { tensors: FileTensor[]; decimals: number } {
    const values: Value[] = [];
    for (this.take(SPACE); this.at < this.text.length; this.take(SPACE)) {
      // `Parameter containing:` is not a label
      if (!this.starts(PARAMETER)) this.take(LABEL);
      values.push(this.value());
    }
    if (values.length === 0) throw this.unexpected('an array');
    return { tensors: values.flatMap(value => this.tensorsOf(value)), decimals: this.decimals.most ?? 0 };
  }

  private tensorsOf({ shape, from, to, isBool, several, dtype }: Value): FileTensor[] {
    if (several) return several.flatMap(part => this.tensorsOf(part));
    reserve(this.budget, checkShape(shape, this.limits), 'f64');
    return [{ shape, data: this.numbers.finish(from, to), dtype: isBool ? 'bool' : (dtype ?? 'f64') }];
  }

  private value(): Value {
    this.take(SPACE);
    const first = this.text[this.at];
    if (first === '[' || first === '(') return this.list(first === '[' ? ']' : ')');
    if (this.take(PARAMETER)) return this.value();
    if (this.take(TENSORFLOW)) return this.upTo('>', this.value());
    const callee = this.take(CALLEE);
    if (callee === 'OrderedDict(') throw stateDict(this.place());
    return callee ? this.call() : this.leaf();
  }

  private leaf(): Value {
    const from = this.numbers.length;
    if (from % 4096 === 0) checkTime(this.limits);
    const word = this.take(WORD);
    const isBool = word !== undefined && /True|False/.test(word);
    if (word) this.numbers.push(isBool ? Number(word === 'True') : parseSpecial(word.replace('+', ''))!);
    else {
      if (this.text.startsWith('...', this.at) || this.text[this.at] === '…') throw shortened(this.place());
      const numeral = this.take(NUMERAL);
      // 0.5+1j, 1e-03 *
      if (numeral === undefined || /[\w*+-]/.test(this.text[this.at] ?? '')) {
        this.at -= numeral?.length ?? 0;
        throw this.unexpected('a number');
      }
      const value = parseDecimal(numeral.replace(/^\+/, ''));
      if (typeof value === 'string') {
        throw new RnnError('format', 'E_PRINTED_NUMBER', `${this.place()}: ${escapeText(numeral, 40)} is more than a double can hold`);
      }
      this.decimals.see(numeral);
      this.numbers.push(value);
    }
    return { shape: [], from, to: from + 1, isBool };
  }

  /** Reads a list, starting at its opening bracket. */
  private list(close: string): Value {
    if (++this.depth > this.limits.rank + 2) throw this.unexpected(`at most ${this.limits.rank} brackets`);
    this.at++;
    const from = this.numbers.length;
    const items: Value[] = [];
    for (this.take(SPACE); this.text[this.at] !== close; this.separator(close)) {
      if (this.at >= this.text.length) throw this.unexpected(`'${close}'`);
      items.push(this.value());
    }
    this.at++;
    this.depth--;
    return this.stacked(items, from);
  }

  /** Reads the separator of two values. A text has commas between all values or between none; a mixture is a typing mistake. */
  private separator(close: string): void {
    this.take(SPACE);
    const isComma = this.text[this.at] === ',';
    if (!isComma && this.text[this.at] === close) return;
    this.commas ??= isComma;
    if (isComma !== this.commas) throw this.unexpected(this.commas ? "','" : 'a number');
    if (isComma) this.at++;
    this.take(SPACE);
  }

  /** Stacks items into [items, ...shape of one]; if their shapes differ, as in a list of a model's weights, they stay separate arrays. */
  private stacked(items: readonly Value[], from: number): Value {
    const to = this.numbers.length;
    const [first] = items;
    if (!first) return { shape: [0], from, to, isBool: false };
    const odd = items.find(item => item.several !== undefined || !sameShape(item.shape, first.shape));
    if (!odd)
      return {
        shape: [items.length, ...first.shape],
        from,
        to,
        isBool: items.every(item => item.isBool),
        dtype: items.find(i => i.dtype)?.dtype,
      };
    if (this.depth === 0 && items.every(item => item.isArray)) return { ...first, several: items };
    throw new RnnError('format', 'E_PRINTED_RAGGED', `${this.place()}: the values in this bracket have different shapes`, {
      expected: `${formatShape(first.shape)}, like the first`,
      found: formatShape(odd.shape),
    });
  }

  /** Reads the arguments of a call, `[…], dtype=float32)`: the first one is the value; of the others, only a half-precision dtype matters. */
  private call(): Value {
    const value = this.value();
    this.take(SPACE);
    if (this.text[this.at] !== ')' && !this.starts(KEYWORD)) throw this.unexpected("')' or a keyword such as dtype=");
    return this.upTo(')', { ...value, isArray: value.shape.length > 0 });
  }

  /** Skips `shape=(4, 2), dtype=float32, grad_fn=<AddmmBackward0>` and the closing bracket. */
  private upTo(close: string, value: Value): Value {
    const from = this.at;
    let open = 0;
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at];
      if (open === 0 && character === close) {
        const narrow = NARROW.exec(this.text.slice(from, this.at++))?.[1];
        return narrow ? { ...value, dtype: narrow === 'bfloat16' ? 'bf16' : 'f16' } : value;
      }
      if ('([<'.includes(character)) open++;
      else if (')]>'.includes(character)) open--;
    }
    throw this.unexpected(`'${close}'`);
  }

  private starts(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  /** Consumes and returns the text that matches the pattern here; undefined if it does not match. */
  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private place(): string {
    const before = this.text.slice(0, this.at).split('\n');
    return `line ${before.length}, column ${before[before.length - 1].length + 1}`;
  }

  private unexpected(expected: string): RnnError {
    const next = /^\S{1,20}/.exec(this.text.slice(this.at, this.at + 20))?.[0];
    const found = next === undefined ? 'the end of the text' : `'${escapeText(next, 40)}'`;
    const wrong = next === undefined && this.depth > 0 ? 'the text ends within an array' : `expected ${expected}, found ${found}`;
    return new RnnError('format', 'E_PRINTED_SYNTAX', `${this.place()}: ${wrong}`, {
      expected,
      found,
      fix: 'keep exactly what print(y) shows, and nothing else; or in Python: np.save("y.npy", y)',
    });
  }
}

function shortened(place: string): RnnError {
  return new RnnError('format', 'E_PRINTED_SHORT', `${place}: the array was printed shortened: "..." stands for numbers that are missing`, {
    expected: 'all numbers',
    found: '...',
    fix: 'in Python: np.save("y.npy", y), or print all: np.set_printoptions(threshold=10**9), torch.set_printoptions(profile="full")',
  });
}

function stateDict(place: string): RnnError {
  return new RnnError('format', 'E_PRINTED_DICT', `${place}: a printed state dict shows its numbers rounded`, {
    expected: 'an array, or a file of weights',
    found: 'OrderedDict(…)',
    fix: 'in Python: torch.save(model.state_dict(), "weights.pt")',
  });
}
