#!/usr/bin/env node
'use strict';
// Starts the command line from the chunks that scripts/pack.mjs made: those every small command needs stand in dist/cli.cjs together, a
// function of require that gives an object of loaders, with a code cache for the V8 of the build beside it (two: a command that names a file
// runs more of it); what usual commands need in addition stands in scripts like it, and `homes` says in which. Any other V8 compiles the source.
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const dist = `${__dirname}/../dist`;
const loaded = new Map();
const scripts = new Map();
let homes;

/** The script of that name: its chunks as functions. */
function open(name) {
  const known = scripts.get(name);
  if (known) return known.chunks;
  const source = readFileSync(`${dist}/${name}.cjs`, 'latin1'); // ASCII: esbuild escapes the rest
  const script = new Script(source, { filename: `${dist}/${name}.cjs`, cachedData: codeCache(name, source) });
  const chunks = script.runInThisContext()(requireOf);
  scripts.set(name, { script, chunks });
  return chunks;
}

/** The cache of this very source and V8. V8 compares the lengths of sources only, so the cache ends with the last line of its own. */
function codeCache(name, source) {
  try {
    const kind = name === 'cli' && process.argv.slice(2).some(word => word.includes('.')) ? 'cli.files' : name;
    const bytes = readFileSync(`${dist}/${kind}.${process.versions.v8}-${process.arch}.cache`);
    const end = bytes.length - 64;
    return source.endsWith(bytes.latin1Slice(end)) ? bytes.subarray(0, end) : undefined;
  } catch {
    return undefined;
  }
}

function requireOf(path) {
  return path.startsWith('./') ? load(path.slice(2, -3)) : require(path);
}

/** The script that has the chunk; undefined: it stands alone in dist/parts/ */
function homeOf(name) {
  const cli = open('cli');
  if (Object.hasOwn(cli, name)) return 'cli';
  homes ??= cli.homes();
  return homes[name];
}

function load(name) {
  const known = loaded.get(name);
  if (known) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  try {
    const home = homeOf(name);
    if (home) module.exports = open(home)[name]();
    else {
      require(`${dist}/parts/${name}.cjs`)(module.exports, requireOf, module);
      module.exports = withoutGetters(module.exports);
    }
  } catch (error) {
    // half of it is worse than nothing
    loaded.delete(name);
    throw error;
  }
  return module.exports;
}

/** Exports are getters of getters, which loops would call at every use of a function. */
function withoutGetters(exports) {
  if (typeof exports === 'function') return exports;
  // an import() takes `default` only from what says that it is a module
  const plain = exports.__esModule ? Object.defineProperty({}, '__esModule', { value: true }) : {};
  for (const name of Object.keys(exports)) {
    const value = exports[name];
    if (typeof value === 'function') plain[name] = value;
    else Object.defineProperty(plain, name, { get: () => exports[name], enumerable: true });
  }
  return plain;
}

/** Says that a file of this program cannot be opened, in place of the reports, which are files too. @returns whether that is the error */
function saysTooManyFiles(error) {
  if (error?.code !== 'EMFILE' && error?.code !== 'ENFILE') return false;
  process.stderr.write('error: too many files are open (ulimit -n)   [E_SYSTEM]\n  fix: raise that limit, or end other programs\n');
  process.exitCode = 4;
  return true;
}

function main() {
  try {
    open('cli');
  } catch (error) {
    if (saysTooManyFiles(error)) return;
    if (error.code !== 'ENOENT') throw error;
    process.stderr.write('error: rnn-cli is not built: dist/cli.cjs is missing   [E_NOT_BUILT]\n  fix: npm run build\n');
    process.exitCode = 70;
    return;
  }
  load('main').start(saysTooManyFiles);
}

if (require.main === module) main();
// the build starts it from inside, to see which chunks are loaded and to write the code cache
else module.exports = { load, loaded, scripts };
