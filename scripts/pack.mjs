// Packs the command line so that a small command starts fast. What takes time at a start is reading and compiling source, running the top
// level of modules, and loading Node's own modules; so
//   1. esbuild splits the program at its dynamic imports, and each chunk becomes a function;
//   2. the chunks that `shapes` and `forward` load (they are run to find out) stand in dist/cli.cjs, the others in dist/parts/;
//   3. Node's heavy modules are loaded when something of theirs is used, not when it is imported;
//   4. what V8 compiled while the usual commands ran is stored as a code cache for this V8 (dist/cli.<v8>-<arch>.cache).
// bin/rnn-cli.js puts it together again. Without the cache everything works, too: V8 compiles the source.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

/** Builtins of Node that take a while to load. */
const HEAVY = [
  'fs/promises',
  'crypto',
  'zlib',
  'child_process',
  'worker_threads',
  'readline',
  'stream',
  'stream/promises',
  'util',
  'os',
  'tty',
];

/** @param dist folder to write */
export async function packCommandLine(options, dist) {
  const chunks = await splitIntoChunks(options);
  mkdirSync(dist, { recursive: true });
  for (const name of readdirSync(dist)) if (/\.(cjs|cache)$/.test(name)) rmSync(`${dist}/${name}`);
  rmSync(`${dist}/parts`, { recursive: true, force: true });
  mkdirSync(`${dist}/parts`);
  for (const [name, code] of chunks) writeFileSync(`${dist}/parts/${name}.cjs`, `module.exports = ${code};\n`);
  writeCli(dist, chunks, ['main']);
  const usual = runUsualCommands('chunks').split('\n');
  writeCli(dist, chunks, usual);
  for (const name of usual) rmSync(`${dist}/parts/${name}.cjs`);
  runUsualCommands('cache');
}

/** @returns name -> text of a function (exports, require, module) */
async function splitIntoChunks(options) {
  const { outputFiles } = await build({
    ...options,
    format: 'esm',
    splitting: true,
    minify: true,
    write: false,
    outdir: 'dist',
    plugins: [lazyBuiltins, ...(options.plugins ?? [])],
  });
  const chunks = new Map();
  for (const { path, text } of outputFiles) {
    const name = path.replace(/^.*[\\/]/, '').replace(/\.js$/, '');
    // a dynamic import becomes a promise of a require, which bin/rnn-cli.js answers
    const supported = { 'dynamic-import': false };
    const { code } = await transform(text, { format: 'cjs', target: options.target, minify: true, supported, legalComments: 'none' });
    chunks.set(name, `function(exports,require,module){${code.trim()}\n}`);
  }
  return chunks;
}

/** One script: an object of functions. Its last line is the digest of the rest, which tells one build's cache from another's. */
function writeCli(dist, chunks, names) {
  // a literal of a regular expression is the one thing that esbuild does not escape
  for (const name of names)
    if (/[\u0080-\uffff]/.test(chunks.get(name))) throw new Error(`pack: ${name} is read as latin1 and not ASCII: write \\u…`);
  const body = `({\n${names.map(name => `${JSON.stringify(name)}:${chunks.get(name)}`).join(',\n')}\n})\n`;
  writeFileSync(`${dist}/cli.cjs`, `${body}//${createHash('sha256').update(body).digest('hex')}`);
}

/** In a fresh process. @param wanted 'chunks': returns the names of those loaded; 'cache': writes the code cache */
function runUsualCommands(wanted) {
  const script = fileURLToPath(new URL('./usualCommands.cjs', import.meta.url));
  return execFileSync(process.execPath, [script, wanted], { encoding: 'utf8' });
}

/**
 * `import { createHash } from 'node:crypto'` becomes an object of getters: the first use loads the module. Packages that only might need a
 * builtin (commander child_process, seedrandom crypto) never load it.
 */
const lazyBuiltins = {
  name: 'lazyBuiltins',
  setup(hooks) {
    const require = createRequire(import.meta.url);
    hooks.onResolve({ filter: new RegExp(`^(node:)?(${HEAVY.join('|')})$`) }, ({ path }) => ({
      path: path.replace(/^node:/, ''),
      namespace: 'lazy-builtin',
    }));
    hooks.onResolve({ filter: /^builtin:/ }, ({ path }) => ({ path: path.replace('builtin:', 'node:'), external: true }));
    hooks.onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, ({ path }) => {
      const builtin = require(`node:${path}`);
      const getters = Object.keys(builtin).map(name => `get ${JSON.stringify(name)}(){return load()[${JSON.stringify(name)}]}`);
      // what is a class itself (node:stream) must be the real one
      const contents =
        typeof builtin === 'function'
          ? `module.exports=require("builtin:${path}")`
          : `let loaded;const load=()=>loaded??=require("builtin:${path}");module.exports={${getters.join(',')}}`;
      return { contents, loader: 'js' };
    });
  },
};
