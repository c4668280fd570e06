// Which mutants each test reaches: recorded once for each test file, with the mutants of all areas in it, and kept while the file stays as it is.
// A source that was changed since is matched by the text of its lines.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { ROOT } from './areas.mjs';
import { CACHE, keysOf, knownOf } from './mutants.mjs';

const pathOf = file => join(CACHE, file.replace(/[/.]/g, '-'));

/**
 * @param record { text, layout: [source, digest, mutants][], tests: { index, name, ms }[], failing }
 * @param rows a bit for each mutant: what loading reaches, then what each test reaches; often: the most of each in powers of two
 */
export function writeRecord(file, record, rows, often) {
  writeFileSync(`${pathOf(file)}.bin`, Buffer.concat([often, ...rows]));
  writeFileSync(`${pathOf(file)}.json`, JSON.stringify(record));
}

/** What was seen of a test file of that text, or undefined. */
export function readRecord(file, text) {
  const path = `${pathOf(file)}.json`;
  const record = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  return record?.text === text ? record : undefined;
}

/**
 * Which tests are run for each of the chosen mutants, in which order.
 * @param users source -> sources that import it: who runs what uses its constants
 * @returns { tests: { file, index, name }[], plans: { id, often, quick, fresh }[] }: the numbers of the tests that reach the mutant, and of those
 *   that run something near it, for constants and for what is made once and kept
 */
export function planOf(chosen, sources, testFiles, users) {
  const tests = [];
  const plans = new Map(chosen.map(m => [m.id, { id: m.id, often: 0, quick: [], near: [], loading: false }]));
  const known = new Map(sources.map(source => [source.file, source]));
  const views = testFiles.map(({ file, record }) => viewOf(file, record, known));
  const rareness = rarenessOf(chosen, views);
  for (const view of views) {
    const { file, record } = view;
    const start = tests.length;
    for (const { index, name } of record.tests) tests.push({ file, index, name });
    const imported = importedBy(file);
    for (const m of chosen) addTests(plans.get(m.id), m, view, { start, users: users(m.file), isAbout: imported.has(m.file), rareness });
  }
  for (const plan of plans.values()) order(plan);
  return { tests, plans: [...plans.values()] };
}

/** So many mutants before and behind one are its neighbours. */
const NEAR = 15;

/** What stands beside a mutant and few tests reach: one divided by how many. A condition is tried by those that take the rare way behind it. */
function rarenessOf(chosen, views) {
  const reached = new Map();
  for (const { file, id } of chosen)
    for (let other = id - NEAR; other <= id + NEAR; other++) if (!reached.has(other)) reached.set(other, { id: other, file, tests: 0 });
  for (const view of views)
    for (const mutant of reached.values()) {
      const column = view.columnOf(mutant);
      if (column !== undefined)
        view.record.tests.forEach((_, i) => {
          mutant.tests += view.bit(i + 1, column);
        });
    }
  return (view, row, { file, id }) => {
    let sum = 0;
    for (let other = id - NEAR; other <= id + NEAR; other++) {
      const column = view.columnOf({ id: other, file });
      if (column !== undefined && view.bit(row, column)) sum += 1 / reached.get(other).tests;
    }
    return sum;
  };
}

function addTests(plan, mutant, view, { start, users, isAbout, rareness }) {
  const column = view.columnOf(mutant);
  const own = view.rangeOf(mutant.file);
  if (!own) return;
  // a mutant that the record does not know stands where the source was changed: whoever reaches the source may reach it
  const reaches = row => (column === undefined ? view.any(row, ...own) : view.bit(row, column));
  plan.often = Math.max(plan.often, view.oftenAt(column));
  const loading = reaches(0);
  view.record.tests.forEach(({ ms }, i) => {
    const row = i + 1;
    const isNear = view.anyOf(row, mutant.file);
    const one = { test: start + i, ms, isAbout, worth: isNear ? rareness(view, row, mutant) / (ms + OVERHEAD_MS) : 0 };
    if (reaches(row)) plan.quick.push(one);
    if (isNear || isAbout || (loading && users.some(user => view.anyOf(row, user)))) plan.near.push(one);
  });
  plan.loading ||= Boolean(loading);
}

/** What a test costs beside its own time. */
const OVERHEAD_MS = 20;

/** In turn the quickest tests and those that are worth most. */
function order(plan) {
  const quickest = list => [...list].sort((a, b) => Number(b.isAbout) - Number(a.isAbout) || a.ms - b.ms);
  const worthiest = list => [...list].sort((a, b) => b.worth - a.worth || a.ms - b.ms);
  const inTurn = (one, other) => [...new Set(one.flatMap((first, i) => [first.test, other[i].test]))];
  const { quick, near, loading } = plan;
  plan.quick = inTurn(worthiest(quick), quickest(quick));
  plan.fresh = loading || quick.length > 0 ? inTurn(worthiest(near), quickest(near)) : [];
  delete plan.near;
  delete plan.loading;
}

/** The sources that a test file imports itself. */
function importedBy(file) {
  const found = readFileSync(join(ROOT, file), 'utf8').matchAll(/\b(?:from |import\()'(\.[^']*)\.js'/g);
  return new Set([...found].map(([, path]) => `${posix.join(posix.dirname(file), path)}.ts`));
}

/** A record with its bits, asked by the mutants of today. */
function viewOf(file, record, known) {
  const ranges = new Map();
  let size = 0;
  for (const [source, digest, count] of record.layout) {
    ranges.set(source, { from: size, to: size + count, digest });
    size += count;
  }
  const width = Math.ceil(size / 8);
  const bytes = readFileSync(`${pathOf(file)}.bin`);
  const bit = (row, column) => (bytes[size + row * width + (column >> 3)] >> (column & 7)) & 1;
  const any = (row, from, to) => {
    for (let c = from; c < to; c++) if (bit(row, c)) return true;
    return false;
  };
  const reached = new Map();
  const rangeOf = source => ranges.get(source) && [ranges.get(source).from, ranges.get(source).to];
  return {
    file,
    record,
    bit,
    any,
    rangeOf,
    anyOf: (row, source) => {
      const key = `${row} ${source}`;
      if (!reached.has(key)) reached.set(key, ranges.has(source) && any(row, ...rangeOf(source)));
      return reached.get(key);
    },
    oftenAt: column => (column === undefined ? 2 ** 20 : 2 ** bytes[column]),
    columnOf: ({ id, file: source }) => {
      const range = ranges.get(source);
      const now = known.get(source);
      if (!range) return undefined;
      if (id < now.first || id >= now.first + now.mutants.length) return undefined;
      if (range.digest === now.digest) return range.from + id - now.first;
      const before = columnsByKey(range.digest).get(keysOfSource(now)[id - now.first]);
      return before === undefined ? undefined : range.from + before;
    },
  };
}

const byKey = new Map();
function columnsByKey(digest) {
  if (!byKey.has(digest)) byKey.set(digest, new Map(keysOf(knownOf(digest)?.mutants ?? []).map((key, i) => [key, i])));
  return byKey.get(digest);
}

const keys = new Map();
function keysOfSource({ digest, mutants }) {
  if (!keys.has(digest)) keys.set(digest, keysOf(mutants));
  return keys.get(digest);
}
