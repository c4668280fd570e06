// What is mutated, and the tests that may notice: every test file that computes in its own process.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Tests that start the program or a browser, read the repository itself, or replace modules: a mutant in memory is nothing to them. */
const OUTSIDE =
  /^__tests__\/(architecture|browser|installed|oneFile|package|formats\/lazy|cells\/newCell|page\/(?!data)\w+)\.|\/(binary|streaming|fullDisk|sharing|conformance|callers|fixes)\.test\.ts$/;

const AREAS = {
  shapes: ['src/model/', 'src/layers/', 'src/cells/weightShapes.ts'],
  conventions: ['src/conventions/'],
  readers: ['src/formats/'],
  twins: [
    'src/engines/batched/',
    'src/cells/rnn.ts',
    'src/cells/lstm.ts',
    'src/cells/gru.ts',
    'src/cells/apply.ts',
    'src/numerics/float32.ts',
  ],
  run: ['src/run/'],
  cli: ['src/cli/'],
  report: ['src/report/'],
  diagnosis: ['src/diagnosis/'],
  emit: ['src/run/emit/'],
  layers: ['src/layers/'],
  ops: ['src/ops/'],
  random: ['src/random/'],
};

export const AREA_NAMES = Object.keys(AREAS);

/** The sources of areas, relative to the root, each once. */
export function sourcesOf(names) {
  // type declarations hold nothing to run, and assembly/ is another language, compiled and compared as a whole
  const mutable = path => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('/assembly/');
  const starts = names.flatMap(name => AREAS[name]);
  return all('src').filter(path => mutable(path) && starts.some(start => path.startsWith(start)));
}

export function testFiles() {
  return all('__tests__').filter(path => path.endsWith('.test.ts') && !OUTSIDE.test(path));
}

function all(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map(path => `${folder}/${path.split('\\').join('/')}`)
    .sort();
}
