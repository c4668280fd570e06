// Mutation testing of the tests: node scripts/mutate.mjs [--area shapes,conventions,readers,engines] [--sample 100] [--seed 1] [--json out.json]
// Operators, constants, conditions and negations of the sources are changed one at a time; a change that no test of the area notices is a
// survivor. StrykerJS is not used: its sandbox copies the whole reference data for every worker, and its jest runner starts jest anew.
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const { runCLI } = require('@jest/core');
const { mutantsOf } = require('./mutateTransform.cjs');

/** Sources, and the tests that must notice, quickest first. */
const AREAS = {
  shapes: {
    files: [
      'src/model/shapes.ts',
      'src/model/counts.ts',
      'src/model/sequences.ts',
      'src/model/dimensions.ts',
      'src/layers/dims.ts',
      'src/layers/pooling.ts',
      'src/layers/dense.ts',
      'src/layers/flatten.ts',
      'src/layers/repeat.ts',
      'src/cells/weightShapes.ts',
    ],
    tests: [
      '__tests__/model',
      '__tests__/layers',
      '__tests__/run/notebook.test.ts',
      '__tests__/report/summary.test.ts',
      '__tests__/engines/keras.test.ts',
    ],
  },
  conventions: {
    files: [
      'src/conventions/keras.ts',
      'src/conventions/torch.ts',
      'src/conventions/native.ts',
      'src/conventions/groups.ts',
      'src/conventions/gateOrder.ts',
      'src/conventions/modules.ts',
    ],
    tests: ['__tests__/conventions', '__tests__/engines/keras.test.ts', '__tests__/engines/torch.test.ts', '__tests__/run/network.test.ts'],
  },
  readers: {
    files: [
      'src/formats/npy.ts',
      'src/formats/bytes/numpyHeader.ts',
      'src/formats/bytes/budget.ts',
      'src/formats/bytes/reader.ts',
      'src/formats/npz.ts',
      'src/formats/bytes/zip.ts',
      'src/formats/bytes/zipEnd.ts',
      'src/formats/safetensors.ts',
      'src/formats/bytes/jsonText.ts',
      'src/formats/pt.ts',
      'src/formats/bytes/pickle.ts',
      'src/formats/csv.ts',
    ],
    tests: ['__tests__/hostile/readers.test.ts', '__tests__/formats'],
  },
  engines: {
    files: ['src/engines/batched/matmul.ts', 'src/engines/batched/recurrence.ts', 'src/engines/manual.ts'],
    tests: ['__tests__/engines/keras.test.ts', '__tests__/engines/torch.test.ts', '__tests__/engines/differential.test.ts'],
  },
};

const { values: options } = parseArgs({
  options: {
    area: { type: 'string', default: Object.keys(AREAS).join(',') },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});

// a mutant may never end, so tests run in a child that is ended in its place
const HANG_MS = 120_000;
let child;

if (process.send)
  process.on('message', ({ files, tests, mutant }) => failingHere(files, tests, mutant).then(failed => process.send(failed)));
else await mutateAreas();

async function mutateAreas() {
  const reports = [];
  for (const name of options.area.split(',')) reports.push(await mutateArea(name, AREAS[name]));
  if (options.json) writeFileSync(options.json, `${JSON.stringify(reports, null, 1)}\n`);
  child?.kill();
}

async function mutateArea(name, { files, tests }) {
  const all = files.flatMap((file, index) => mutantsOf(file, readFileSync(join(ROOT, file), 'utf8'), 1 + index * 10_000).mutants);
  const chosen = sample(all, Number(options.sample ?? all.length), Number(options.seed));
  const clean = await failing(files, tests, '0');
  if (clean) throw new Error(`the tests of ${name} fail without a mutant`);
  const survivors = [];
  for (const [i, mutant] of chosen.entries()) {
    const noticed = await failing(files, tests, String(mutant.id));
    if (!noticed) {
      survivors.push(mutant);
      console.log(`  survives  ${mutant.file}:${mutant.line}  ${mutant.from}   (${mutant.to})`);
    }
    if ((i + 1) % 50 === 0) console.error(`${name}: ${i + 1} of ${chosen.length}, ${survivors.length} survive`);
  }
  const killed = chosen.length - survivors.length;
  console.log(
    `${name}: ${killed} of ${chosen.length} killed (${((100 * killed) / chosen.length).toFixed(1)} %), ${all.length} mutants in all`,
  );
  return { name, mutants: all.length, tried: chosen.length, killed, survivors };
}

/** Whether a test fails with this mutant, or none ends. */
function failing(files, tests, mutant) {
  child ??= fork(fileURLToPath(import.meta.url), [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return new Promise(resolve => {
    const done = failed => {
      clearTimeout(timer);
      child?.removeAllListeners('message');
      resolve(failed);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child = undefined;
      done(true);
    }, HANG_MS);
    child.on('message', done);
    child.send({ files, tests, mutant });
  });
}

/** The same, here; the first failure ends the run. */
async function failingHere(files, tests, mutant) {
  process.env.MUTATE_FILES = files.join('|');
  process.env.MUTANT = mutant;
  const argv = {
    _: tests,
    $0: '',
    runInBand: true,
    bail: 1,
    silent: true,
    reporters: [],
    testTimeout: 20_000,
    globalSetup: join(ROOT, 'scripts', 'nothing.cjs'),
    transform: JSON.stringify({ '^.+\\.(t|j|mj)s$': '<rootDir>/scripts/mutateTransform.cjs' }),
  };
  const { results } = await quietly(() => runCLI(argv, [ROOT]));
  return results.numFailedTests > 0 || results.numFailedTestSuites > 0;
}

async function quietly(body) {
  const write = process.stderr.write;
  process.stderr.write = () => true;
  try {
    return await body();
  } finally {
    process.stderr.write = write;
  }
}

/** A seeded choice, spread over all files. */
function sample(list, count, seed) {
  if (count >= list.length) return list;
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return list
    .map(mutant => [random(), mutant])
    .sort(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, mutant]) => mutant)
    .sort((a, b) => a.id - b.id);
}
