// Packs the command line so that a small command starts fast. What takes time at a start is reading and compiling source, running the top
// level of modules, and loading Node's own modules; so
//   1. esbuild splits the program at its dynamic imports, and where a module waits until it is used (lazyModules.mjs);
//   2. the chunks that `shapes` and `forward` load without a file (they are run to find out) are linked in one scope, dist/cli.cjs, where each runs
//      when it is first needed; those that the same others of the usual commands load (usualCommands.cjs) share a script, too, so that no command reads what it does
//      not need; of the rest each is a function in dist/parts/;
//   3. Node's heavy modules are loaded when something of theirs is used, not when it is imported; the clock is one that needs none (clock.mjs);
//   4. what V8 compiled while the usual commands ran is stored as a code cache for this V8 (dist/cli.<v8>-<arch>.cache, and so on).
// bin/rnn-cli.js puts it together again. Without the cache everything works, too: V8 compiles the source.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { lazyModules } from './lazyModules.mjs';

/** Builtins of Node that take a while to load. */
const HEAVY = [
  'fs/promises',
  'crypto',
  'zlib',
  'v8',
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
  for (const name of readdirSync(dist)) if (/\.cache$|^(?!index\.)\w+\.cjs$/.test(name)) rmSync(`${dist}/${name}`);
  rmSync(`${dist}/parts`, { recursive: true, force: true });
  mkdirSync(`${dist}/parts`);
  for (const [name, code] of chunks) writeFileSync(`${dist}/parts/${name}.cjs`, await partOf(code, options));
  writeScript(`${dist}/cli.cjs`, await link(chunks, [], {}, options));
  const scripts = scriptsOf(JSON.parse(runUsualCommands('chunks')), name => chunks.get(name).length);
  const homes = Object.fromEntries(scripts.flatMap(([script, names]) => names.map(name => [name, script])));
  for (const [script, names] of scripts) writeScript(`${dist}/${script}.cjs`, await link(chunks, names, homes, options));
  for (const name of Object.keys(homes)) rmSync(`${dist}/parts/${name}.cjs`);
  runUsualCommands('cache');
}

/** A script smaller than this costs more to open than to have read in vain. */
const SMALL = 12_000;

/**
 * Which chunks stand together: those loaded by the same commands; what `shapes` and `forward` load without a file, in the first.
 * @param loadedBy command -> names of the chunks that it loads
 * @returns names of scripts, and of the chunks in each
 */
function scriptsOf(loadedBy, sizeOfChunk) {
  const isFirst = line => /^(shapes|forward($| --T 10))/.test(line);
  const first = new Set(Object.keys(loadedBy).flatMap(line => (isFirst(line) ? loadedBy[line] : [])));
  const lines = Object.keys(loadedBy).filter(line => !isFirst(line));
  const groups = new Map();
  for (const name of new Set(lines.flatMap(line => loadedBy[line]))) {
    if (first.has(name)) continue;
    const users = lines.filter(line => loadedBy[line].includes(name)).join('\n');
    groups.set(users, [...(groups.get(users) ?? []), name]);
  }
  const sizeOf = names => names.reduce((sum, name) => sum + sizeOfChunk(name), 0);
  const rows = [...groups].map(([users, names]) => ({ users: users.split('\n'), names, size: sizeOf(names) }));
  // the small ones go where the fewest others read them in vain
  for (const row of rows.filter(({ size }) => size < SMALL).sort((a, b) => a.size - b.size)) {
    const wider = rows.filter(other => other !== row && other.names.length > 0 && row.users.every(user => other.users.includes(user)));
    const home = wider.sort((a, b) => a.users.length - b.users.length)[0];
    if (!home) continue;
    home.names.push(...row.names.splice(0));
  }
  const kept = rows.filter(({ names }) => names.length > 0);
  return [['cli', [...first]], ...kept.map(({ names }, k) => [`usual${k + 1}`, names])];
}

/** @returns name -> text of an ES module */
async function splitIntoChunks(options) {
  const lazy = await lazyModules(options);
  const { outputFiles } = await build({
    ...options,
    entryPoints: { ...options.entryPoints, ...lazy.entryPoints },
    format: 'esm',
    splitting: true,
    minify: true,
    write: false,
    outdir: 'dist',
    plugins: [lazyBuiltins, lazy.plugin],
    inject: ['scripts/clock.mjs'],
    // its one generator that we use, without the six others of its index.js
    alias: { seedrandom: 'seedrandom/seedrandom.js' },
    define: { ...options.define, 'performance.now': 'milliseconds' },
  });
  return new Map(outputFiles.map(({ path, text }) => [basename(path, '.js'), text]));
}

/** a dynamic import becomes a promise of a require, which bin/rnn-cli.js answers */
const REQUIRED = { format: 'cjs', minify: true, supported: { 'dynamic-import': false }, legalComments: 'none' };

/** A chunk as a function (exports, require, module). */
async function partOf(text, { target }) {
  const { code } = await transform(text, { ...REQUIRED, target });
  return `module.exports = function(exports,require,module){${code.trim()}\n};\n`;
}

/**
 * Some chunks in one scope, as a function of require: an object name -> () => its exports. Each runs when it is first asked for.
 * @param homes chunk -> the script it stands in, which the first of them tells
 */
async function link(chunks, names, homes, { target, absWorkingDir }) {
  const loaders = names.map(name => `${JSON.stringify(name)}:()=>require("./${name}.js")`);
  if (names.length === 0 || names.includes('main')) loaders.push(`homes:()=>(${JSON.stringify(homes)})`);
  const { outputFiles } = await build({
    ...REQUIRED,
    target,
    absWorkingDir,
    bundle: true,
    platform: 'node',
    write: false,
    stdin: { contents: `module.exports={${loaders}}` },
    plugins: [only(chunks, new Set(names))],
  });
  return `(function(require){var module={};${withPlainExports(outputFiles[0].text.trim())}\nreturn module.exports})`;
}

/**
 * esbuild gives what a chunk exports as an object of getters of getters: a thousand functions at a start. Here it is an object of the values,
 * which are there when the chunk has run; none of them is a variable that changes.
 */
function withPlainExports(text) {
  const end = text.lastIndexOf('module.exports={');
  let code = text.slice(0, end);
  const loaders = text.slice(end).replace(/\(\)=>\(([\w$]+\(\)),[\w$]+\(([\w$]+)\)\)/g, (_, run, name) => {
    const word = name.replaceAll('$', '\\$');
    const [getters] = code.match(new RegExp(`(?<=[;{}])[\\w$]+\\(${word},\\{[^{}]*\\}\\);`)) ?? [];
    if (!getters) throw new Error(`scripts/pack.mjs: no exports of ${name}`);
    // declared and filled: no import() of the same script asks for it
    const uses = code.match(new RegExp(`(?<![\\w$.])${word}(?![\\w$])`, 'g')).length;
    if (uses === 2) code = code.replace(getters, () => '');
    return `()=>(${run},{__esModule:!0,${getters.slice(getters.indexOf('{') + 1, -3).replaceAll(':()=>', ':')}})`;
  });
  return code + loaders;
}

/** Chunks of these names are bundled, all else is left to require. */
const only = (chunks, names) => ({
  name: 'only',
  setup(hooks) {
    hooks.onResolve({ filter: /.*/ }, ({ path }) =>
      names.has(basename(path, '.js')) ? { path, namespace: 'chunk' } : { path, external: true },
    );
    hooks.onLoad({ filter: /.*/, namespace: 'chunk' }, ({ path }) => ({ contents: chunks.get(basename(path, '.js')), loader: 'js' }));
  },
});

/** One script. Its last line is the digest of the rest, which tells one build's cache from another's. */
function writeScript(file, code) {
  // a literal of a regular expression is the one thing that esbuild does not escape, and bin/rnn-cli.js reads the script as latin1
  const escaped = code.replace(/[\u0080-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const body = `${escaped}\n`;
  writeFileSync(file, `${body}//${createHash('sha256').update(body).digest('hex')}`);
}

/** In a fresh process. @param wanted 'chunks': returns the names of those that each command loads; 'cache': writes the code caches */
function runUsualCommands(wanted) {
  const script = fileURLToPath(new URL('./usualCommands.cjs', import.meta.url));
  return execFileSync(process.execPath, [script, wanted], { encoding: 'utf8' });
}

/**
 * `import { createHash } from 'node:crypto'` becomes a function that loads the module when it is first called, `require('node:crypto')` an
 * object of getters. Packages that only might need a builtin (commander child_process, seedrandom crypto) never load it.
 */
const lazyBuiltins = {
  name: 'lazyBuiltins',
  setup(hooks) {
    const require = createRequire(import.meta.url);
    hooks.onResolve({ filter: new RegExp(`^(node:)?(${HEAVY.join('|')})$`) }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      // what is a class itself (node:stream) must be the real one
      if (typeof require(`node:${name}`) === 'function') return { path: `node:${name}`, external: true };
      return { path: name, namespace: kind === 'require-call' ? 'lazy-require' : 'lazy-import' };
    });
    hooks.onResolve({ filter: /^builtin:/ }, ({ path }) => ({ path: path.replace('builtin:', 'node:'), external: true }));
    const gettersOf = name =>
      `{${Object.keys(require(`node:${name}`)).map(key => `get ${JSON.stringify(key)}(){return load()[${JSON.stringify(key)}]}`)}}`;
    const loadOf = name => `let loaded;const load=()=>loaded??=require("builtin:${name}");`;
    hooks.onLoad({ filter: /.*/, namespace: 'lazy-require' }, ({ path }) => ({
      contents: `${loadOf(path)}module.exports=${gettersOf(path)}`,
    }));
    hooks.onLoad({ filter: /.*/, namespace: 'lazy-import' }, ({ path }) => {
      // a constant cannot wait: a program that imports one fails to build
      const names = Object.entries(require(`node:${path}`)).filter(([, value]) => typeof value === 'function');
      const wrapper = ([name]) =>
        `export function ${name}(...words){return new.target?new(load().${name})(...words):load().${name}(...words)}`;
      return { contents: `${loadOf(path)}${names.map(wrapper).join('\n')}\nexport default ${gettersOf(path)}` };
    });
  },
};
