// One file of sources and tests. Mutants stand in it behind a question for their number, so that trying the next one compiles nothing.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { compileKernel } from '../assembly.mjs';
import { ROOT } from './areas.mjs';

// these load by themselves; the rest is bundled, ESM-only packages too
const EXTERNAL = ['fast-check', 'ajv', 'ajv/*', 'esbuild', 'typescript', 'onnxruntime-node', 'assemblyscript'];

let kernels;

/** A bundle that counts how often each mutant is reached: a call would make the tests some times slower, a number in an array goes up. */
export function countingBundle(sources, tests, outfile) {
  const counted = ({ content, first }) =>
    content
      .replace(/stryMutAct_9fa48\("(\d+)"\)/g, 'false')
      .replace(/stryCov_9fa48\("([^)]*)"\)/g, (_, ids) => `(${ids.split('", "').map(id => `__reached[${first + Number(id)}]++`)})`);
  return bundleWith(sources, counted, tests, outfile);
}

/**
 * A bundle of the chosen mutants alone. StrykerJS' own questions are function calls with text; in the loops of a kernel a comparison of
 * numbers is what one can afford.
 */
export function askingBundle(sources, chosen, tests, outfile) {
  const asked = ({ content, first }) =>
    content
      .replace(/stryMutAct_9fa48\("(\d+)"\)/g, (_, id) =>
        chosen.has(first + Number(id)) ? `(__mutant === ${first + Number(id)} && __hit())` : 'false',
      )
      .replace(/stryCov_9fa48\("[^)]*\)/g, '0');
  return bundleWith(sources, asked, tests, outfile);
}

/**
 * Sources that others import when they need them. Here they are loaded with the tests: else their constants and tables would be made by
 * whichever test comes first, before there is a mutant.
 */
function loadedLate(sources) {
  const known = new Set(sources.map(({ file }) => join(ROOT, file)));
  const all = sources.flatMap(({ file }) => {
    const found = readFileSync(join(ROOT, file), 'utf8').matchAll(/\bimport\('(\.[^']*)\.js'\)/g);
    return [...found].map(([, path]) => `${join(ROOT, dirname(file), path)}.ts`);
  });
  return [...new Set(all)].filter(name => known.has(name));
}

async function bundleWith(sources, change, tests, outfile) {
  kernels ??= [await compileKernel(false), await compileKernel(true)].map(bytes => bytes.toString('base64'));
  const changed = new Map(sources.map(source => [join(ROOT, source.file), change(source)]));
  const plugin = {
    name: 'mutants',
    setup(b) {
      // for tests that mock it; it does what it is told only while one of them tells it
      b.onResolve({ filter: /^node:fs\/promises$/ }, ({ importer }) =>
        importer.includes(join(ROOT, 'src')) ? { path: 'disk', namespace: 'faulty' } : undefined,
      );
      b.onLoad({ filter: /^disk$/, namespace: 'faulty' }, () => ({ contents: FAULTY_DISK, loader: 'js', resolveDir: ROOT }));
      b.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const source = changed.get(path);
        if (source !== undefined) return { contents: source, loader: 'ts' };
        if (path.endsWith(join('__tests__', 'helpers', 'kernel.ts')))
          return { contents: KERNEL_HELPER(kernels), loader: 'ts', resolveDir: dirname(path) };
        // a bundle has one folder of its own; tests read files beside theirs
        const own = `const __dirname = ${JSON.stringify(dirname(path))};`;
        return { contents: path.includes('__tests__') ? own + readFileSync(path, 'utf8') : readFileSync(path, 'utf8'), loader: 'ts' };
      });
    },
  };
  const first = ['./__tests__/setup.ts', ...loadedLate(sources)].map(name => `require(${JSON.stringify(name)});`).join(' ');
  const load = tests.map(name => `${JSON.stringify(name)}: () => { first(); require('./${name}'); }`);
  await build({
    stdin: { contents: `function first() { ${first} }\nmodule.exports = { ${load.join(',\n')} };`, resolveDir: ROOT, loader: 'js' },
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
