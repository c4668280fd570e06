// The mutants of each source, as StrykerJS' instrumenter makes them. What is known of a source is kept in node_modules/.cache while its text stays.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { ROOT } from './areas.mjs';

const SILENT = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
export const CACHE = join(ROOT, 'node_modules', '.cache', 'rnn-cli', 'mutation');

/** Each source with its mutants, whose numbers go on from source to source: { file, digest, first, content, mutants }. */
export async function mutantsOf(files) {
  mkdirSync(CACHE, { recursive: true });
  const sources = [];
  let first = 0;
  for (const file of files) {
    const digest = digestOf(file);
    const { content, mutants } = knownOf(digest) ?? (await make(file, digest));
    const own = mutants.map((m, i) => ({ ...m, file, id: first + i }));
    sources.push({ file, digest, first, content, mutants: own });
    first += own.length;
  }
  return sources;
}

export function digestOf(file) {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, file)))
    .digest('hex')
    .slice(0, 32);
}

/** What was made of a source of that text, or undefined. */
export function knownOf(digest) {
  const path = join(CACHE, `${digest}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** The same mutant of another text of its source: numbers and lines move, the text of the line does not. */
export function keysOf(mutants) {
  const seen = new Map();
  return mutants.map(({ source, mutator, from, to }) => {
    const key = [source, mutator, from, to].join('\n');
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return `${key}\n${seen.get(key)}`;
  });
}

async function make(file, digest) {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const lines = text.split('\n');
  const options = { plugins: null, excludedMutations: [], ignorers: [] };
  const result = await new Instrumenter(SILENT).instrument([{ name: join(ROOT, file), mutate: true, content: text }], options);
  const mutants = result.mutants
    .sort((a, b) => Number(a.id) - Number(b.id))
    .map(({ location, mutatorName, replacement }) => ({
      line: location.start.line + 1,
      source: lines[location.start.line].trim(),
      mutator: mutatorName,
      from: textAt(lines, location),
      to: replacement.replace(/\s+/g, ' '),
    }));
  const made = { content: result.files[0].content, mutants };
  writeFileSync(join(CACHE, `${digest}.json`), JSON.stringify(made));
  return made;
}

function textAt(lines, { start, end }) {
  const rows = lines.slice(start.line, end.line + 1);
  rows[rows.length - 1] = rows[rows.length - 1].slice(0, end.column);
  rows[0] = rows[0].slice(start.column);
  return rows.join(' ').replace(/\s+/g, ' ');
}
