import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';

/**
 * What the code said when somebody last read it: every error whole; of what was accepted the values that are other than those of the first
 * case of the group, and of that case, or where nearly all is another, a line for each layer and tensor. Other tests say what is right;
 * these notice that something has changed which no one thought of. After a change on purpose: APPROVE=1 npx jest __tests__/approved, then
 * read the difference.
 */
export type Case = readonly [label: string, body: () => unknown];
/** answer -> the labels of the cases that gave it */
type Answers = Record<string, string>;
/** path -> value, of everything in a result */
type Flat = ReadonlyMap<string, string>;

/** One test per group. The table stands in approved/<name>.json. */
export function approve(name: string, groups: readonly (readonly [group: string, cases: () => readonly Case[]])[]): void {
  const path = join(__dirname, '..', 'approved', `${name}.json`);
  const table: Record<string, Answers> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const said: Record<string, Answers> = {};

  it.each(groups.map(([group, cases]) => [group, cases] as const))('%s', async (group, cases) => {
    const labels: Record<string, string[]> = {};
    let first: Flat | undefined;
    for (const [label, body] of cases()) {
      const answer = await answerOf(body, value => {
        const flat = flatten(value);
        const words = first ? differences(first, flat) : undefined;
        first ??= flat;
        return words ?? overview(flat);
      });
      labels[answer] ??= [];
      labels[answer].push(label);
    }
    const answers: Answers = Object.fromEntries(Object.entries(labels).map(([answer, all]) => [answer, all.join(' · ')]));
    expect(Object.keys(answers).length).toBeGreaterThan(1);
    said[group] = answers;
    if (process.env.APPROVE) {
      if (Object.keys(said).length === groups.length) writeFileSync(path, `${JSON.stringify(said, null, 1)}\n`);
    } else expect(answers).toEqual(table[group]);
  });
}

/** An error in one line; what is no RnnError is a bug and thrown on. */
async function answerOf(body: () => unknown, describe: (value: unknown) => string): Promise<string> {
  try {
    return `ok ${describe(await body())}`;
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return errorLine(error);
  }
}

const SHOWN = 8;
const MOST_DIFFERENT = 24;

/** 'as the first', or what is other; undefined where that is most of it. */
function differences(first: Flat, flat: Flat): string | undefined {
  const paths = [...new Set([...first.keys(), ...flat.keys()])].filter(path => first.get(path) !== flat.get(path));
  if (paths.length === 0) return 'as the first';
  if (paths.length > MOST_DIFFERENT) return undefined;
  const words = paths.map(path => `${path} ${first.get(path) ?? '–'} → ${flat.get(path) ?? '–'}`);
  const rest = words.length > SHOWN ? `; … ${words.length} places, ${sum(words.join())}` : '';
  return `but ${words.slice(0, SHOWN).join('; ')}${rest}`;
}

/** Places whose values are those of most layers say nothing. */
const USUAL = new Set(['null', 'false', 'none', '', 'linear', 'undefined']);
const MOST_TEXT = 500;

/** Everything that is not usual, by the place it stands in, and how much there is. */
function overview(flat: Flat): string {
  const parts = new Map<string, string[]>();
  for (const [path, value] of flat) {
    if (USUAL.has(value)) continue;
    const at = path.lastIndexOf('.');
    const [place, key] = [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
    parts.set(place, [...(parts.get(place) ?? []), /^\d+$/.test(key) ? value : `${key}=${value}`]);
  }
  const text = [...parts].map(([place, values]) => `${place}: ${values.join(' ')}`).join(' | ');
  return `${flat.size} values, ${sum(text)}: ${text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} …` : text}`;
}

/** Of a text that is too long to be shown whole. */
function sum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 6);
}

function flatten(value: unknown): Flat {
  const flat = new Map<string, string>();
  const visit = (at: string, v: unknown): void => {
    const below = (key: unknown) => (at === '' ? String(key) : `${at}.${String(key)}`);
    if (ArrayBuffer.isView(v)) flat.set(at, numbersText(v as unknown as ArrayLike<number>));
    else if (v instanceof Map) for (const [key, item] of v) visit(below(key), item);
    else if (v instanceof Set) flat.set(at, [...v].join(' '));
    else if (Array.isArray(v) && v.every(item => typeof item !== 'object' || item === null)) flat.set(at, `[${v.join(', ')}]`);
    else if (typeof v === 'object' && v !== null)
      for (const key of Object.keys(v).sort()) visit(below(key), (v as Record<string, unknown>)[key]);
    else flat.set(at, typeof v === 'function' ? 'f' : Object.is(v, -0) ? '-0' : String(v));
  };
  visit('', value);
  return flat;
}

/** Weighted by their places, so that numbers that change places are others. */
function numbersText(all: ArrayLike<number>): string {
  let total = 0;
  for (let i = 0; i < all.length; i++) total += Number(all[i]) * (1 + (i % 97));
  return `${all.length} numbers Σ${Number(total.toPrecision(9))}`;
}

export function errorLine({ exit, code, where, message, expected, found, fix, layer, more }: RnnError): string {
  const parts = Object.entries({ expected, found, fix, layer, more }).filter(([, text]) => text !== undefined);
  return [`${exit} ${code}`, where ? `${where}: ${message}` : message, ...parts.map(([name, text]) => `${name}: ${shortened(text!)}`)].join(
    ' | ',
  );
}

/** Of a list of all there is, which grows, the ends. */
function shortened(text: string): string {
  const names = text.split(', ');
  return names.length > 12 ? `${names.slice(0, 2).join(', ')}, …, ${names[names.length - 1]}` : text;
}

/** The same for the same content, in whatever order keys were written. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 12);
}

function canonical(value: unknown): string {
  if (value instanceof Map) return `Map${canonical([...value])}`;
  if (value instanceof Set) return `Set${canonical([...value])}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}[${Array.from(value as unknown as ArrayLike<number>).join()}]`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).sort();
    return `{${keys.map(key => `${key}:${canonical((value as Record<string, unknown>)[key])}`).join()}}`;
  }
  return typeof value === 'function' ? 'f' : `${typeof value}:${Object.is(value, -0) ? '-0' : String(value)}`;
}

/** Every place of a JSON document once (list items with the same keys count as one), gone or replaced by something that does not belong there. */
export function bentJson(document: unknown, others: readonly unknown[] = [null, -1, 'zzz', [], {}]): [label: string, json: unknown][] {
  const bent: [string, unknown][] = [];
  const seen = new Set<string>();
  const visit = (at: readonly (string | number)[], value: unknown) => {
    if (at.length > 0) {
      const pattern = at.map(key => (typeof key === 'number' && key > 0 ? '#' : key)).join('.');
      if (seen.has(pattern)) return;
      seen.add(pattern);
      bent.push([`${at.join('.')} gone`, changed(document, at, undefined)]);
      // not all at every place: which ones depends on the place
      const first = [...pattern].reduce((sum, c) => sum + c.charCodeAt(0), 0);
      for (const k of [0, 1]) {
        const other = others[(first + k) % others.length];
        bent.push([`${at.join('.')} is ${JSON.stringify(other)}`, changed(document, at, other)]);
      }
    }
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value))
      value.slice(0, 3).forEach((item, i) => {
        visit([...at, i], item);
      });
    else for (const [key, item] of Object.entries(value)) visit([...at, key], item);
  };
  visit([], document);
  return bent;
}

function changed(document: unknown, at: readonly (string | number)[], to: unknown): unknown {
  const copy = structuredClone(document) as Record<string | number, unknown>;
  let place = copy;
  for (const key of at.slice(0, -1)) place = place[key] as Record<string | number, unknown>;
  const last = at[at.length - 1];
  if (to !== undefined) place[last] = structuredClone(to);
  else if (Array.isArray(place)) place.splice(Number(last), 1);
  else delete place[last];
  return copy;
}
