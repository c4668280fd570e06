// One file of all sources and tests of an area. Every mutant of StrykerJS stands in it behind a question for its number, so that trying
// the next one compiles nothing.
import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { build } from 'esbuild';
import { compileKernel } from '../assembly.mjs';
import { ROOT } from './areas.mjs';

const SILENT = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
// these load by themselves; the rest is bundled, ESM-only packages too
const EXTERNAL = ['fast-check', 'ajv', 'ajv/*', 'esbuild', 'typescript', 'onnxruntime-node', 'assemblyscript'];

/** @returns the mutants: { id, file, line, source, mutator, from, to }, and the bundles: one that counts what is reached, one that is asked for mutants */
export async function bundleOf({ sources, tests }, folder) {
  const files = sources.map(name => ({ name: join(ROOT, name), mutate: true, content: readFileSync(join(ROOT, name), 'utf8') }));
  const result = await new Instrumenter(SILENT).instrument(files, { plugins: null, excludedMutations: [], ignorers: [] });
  const text = new Map(files.map(file => [file.name, file.content.split('\n')]));
  const mutants = result.mutants.map(({ id, fileName, location, mutatorName, replacement }) => ({
    id: Number(id),
    file: fileName.slice(ROOT.length).split(sep).join('/'),
    line: location.start.line + 1,
    source: text.get(fileName)[location.start.line].trim(),
    mutator: mutatorName,
    from: textAt(text.get(fileName), location),
    to: replacement.replace(/\s+/g, ' '),
  }));
  const kernels = [await compileKernel(false), await compileKernel(true)].map(bytes => bytes.toString('base64'));
  const instrumented = new Map(result.files.map(file => [file.name, file.content]));
  const late = loadedLate(files);
  const [counting, asking] = [
    await bundleWith(instrumented, counted, { tests, late }, kernels, join(folder, 'counting.cjs')),
    await bundleWith(instrumented, asked, { tests, late }, kernels, join(folder, 'asking.cjs')),
  ];
  return { mutants, counting, asking };
}

function textAt(lines, { start, end }) {
  const rows = lines.slice(start.line, end.line + 1);
  rows[rows.length - 1] = rows[rows.length - 1].slice(0, end.column);
  rows[0] = rows[0].slice(start.column);
  return rows.join(' ').replace(/\s+/g, ' ');
}

/** StrykerJS' own questions are function calls with text; in the loops of a kernel a comparison of numbers is what one can afford. */
function asked(code) {
  return code.replace(/stryMutAct_9fa48\("(\d+)"\)/g, '(__mutant === $1 && __hit())').replace(/stryCov_9fa48\("[^)]*\)/g, '0');
}

/** A number in an array goes up: a call would make the tests that are looked at some times slower than without. */
function counted(code) {
  return code
    .replace(/stryMutAct_9fa48\("(\d+)"\)/g, 'false')
    .replace(/stryCov_9fa48\("([^)]*)"\)/g, (_, ids) => `(${ids.split('", "').map(id => `__reached[${id}]++`)})`);
}

/**
 * Sources that others import when they need them. Here they are loaded with the tests: else their constants and tables would be made by
 * whichever test comes first, before there is a mutant.
 */
function loadedLate(files) {
  const known = new Set(files.map(file => file.name));
  const all = files.flatMap(({ name, content }) =>
    [...content.matchAll(/\bimport\('(\.[^']*)\.js'\)/g)].map(([, path]) => `${join(dirname(name), path)}.ts`),
  );
  return [...new Set(all)].filter(name => known.has(name));
}

async function bundleWith(instrumented, change, { tests, late }, kernels, outfile) {
  const plugin = {
    name: 'mutants',
    setup(b) {
      // for tests that mock it; it does what it is told only while one of them tells it
      b.onResolve({ filter: /^node:fs\/promises$/ }, ({ importer }) =>
        importer.includes(join(ROOT, 'src')) ? { path: 'disk', namespace: 'faulty' } : undefined,
      );
      b.onLoad({ filter: /^disk$/, namespace: 'faulty' }, () => ({ contents: FAULTY_DISK, loader: 'js', resolveDir: ROOT }));
      b.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const source = instrumented.get(path);
        if (source !== undefined) return { contents: change(source), loader: 'ts' };
        if (path.endsWith(join('__tests__', 'helpers', 'kernel.ts')))
          return { contents: KERNEL_HELPER(kernels), loader: 'ts', resolveDir: dirname(path) };
        // a bundle has one folder of its own; tests read files beside theirs
        const own = `const __dirname = ${JSON.stringify(dirname(path))};`;
        return { contents: path.includes('__tests__') ? own + readFileSync(path, 'utf8') : readFileSync(path, 'utf8'), loader: 'ts' };
      });
    },
  };
  const first = ['./__tests__/setup.ts', ...late].map(name => `require(${JSON.stringify(name)});`).join(' ');
  const load = tests.map(name => `${JSON.stringify(name)}: () => { ${first} require('./${name}'); }`);
  await build({
    stdin: { contents: `module.exports = { ${load.join(',\n')} };`, resolveDir: ROOT, loader: 'js' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: EXTERNAL,
    plugins: [plugin],
    logLevel: 'error',
  });
  return outfile;
}

const FAULTY_DISK = `
  const { faultyFs } = require('./__tests__/helpers/faultyDisk.ts');
  module.exports = faultyFs(require('node:fs/promises'));`;

/** The kernel's compiler takes a second, too long to run it before every mutant's tests. */
const KERNEL_HELPER = ([plain, fast]) => `
  import '../../src/engines/batched/node.js';
  import { useKernel } from '../../src/engines/batched/kernel.js';
  export async function compiledKernel(fast = false) {
    const kernel = await useKernel(Buffer.from(fast ? '${fast}' : '${plain}', 'base64'), fast);
    if (!kernel) throw new Error('this Node cannot run the kernel');
    return kernel;
  }`;
