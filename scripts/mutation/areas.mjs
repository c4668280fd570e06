// What is mutated, and the tests that must notice: every test file of these folders that computes in its own process.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Tests that start the program, read the repository itself, or replace modules: a mutant in memory is nothing to them. */
const OUTSIDE =
  /^__tests__\/(architecture|installed|package|formats\/lazy)\.|\/(binary|streaming|fullDisk|sharing|conformance|callers|fixes)\.test\.ts$/;

const AREAS = {
  shapes: {
    sources: ['src/model/', 'src/layers/', 'src/cells/weightShapes.ts'],
    tests: ['approved/specs', 'approved/keras', 'cells', 'model', 'layers', 'run', 'report', 'engines', 'cli', 'schemas'],
  },
  conventions: {
    sources: ['src/conventions/'],
    tests: ['approved', 'conventions', 'engines', 'formats', 'run', 'diagnosis', 'cli', 'schemas', 'hostile', 'fuzz'],
  },
  readers: {
    sources: ['src/formats/'],
    tests: ['approved/onnx', 'formats', 'hostile', 'fuzz', 'conventions', 'run', 'cli', 'diagnosis', 'engines'],
  },
  twins: {
    sources: [
      'src/engines/batched/',
      'src/cells/rnn.ts',
      'src/cells/lstm.ts',
      'src/cells/gru.ts',
      'src/cells/apply.ts',
      'src/numerics/float32.ts',
    ],
    tests: ['engines', 'determinism', 'numerics/float32', 'cells'],
  },
  run: {
    sources: ['src/run/'],
    tests: [
      'run',
      'page/data',
      'cells/everyCell',
      'index',
      'cli',
      'schemas',
      'docs.',
      'examples.',
      'report',
      'diagnosis/graphs',
      'diagnosis/models',
    ],
  },
  cli: {
    sources: ['src/cli/'],
    tests: [
      'cli',
      'run/answers',
      'run/pairAnswers',
      'run/graphAnswers',
      'run/fileFlags',
      'run/stream',
      'docs.',
      'examples.',
      'report',
      'schemas',
    ],
  },
  report: {
    sources: ['src/report/'],
    tests: [
      'report',
      'docs.',
      'examples.',
      'run/answers',
      'run/pairAnswers',
      'run/graphAnswers',
      'cli/wrongCalls',
      'cli/typos',
      'cli/firstGuesses',
      'schemas',
      'page/data',
    ],
  },
  diagnosis: {
    sources: ['src/diagnosis/'],
    tests: ['diagnosis', 'docs.', 'run/explain', 'run/pairAnswers', 'run/compare', 'run/verdict', 'run/hiddenStates', 'report'],
  },
  emit: {
    sources: ['src/run/emit/'],
    tests: ['run/emit', 'cells/everyCell', 'cli/outputs', 'cli/flagEffects', 'docs.', 'index'],
  },
  ops: { sources: ['src/ops/'], tests: ['engines', 'layers', 'run', 'formats'] },
  random: { sources: ['src/random/'], tests: ['random', 'weights', 'run/seeds', 'determinism'] },
};

export const AREA_NAMES = Object.keys(AREAS);

/** @returns sources that are mutated and test files, both relative to the root */
export function areaOf(name) {
  const { sources, tests } = AREAS[name];
  const all = folder =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map(path => `${folder}/${path.split('\\').join('/')}`)
      .sort();
  // type declarations hold nothing to run, and assembly/ is another language, compiled and compared as a whole
  const mutable = path => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('/assembly/');
  return {
    sources: all('src').filter(path => mutable(path) && sources.some(start => path.startsWith(start))),
    // the area's own folder first: what is left when the time of looking around is over is left out
    tests: tests.flatMap((t, i) =>
      all('__tests__').filter(
        path =>
          path.endsWith('.test.ts') &&
          !OUTSIDE.test(path) &&
          path.startsWith(`__tests__/${t}`) &&
          !tests.slice(0, i).some(before => path.startsWith(`__tests__/${before}`)),
      ),
    ),
  };
}
