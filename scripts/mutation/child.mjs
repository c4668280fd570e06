// Runs tests against mutants, one after another, in the process that mutate.mjs started and ends when a mutant never does.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { ROOT } from './areas.mjs';
import { runTest, testsOf } from './jestLike.mjs';

/** Reached more than so many times as often as without a mutant: the loop does not end. */
const ENDLESS = 100;
/** A mutant has survived when tests of so many milliseconds, the quickest first, have not noticed it. */
const PATIENCE_MS = Number(process.env.MUTATE_PATIENCE ?? 4000);
/** The same for constants and tables, whose users are not known by name. */
const PATIENCE_LOADING_MS = 2 * PATIENCE_MS;

const require = createRequire(join(ROOT, 'package.json'));
process.chdir(ROOT);
process.on('unhandledRejection', () => undefined);
process.on('uncaughtException', () => undefined);

let hits = 0;
let most = 0;
globalThis.__mutant = -1;
globalThis.__hit = () => {
  if (++hits > most) throw new Error('endless');
  return true;
};

/** A bundle, its modules not yet run: every call gives fresh ones. */
function bundle(file) {
  const script = new Script(`(function (module, exports, require, __dirname, __filename) {${readFileSync(file, 'utf8')}\n})`, {
    filename: file,
  });
  return () => {
    const module = { exports: {} };
    script.runInThisContext()(module, module.exports, require, join(ROOT, 'src', 'run'), file);
    return module.exports;
  };
}

/**
 * Which mutants each test reaches, and which are reached when its file is loaded. What is known of a test file is kept while it and the area's sources
 * stay as they are. @returns { tests, failing }: how many, and why others are not used
 */
async function lookAround({ counting, files, sources, coverage, seconds, mutants }) {
  // of the processor: the machine may be busy
  const spent = () => process.cpuUsage().user / 1e6;
  const digest = digestOf(sources);
  const before = existsSync(coverage) ? JSON.parse(readFileSync(coverage, 'utf8')) : undefined;
  const known = before?.digest === digest ? before.looked : {};
  const counts = new Float64Array(mutants);
  globalThis.__reached = counts;
  /** [mutant, how often] since the last time */
  const taken = () => {
    const reached = Array.from(counts, (count, id) => [id, count]).filter(([, count]) => count > 0);
    counts.fill(0);
    return reached;
  };
  const fresh = bundle(counting);
  const lookAt = async (file, text) => {
    taken();
    const found = testsOf(fresh()[file]);
    const loading = taken();
    const [tests, failing] = [[], []];
    for (const [index, test] of found.entries()) {
      taken();
      const started = process.cpuUsage();
      try {
        await runTest(test);
      } catch (error) {
        failing.push(`${file} › ${test.name}: ${String(error.message).slice(0, 300)}`);
        continue;
      }
      const { user, system } = process.cpuUsage(started);
      const ms = (user + system) / 1000;
      const reached = taken();
      if (reached.length > 0 || loading.length > 0)
        tests.push({ file, index, name: test.name, ms, reached, loading: index === 0 ? loading : [] });
    }
    if (process.env.MUTATE_VERBOSE) process.stderr.write(`${file}: ${found.length} tests\n`);
    return { text, tests, failing };
  };
  const looked = {};
  const failing = [];
  for (const file of files) {
    const text = digestOf([file]);
    if (known[file]?.text === text) looked[file] = known[file];
    else if (spent() < seconds) looked[file] = await lookAt(file, text);
    else failing.push(`${file}: no time`);
  }
  const all = Object.values(looked);
  const tests = all.flatMap(one => one.tests);
  writeFileSync(coverage, JSON.stringify({ digest, looked }));
  return { tests: tests.length, failing: [...failing, ...all.flatMap(one => one.failing)] };
}

function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(ROOT, file)));
  return hash.digest('hex');
}

let fresh;
let tests;
/** numbers of the mutants of each source, first and last: its own, and those of the sources that import it */
let sources;
/** mutant -> tests that reach it; mutant -> files that reach it while they are loaded; mutant -> how often at most */
const reachedBy = new Map();
const loadedBy = new Map();
const often = new Map();
/** test files as they were loaded without a mutant */
const loaded = new Map();
/** tests that killed lately come first */
const kills = new Map();

function open({ asking, coverage, ranges }) {
  sources = ranges;
  fresh = bundle(asking);
  tests = Object.values(JSON.parse(readFileSync(coverage, 'utf8')).looked).flatMap(one => one.tests);
  const push = (map, key, value) => map.get(key)?.push(value) ?? map.set(key, [value]);
  for (const test of tests) {
    for (const [id, count] of test.reached) {
      push(reachedBy, id, test);
      often.set(id, Math.max(often.get(id) ?? 0, count));
    }
    for (const [id, count] of test.loading) {
      push(loadedBy, id, test.file);
      often.set(id, Math.max(often.get(id) ?? 0, count));
    }
  }
}

async function failsWith(id, test, found) {
  globalThis.__mutant = id;
  hits = 0;
  most = ENDLESS * (often.get(id) ?? 0) + 1000;
  try {
    await runTest(found[test.index]);
    return false;
  } catch {
    return true;
  } finally {
    globalThis.__mutant = -1;
  }
}

function clean(file) {
  if (!loaded.has(file)) loaded.set(file, testsOf(fresh()[file]));
  return loaded.get(file);
}

/** @returns the name of the test that noticed, '(loading)' for a file that could not be loaded, or undefined */
async function noticed(id) {
  const order = (a, b) => (kills.get(b.name) ?? 0) - (kills.get(a.name) ?? 0) || a.ms - b.ms;
  const covering = [...(reachedBy.get(id) ?? [])].sort((a, b) => a.ms - b.ms);
  // a slow one would take the time of all the quick ones behind it
  const likely = covering
    .filter(test => kills.has(test.name) && test.ms < 100)
    .sort(order)
    .slice(0, 8);
  let spent = 0;
  for (const test of new Set([...likely, ...covering])) {
    if (spent > PATIENCE_MS) break;
    spent += test.ms;
    if (!(await failsWith(id, test, clean(test.file)))) continue;
    if (await failsWith(-1, test, clean(test.file))) {
      // something was left behind, of this mutant or an earlier one: judged again from a fresh load
      loaded.delete(test.file);
      if (!(await failsWith(id, test, clean(test.file)))) continue;
      loaded.delete(test.file);
    }
    kills.set(test.name, (kills.get(test.name) ?? 0) + 1);
    return `${test.file} › ${test.name}`;
  }
  return loadedBy.has(id) ? noticedFromLoading(id) : undefined;
}

/** The same with modules that were loaded under the mutant: constants, tables, what a module remembers. */
async function noticedFromLoading(id) {
  // of all tests those that run something of the same source, or of one that imports it; those first that run what stands next to it: an entry of a
  // table is read when the file is loaded, and what it holds is run by the tests that use it
  const { own: itself, users } = sources.find(({ own: [from, to] }) => from <= id && id <= to);
  const isNear = other => [itself, ...users].some(([from, to]) => from <= other && other <= to);
  const away = test => test.reached.reduce((least, [other]) => (isNear(other) ? Math.min(least, Math.abs(other - id)) : least), Infinity);
  const all = loadedBy
    .get(id)
    .map(file => {
      const near = tests.filter(test => test.file === file).map(test => ({ test, by: away(test) }));
      const sorted = near.filter(({ by }) => by < Infinity).sort((a, b) => a.by - b.by || a.test.ms - b.test.ms);
      return { file, tests: sorted.map(({ test }) => test), by: sorted[0]?.by ?? Infinity };
    })
    .sort((a, b) => a.by - b.by);
  let spent = 0;
  for (const { file, tests: own } of all) {
    let found;
    globalThis.__mutant = id;
    hits = 0;
    most = ENDLESS * (often.get(id) ?? 0) + 1000;
    try {
      found = testsOf(fresh()[file]);
    } catch {
      return `${file} (loading)`;
    } finally {
      globalThis.__mutant = -1;
    }
    for (const test of own) {
      if (spent > PATIENCE_LOADING_MS) return undefined;
      spent += test.ms;
      // fewer or other tests than were declared without the mutant: jest would count them differently, a test by its number would mislead
      if (found[test.index]?.name !== test.name) return `${file} (other tests)`;
      if (await failsWith(id, test, found)) return `${file} › ${test.name}`;
    }
  }
  return undefined;
}

// nobody asks any more
process.on('disconnect', () => process.exit());
process.stdout.write = () => true;
if (!process.env.MUTATE_VERBOSE) process.stderr.write = () => true;
process.on('message', async message => {
  if (message.look) process.send(await lookAround(message.look));
  else if (message.open) {
    open(message.open);
    process.send({ reached: [...new Set([...reachedBy.keys(), ...loadedBy.keys()])] });
  } else process.send({ by: (await noticed(message.mutant)) ?? null });
});
