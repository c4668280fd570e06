import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';

/**
 * What the code said when somebody last read it: every error whole, of everything accepted the digest. Other tests say what is right; these
 * notice that something has changed which no one thought of. After a change on purpose: APPROVE=1 npx jest __tests__/approved, then read the
 * difference.
 */
export type Case = readonly [label: string, body: () => unknown];
/** answer -> the labels of the cases that gave it */
type Answers = Record<string, string>;

/** One test per group. The table stands in approved/<name>.json. */
export function approve(name: string, groups: readonly (readonly [group: string, cases: () => readonly Case[]])[]): void {
  const path = join(__dirname, '..', 'approved', `${name}.json`);
  const table: Record<string, Answers> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const said: Record<string, Answers> = {};

  it.each(groups.map(([group, cases]) => [group, cases] as const))('%s', async (group, cases) => {
    const labels: Record<string, string[]> = {};
    for (const [label, body] of cases()) {
      const answer = await answerOf(body);
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
export async function answerOf(body: () => unknown): Promise<string> {
  try {
    return `ok ${digestOf(await body())}`;
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return errorLine(error);
  }
}

export function errorLine({ exit, code, where, message, expected, found, fix, layer, more }: RnnError): string {
  const parts = Object.entries({ expected, found, fix, layer, more }).filter(([, text]) => text !== undefined);
  return [`${exit} ${code}`, where ? `${where}: ${message}` : message, ...parts.map(([name, text]) => `${name}: ${text}`)].join(' | ');
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
