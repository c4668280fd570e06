// Mutation testing of the tests: node scripts/mutate.mjs [--area shapes,conventions,readers,twins] [--file src/formats/npy.ts] [--json out.json]
//   [--sample n --seed s] a part of the mutants   [--minutes m] stop after so many, which leaves a smaller sample: they are tried in the order of their
//   draw; the next call with the same --json goes on
//   [--again] what survived in --json is tried again, after tests were added
//   [--tests formats,hostile] only with the tests of these folders: quicker, and a mutant that they kill is killed
//   [--look m] run the tests for so many minutes of the processor to see what they reach, the area's own folder first; those behind are not used
//   [--survivors] the lists of docs/survivors follow the run (mutation/survivors.mjs); a reason is kept as long as its mutant lives
// The mutants are StrykerJS' own (@stryker-mutator/instrumenter, every kind). They are run here and not by StrykerJS, because it starts jest anew
// for every mutant, 1 to 2 seconds each: here all mutants stand in one bundle, a child process is told which one is on and runs the
// tests that reach it, the quickest first, until one fails.
import { fork } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AREA_NAMES, areaOf, ROOT } from './mutation/areas.mjs';
import { bundleOf } from './mutation/bundle.mjs';
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
    look: { type: 'string', default: '9' },
    survivors: { type: 'boolean', default: false },
  },
});

/** A mutant that takes longer than this never ends; its tests took at most a few seconds without it. */
const HANG_MS = 30_000;
const until = Date.now() + Number(options.minutes) * 60_000;
const TEMPORARY = mkdtempSync(join(tmpdir(), 'rnn-cli-mutation-'));
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
      const before = processorMs(child.pid);
      const timer = setInterval(() => {
        if (--left > 0 && !(processorMs(child.pid) - before > ms)) return;
        child.kill('SIGKILL');
        done(undefined);
      }, 1000);
      child.once('message', done);
      child.once('exit', () => done(undefined));
      child.send(question);
    });
  return { ask, end: () => child.kill() };
}

async function mutateArea(name) {
  const area = areaOf(name);
  if (options.tests) area.tests = area.tests.filter(path => options.tests.split(',').some(start => path.startsWith(`__tests__/${start}`)));
  // two runs may go on at once, each with its own bundles; which tests reach what is remembered for the next
  const folder = join(TEMPORARY, name);
  const cache = join(ROOT, 'node_modules', '.cache', 'rnn-cli');
  const [coverage, remembered] = [join(folder, 'coverage.json'), join(cache, `coverage-${name}${options.tests ? '-some' : ''}.json`)];
  mkdirSync(folder, { recursive: true });
  mkdirSync(cache, { recursive: true });
  const { mutants, counting, asking } = await bundleOf(area, folder);
  if (existsSync(remembered)) copyFileSync(remembered, coverage);
  const looking = startChild();
  const around = await looking.ask(
    { look: { counting, files: area.tests, sources: area.sources, coverage, seconds: 60 * Number(options.look), mutants: mutants.length } },
    600_000 * Number(options.look),
  );
  looking.end();
  if (!around) throw new Error(`the tests of ${name} do not end`);
  copyFileSync(coverage, remembered);
  for (const line of around.failing) console.error(`not used, it fails alone or here: ${line}`);
  console.error(`${name}: ${mutants.length} mutants in ${area.sources.length} files, ${around.tests} tests reach them`);
  return tryMutants(name, chosenOf(mutants), { asking, coverage, ranges: rangesOf(mutants, area.sources) }, filesOf(mutants).length);
}

/** First and last number of the mutants of each source, and of those that import it: they use its constants. */
function rangesOf(mutants, sources) {
  const ranges = new Map();
  for (const { file, id } of mutants)
    ranges.set(file, [Math.min(id, ranges.get(file)?.[0] ?? id), Math.max(id, ranges.get(file)?.[1] ?? id)]);
  const imports = new Map(
    sources.map(file => {
      const found = readFileSync(join(ROOT, file), 'utf8').matchAll(/\b(?:from |import\()'(\.[^']*)\.js'/g);
      return [file, new Set([...found].map(([, path]) => `${posix.join(posix.dirname(file), path)}.ts`))];
    }),
  );
  // a list of sources (all.ts) has nothing to change: who imports it counts
  const usersOf = file =>
    [...imports].filter(([, names]) => names.has(file)).flatMap(([other]) => (ranges.has(other) ? [ranges.get(other)] : usersOf(other)));
  return [...ranges].map(([file, own]) => ({ own, users: usersOf(file) }));
}

async function tryMutants(name, mutants, files, ofAll) {
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
  let reached;
  for (const [i, mutant] of mutants.entries()) {
    const before = known.get(keyOf(mutant));
    if (before && !(options.again && before.status !== 'killed')) {
      add({ ...mutant, status: before.status, by: before.by });
      continue;
    }
    if (Date.now() > until) continue;
    if (!child) {
      child = startChild();
      reached = new Set((await child.ask({ open: files }, 120_000)).reached);
    }
    if (!reached.has(mutant.id)) {
      add({ ...mutant, status: 'not reached' });
      continue;
    }
    const answer = await child.ask({ mutant: mutant.id }, HANG_MS);
    if (!answer) child = undefined;
    const by = answer ? answer.by : '(it does not end)';
    add({ ...mutant, status: by ? 'killed' : 'survived', by: by ?? undefined });
    if ((i + 1) % 100 === 0) console.error(`${name}: ${i + 1} of ${mutants.length}, ${rate(report)}`);
  }
  child?.end();
  console.log(`${name}: ${rate(report)}${report.length < mutants.length ? `; ${mutants.length - report.length} not tried yet` : ''}`);
  if (options.survivors && report.length > 0) updateList(name, report, { seed: options.seed, of: ofAll, files: options.file });
  return { name, tried: report.length, of: mutants.length, mutants: report };
}

function rate(report) {
  const killed = report.filter(m => m.status === 'killed').length;
  return `${killed} of ${report.length} killed (${((100 * killed) / report.length).toFixed(1)} %)`;
}

/** The same mutant in another run: numbers move when a source is edited, its text does not. */
function keyOf({ file, line, mutator, from, to, nth }) {
  return [file, line, mutator, from, to, nth].join('|');
}

/** Every mutant, or --file's, or a seeded choice of --sample. */
function chosenOf(mutants) {
  const seen = new Map();
  const all = mutants.map(m => {
    const key = keyOf(m);
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    return { ...m, nth };
  });
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
const reports = [];
try {
  for (const name of names) reports.push(await mutateArea(name));
} finally {
  rmSync(TEMPORARY, { recursive: true, force: true });
}
if (options.json) {
  const others = existsSync(options.json) ? JSON.parse(readFileSync(options.json, 'utf8')).filter(area => !names.includes(area.name)) : [];
  writeFileSync(options.json, `${JSON.stringify([...others, ...reports], null, 1)}\n`);
}
