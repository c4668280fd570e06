// The source as one file for jest: a test loads it whole in the time that fifty of its modules would take. Each file of src/ that a test imports is
// a line that takes its exports from there; a test that puts something in place of a module of src/ imports __tests__/helpers/unbundled.ts first
// and gets the files themselves, and so does RNN_CLI_UNBUNDLED=1 npx jest (lines of stack traces) and --coverage.
const { mkdirSync, readdirSync, renameSync, writeFileSync } = require('node:fs');
const { join, relative, sep } = require('node:path');
const swc = require('@swc/jest');

const root = join(__dirname, '..');
const BUNDLE = join(root, '.cache', 'source.cjs');
const APART = /^(page|engines[/\\]batched[/\\]assembly)[/\\]/;

const idOf = path => path.split(sep).join('/').replace(/\.ts$/, '');

/** Writes the bundle. */
function bundleSource() {
  const files = readdirSync(join(root, 'src'), { recursive: true }).filter(path => path.endsWith('.ts') && !APART.test(path));
  const lines = files.map(path => `${JSON.stringify(idOf(path))}: () => require(${JSON.stringify(`./src/${idOf(path)}.ts`)}),`);
  const { outputFiles } = require('esbuild').buildSync({
    stdin: { contents: `const modules = {\n${lines.join('\n')}\n};\nexports.load = id => modules[id]();`, resolveDir: root },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    packages: 'external',
    target: 'es2022',
    supported: { 'dynamic-import': false },
    // the one place that asks where it stands
    define: { __dirname: JSON.stringify(join(root, 'src', 'run', 'files')) },
    logLevel: 'error',
  });
  // jest's modules are CommonJS, also those that are written as ES modules: their default is where __esModule says
  const code = outputFiles[0].text.replace(/(__toESM\(require\("[^"]+"\)), 1\)/g, '$1)');
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(`${BUNDLE}.${process.pid}`, code);
  renameSync(`${BUNDLE}.${process.pid}`, BUNDLE);
}

/** jest's transformer of the files of src/. */
function createTransformer(options) {
  const inner = swc.createTransformer(options);
  return {
    process(source, path, how) {
      const { code } = inner.process(source, path, how);
      const id = idOf(relative(join(root, 'src'), path));
      const bundled = `module.exports = require(${JSON.stringify(BUNDLE)}).load(${JSON.stringify(id)});`;
      return { code: `"use strict";if (!globalThis.rnnCliUnbundled) { ${bundled} } else {${code}\n}` };
    },
    getCacheKey: (...args) => `${inner.getCacheKey(...args)}1`,
  };
}

module.exports = { BUNDLE, bundleSource, createTransformer };
