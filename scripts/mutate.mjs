// Mutation testing of the tests: node scripts/mutate.mjs [--area shapes,conventions,readers,twins] [--file src/formats/npy.ts] [--json out.json]
//   [--sample n --seed s] a part of the mutants   [--minutes m] stop after so many, which leaves a smaller sample: they are tried in the order of their
//   draw; the next call with the same --json goes on
//   [--again] what survived in --json is tried again, after tests were added, whatever --sample says; what there is no time for stays as it was, and
//   mutants of lines that are gone drop out
//   [--listed] those of the list of survivors, whatever the sample: what tests written since notice is taken out with --survivors
//   [--tests formats,hostile] only with the tests of these folders: quicker, and a mutant that they kill is killed
//   [--planted scripts/mutation/planted.json] faults written by hand (mutation/planted.mjs) in place of mutants
//   [--survivors] the lists of docs/internals/survivors follow the run (mutation/survivors.mjs); a reason is kept as long as its mutant lives
// The mutants are StrykerJS' own (@stryker-mutator/instrumenter, every kind). They are run here and not by StrykerJS, because it starts jest anew
// for every mutant, 1 to 2 seconds each: here the mutants stand in one bundle, a child process is told which one is on and runs the tests that
// reach it, of the whole suite, the quickest and the closest first, until one fails. Which tests those are is recorded once for each test file
// (mutation/reach.mjs): the first run takes as long as the suite in one process, later ones look only at the test files that were changed.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AREA_NAMES, ROOT, sourcesOf, testFiles } from './mutation/areas.mjs';
import { askingBundle, countingBundle } from './mutation/bundle.mjs';
import { digestOf, mutantsOf } from './mutation/mutants.mjs';
import { plant } from './mutation/planted.mjs';
import { planOf, readRecord } from './mutation/reach.mjs';
import { reasonsOf, updateList } from './mutation/survivors.mjs';

const { values: options } = parseArgs({
  options: {
    area: { type: 'string', default: AREA_NAMES.join(',') },
    file: { type: 'string' },
    json: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    again: { type: 'boolean', default: false },
    tests: { type: 'string' },
    listed: { type: 'boolean', default: false },
    planted: { type: 'string' },
    survivors: { type: 'boolean', default: false },
  },
});

/** A test that takes longer than this under a mutant never ends; it took at most a few seconds without it. */
const HANG_MS = 30_000;
/** The slowest test while it is counted. */
const SLOWEST_MS = 300_000;
const until = Date.now() + Number(options.minutes) * 60_000;
const TEMPORARY = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'rnn-cli-mutation-'));
const CHILD = fileURLToPath(new URL('./mutation/child.mjs', import.meta.url));

/** A busy machine gives a child at least the reciprocal of this. */
const WAITING = 10;

/** What a process has taken of the processor; NaN where /proc does not tell. */
function processorMs(pid) {
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
      .slice(11, 13);
    return 10 * (Number(user) + Number(system));
  } catch {
    return Number.NaN;
  }
}

/** A child process that answers one question at a time. */
function startChild() {
  const child = fork(CHILD, [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, TMPDIR: TEMPORARY, TEMP: TEMPORARY },
    execArgv: ['--max-old-space-size=4096', '--stack-size=900'],
  });
  const ask = (question, ms) =>
    new Promise(resolve => {
      const done = answer => {
        clearInterval(timer);
        child.removeAllListeners();
        resolve(answer);
      };
      // counted in the processor's time where the system tells it, and in seconds that this process lived through: the machine may be busy, or
      // both stopped for a while
      let left = (WAITING * ms) / 1000;
      let before = processorMs(child.pid);
      const timer = setInterval(() => {
        if (--left > 0 && !(processorMs(child.pid) - before > ms)) return;
        child.kill('SIGKILL');
        done(undefined);
      }, 1000);
      child.on('message', answer => {
        if (answer !== 'alive') return done(answer);
        // a test has ended, and the next one has its own time
        left = (WAITING * ms) / 1000;
        before = processorMs(child.pid);
      });
      child.once('exit', () => done(undefined));
      child.send(question);
    });
  return { ask, end: () => child.kill() };
}

/** Every test file that may judge, with what is known of it; those that are new or were changed are run to see what they reach. */
async function recordsOf(sources) {
  const wanted = path => !options.tests || options.tests.split(',').some(start => path.startsWith(`__tests__/${start}`));
  const files = testFiles()
    .filter(wanted)
    .map(file => ({ file, text: digestOf(file) }));
  const unseen = files.filter(({ file, text }) => !readRecord(file, text));
  if (unseen.length > 0) {
    console.error(`looking at what the tests of ${unseen.length} files reach`);
    const names = unseen.map(({ file }) => file);
    const counting = await countingBundle(sources, names, join(TEMPORARY, 'counting.cjs'));
    const layout = sources.map(({ file, digest, mutants }) => [file, digest, mutants.length]);
    const looking = startChild();
    const seen = await looking.ask({ look: { counting, files: unseen, layout } }, SLOWEST_MS);
    looking.end();
    if (!seen) throw new Error('a test does not end');
    for (const line of seen.failing) console.error(`not used, it fails alone or here: ${line}`);
  }
  return files.map(({ file, text }) => ({ file, record: readRecord(file, text) }));
}

async function mutateArea(name, all, records) {
  const names = new Set(sourcesOf([name]));
  const sources = all.filter(({ file }) => names.has(file));
  const mutants = sources.flatMap(source => source.mutants);
  const isListed = reasonsOf(name);
  const known = earlier(name);
  const chosen = chosenOf(options.listed ? mutants.filter(m => isListed(m) !== undefined) : mutants, known);
  const toTry = chosen.filter(m => !known.has(keyOf(m)) || (options.again && known.get(keyOf(m)).status !== 'killed'));
  const files = await filesToAsk(name, toTry, sources, records, all);
  console.error(`${name}: ${mutants.length} mutants in ${sources.length} files, ${toTry.length} to try`);
  return tryMutants(name, chosen, files, filesOf(mutants).length);
}

/** Faults written by hand, of any area. */
async function tryPlanted(all, records) {
  const { sources, mutants } = plant(options.planted, all);
  const files = await filesToAsk('planted', mutants, sources, records, all);
  return tryMutants('planted', mutants, files, mutants.length);
}

/** What a child process needs to judge mutants: the bundle that asks for them, the plan of the tests, and which of them any test reaches. */
async function filesToAsk(name, toTry, sources, records, all) {
  const { tests, plans } = planOf(toTry, sources, records, usersIn(all));
  const folder = join(TEMPORARY, name);
  mkdirSync(folder, { recursive: true });
  const needed = [...new Set(plans.flatMap(p => [...p.quick, ...p.fresh]).map(t => tests[t].file))];
  const asking = await askingBundle(sources, new Set(toTry.map(m => m.id)), needed, join(folder, 'asking.cjs'));
  const plan = join(folder, 'plan.json');
  writeFileSync(plan, JSON.stringify({ tests, plans }));
  const reached = new Set(plans.filter(p => p.quick.length > 0 || p.fresh.length > 0).map(p => p.id));
  return { asking, plan, reached };
}

/** The sources that import a source: they use its constants. A list of sources (all.ts) has nothing to change: who imports it counts. */
function usersIn(sources) {
  const hasMutants = new Map(sources.map(({ file, mutants }) => [file, mutants.length > 0]));
  const importers = new Map();
  for (const { file } of sources)
    for (const [, path] of readFileSync(join(ROOT, file), 'utf8').matchAll(/\b(?:from |import\()'(\.[^']*)\.js'/g)) {
      const name = `${posix.join(posix.dirname(file), path)}.ts`;
      importers.set(name, [...(importers.get(name) ?? []), file]);
    }
  const usersOf = (file, seen = new Set()) =>
    (importers.get(file) ?? []).flatMap(other => {
      if (seen.has(other)) return [];
      seen.add(other);
      return hasMutants.get(other) ? [other] : usersOf(other, seen);
    });
  return usersOf;
}

async function tryMutants(name, mutants, { asking, plan, reached }, ofAll) {
  const known = earlier(name);
  const reasonOf = reasonsOf(name);
  const report = [];
  const add = m => {
    report.push(m);
    if (m.status === 'killed') return;
    console.log(`  ${m.status}  ${m.file}:${m.line}  ${m.from.slice(0, 90)}  →  ${m.to.slice(0, 60)}`);
    if (reasonOf(m)) console.log(`      ${reasonOf(m)}`);
  };
  let child;
  for (const [i, mutant] of mutants.entries()) {
    const before = known.get(keyOf(mutant));
    const isOver = Date.now() > until;
    if (before && (isOver || !options.again || before.status === 'killed')) {
      add({ ...mutant, status: before.status, by: before.by });
      continue;
    }
    if (isOver) continue;
    if (!reached.has(mutant.id)) {
      add({ ...mutant, status: 'not reached' });
      continue;
    }
    if (!child) {
      child = startChild();
      await child.ask({ open: { asking, plan } }, SLOWEST_MS);
    }
    const answer = await child.ask({ mutant: mutant.id }, HANG_MS);
    if (!answer) child = undefined;
    const by = answer ? answer.by : '(it does not end)';
    add({ ...mutant, status: by ? 'killed' : 'survived', by: by ?? undefined });
    if ((i + 1) % 10 === 0) {
      console.error(`${name}: ${i + 1} of ${mutants.length}, ${rate(report)}`);
      save({ name, tried: report.length, of: mutants.length, mutants: [...report, ...untried(mutants.slice(i + 1), known)] });
    }
  }
  child?.end();
  console.log(`${name}: ${rate(report)}${report.length < mutants.length ? `; ${mutants.length - report.length} not tried yet` : ''}`);
  if (options.survivors && report.length > 0)
    updateList(name, report, options.listed ? undefined : { seed: options.seed, of: ofAll, files: options.file, again: options.again });
  return { name, tried: report.length, of: mutants.length, mutants: report };
}

/** What an earlier run knows of those whose turn comes. */
function untried(mutants, known) {
  return mutants.filter(m => known.has(keyOf(m))).map(m => ({ ...m, status: known.get(keyOf(m)).status, by: known.get(keyOf(m)).by }));
}

/** Puts an area into --json. A run that is ended before its time goes on from there. */
function save(report) {
  if (!options.json) return;
  const others = existsSync(options.json) ? JSON.parse(readFileSync(options.json, 'utf8')).filter(area => area.name !== report.name) : [];
  writeFileSync(options.json, `${JSON.stringify([...others, report], null, 1)}\n`);
}

function rate(report) {
  const killed = report.filter(m => m.status === 'killed').length;
  return `${killed} of ${report.length} killed (${((100 * killed) / report.length).toFixed(1)} %)`;
}

/** The same mutant in another run: numbers and lines move when a source is edited, its text does not. */
function keyOf({ file, source, mutator, from, to, nth }) {
  return [file, source, mutator, from, to, nth].join('|');
}

/** Every mutant, or --file's, or a seeded choice of --sample, or those of an earlier run. */
function chosenOf(mutants, known) {
  const seen = new Map();
  const all = mutants.map(m => {
    const key = keyOf(m);
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    return { ...m, nth };
  });
  if (options.again) return all.filter(m => known.has(keyOf(m)));
  const list = filesOf(all);
  const count = Number(options.sample ?? list.length);
  let state = Number(options.seed) >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return list
    .map(mutant => [random(), mutant])
    .sort(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, mutant]) => mutant);
}

/** Those of --file. */
function filesOf(mutants) {
  return options.file ? mutants.filter(m => options.file.split(',').some(file => m.file.startsWith(file))) : mutants;
}

function earlier(name) {
  const report = options.json && existsSync(options.json) ? JSON.parse(readFileSync(options.json, 'utf8')) : [];
  return new Map(report.filter(area => area.name === name).flatMap(area => area.mutants.map(m => [keyOf(m), m])));
}

const names = options.area.split(',');
try {
  const all = await mutantsOf(sourcesOf(AREA_NAMES));
  const records = await recordsOf(all);
  if (options.planted) await tryPlanted(all, records);
  else for (const name of names) save(await mutateArea(name, all, records));
} finally {
  rmSync(TEMPORARY, { recursive: true, force: true });
}
