// Runs tests against mutants, one after another, in the process that mutate.mjs started and ends when a mutant never does.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { constants, Script } from 'node:vm';
import { ROOT } from './areas.mjs';
import { runTest, testsOf } from './jestLike.mjs';
import { writeRecord } from './reach.mjs';

/** Reached more than so many times as often as without a mutant: the loop does not end. */
const ENDLESS = 100;
/** A mutant has survived when its tests have not noticed it in so many milliseconds of the processor, and in as many once more in fresh modules. */
const PATIENCE_MS = Number(process.env.MUTATE_PATIENCE ?? 15_000);
/** The parent hears this often that tests come to an end. */
const ALIVE_MS = 2000;

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
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return () => {
    // what a test file before it may have put there
    delete globalThis.__VERSION__;
    const module = { exports: {} };
    script.runInThisContext()(module, module.exports, require, join(ROOT, 'src', 'run'), file);
    return module.exports;
  };
}

function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let lately = Date.now();
function alive() {
  if (Date.now() - lately < ALIVE_MS) return;
  lately = Date.now();
  process.send('alive');
}

/** Runs the tests of the files and records what each reaches. @returns { failing }: why some are not used */
async function lookAround({ counting, files, layout }) {
  const size = layout.reduce((sum, [, , count]) => sum + count, 0);
  const counts = new Float64Array(size);
  globalThis.__reached = counts;
  const fresh = bundle(counting);
  const failing = [];
  for (const { file, text } of files) {
    const seen = await lookAt(fresh, file, counts);
    failing.push(...seen.failing);
    writeRecord(file, { text, layout, tests: seen.tests, failing: seen.failing }, seen.rows, seen.often);
    if (process.env.MUTATE_VERBOSE) console.error(`${file}: ${seen.tests.length} tests, ${seen.failing.length} not used`);
  }
  return { failing };
}

async function lookAt(fresh, file, counts) {
  const often = Buffer.alloc(counts.length);
  /** a bit for each mutant that was reached since the last time */
  const taken = () => {
    const bits = Buffer.alloc(Math.ceil(counts.length / 8));
    counts.forEach((count, id) => {
      if (count === 0) return;
      bits[id >> 3] |= 1 << (id & 7);
      often[id] = Math.max(often[id], Math.ceil(Math.log2(count + 1)));
    });
    counts.fill(0);
    return bits;
  };
  const [tests, failing] = [[], []];
  taken();
  let found;
  try {
    found = testsOf(fresh()[file]);
  } catch (error) {
    return { tests, failing: [`${file} (loading): ${String(error?.stack).slice(0, 300)}`], rows: [taken()], often };
  }
  const rows = [taken()];
  for (const [index, test] of found.entries()) {
    alive();
    taken();
    const started = processorMs();
    try {
      await runTest(test);
    } catch (error) {
      failing.push(`${file} › ${test.name}: ${String(error?.message).slice(0, 300)}`);
      continue;
    }
    tests.push({ index, name: test.name, ms: processorMs() - started });
    rows.push(taken());
  }
  return { tests, failing, rows, often };
}

let fresh;
let tests;
const plans = new Map();
/** test files as they were loaded without a mutant */
const loaded = new Map();
/** tests that killed lately come first */
const kills = new Map();

function open({ asking, plan }) {
  fresh = bundle(asking);
  const read = JSON.parse(readFileSync(plan, 'utf8'));
  tests = read.tests;
  for (const one of read.plans) plans.set(one.id, one);
}

async function failsWith(id, test, found) {
  alive();
  globalThis.__mutant = id;
  hits = 0;
  most = ENDLESS * (plans.get(id)?.often ?? 0) + 1000;
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

/** Files that tests are made of may have been added since they were looked at. */
function isThere(test) {
  return clean(test.file)[test.index]?.name === test.name;
}

/** @returns the name of the test that noticed, '(loading)' for a file that could not be loaded, or undefined */
async function noticed(id) {
  const { quick } = plans.get(id);
  // a slow one would take the time of all the quick ones behind it
  const likely = quick
    .filter(t => kills.has(t))
    .sort((a, b) => kills.get(b) - kills.get(a))
    .slice(0, 8);
  const until = processorMs() + PATIENCE_MS;
  for (const t of new Set([...likely, ...quick])) {
    if (processorMs() > until) break;
    const test = tests[t];
    if (!isThere(test) || !(await failsWith(id, test, clean(test.file)))) continue;
    if (await failsWith(-1, test, clean(test.file))) {
      // something was left behind, of this mutant or an earlier one: judged again from a fresh load
      loaded.delete(test.file);
      if (!(await failsWith(id, test, clean(test.file)))) continue;
      loaded.delete(test.file);
      if (await failsWith(-1, test, clean(test.file))) continue;
    }
    kills.set(t, (kills.get(t) ?? 0) + 1);
    return `${test.file} › ${test.name}`;
  }
  return noticedFresh(id, until + PATIENCE_MS);
}

/** Those of the files that noticed most come first: to load a file under a mutant takes longer than most tests. */
function likelyFirst(list) {
  const byFile = new Map();
  for (const [t, count] of kills) byFile.set(tests[t].file, (byFile.get(tests[t].file) ?? 0) + count);
  const killsOf = t => byFile.get(tests[t].file) ?? 0;
  return [...list].sort((a, b) => killsOf(b) - killsOf(a));
}

/** The same with modules that were loaded under the mutant: constants, tables, what a module makes once and keeps. */
async function noticedFresh(id, until) {
  const underIt = new Map();
  for (const t of likelyFirst(plans.get(id).fresh)) {
    const test = tests[t];
    if (processorMs() > until) return undefined;
    if (!isThere(test)) continue;
    if (!underIt.has(test.file)) underIt.set(test.file, loadUnder(id, test.file));
    const found = underIt.get(test.file);
    if (!found) return `${test.file} (loading)`;
    // fewer or other tests than were declared without the mutant: jest would count them differently, a test by its number would mislead
    if (found[test.index]?.name !== test.name) return `${test.file} (other tests)`;
    if (!(await failsWith(id, test, found))) continue;
    if (await failsWith(-1, test, testsOf(fresh()[test.file]))) continue;
    kills.set(t, (kills.get(t) ?? 0) + 1);
    return `${test.file} › ${test.name}`;
  }
  return undefined;
}

function loadUnder(id, file) {
  globalThis.__mutant = id;
  hits = 0;
  most = ENDLESS * plans.get(id).often + 1000;
  try {
    return testsOf(fresh()[file]);
  } catch {
    return undefined;
  } finally {
    globalThis.__mutant = -1;
  }
}

// nobody asks any more
process.on('disconnect', () => process.exit());
process.stdout.write = () => true;
if (!process.env.MUTATE_VERBOSE) process.stderr.write = () => true;
process.on('message', async message => {
  if (message.look) process.send(await lookAround(message.look));
  else if (message.open) {
    open(message.open);
    process.send({});
  } else process.send({ by: (await noticed(message.mutant)) ?? null });
});
