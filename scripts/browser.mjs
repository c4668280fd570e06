// What is built for browsers: of the source only what is reachable from the entry and used, and of Node nothing at all. A build that would
// still need something of Node fails.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileKernel } from './assembly.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Files by their paths, of which a browser has none, and whose names their tensors are: the requests of a browser name no path. */
const FILES = /\/modelFile\.js$|^\.\.\/conventions\/index\.js$/;
const NO_FILES =
  "export async function readModelFile() { throw new Error('a browser has no paths'); }\nexport const readTensorFile = readModelFile, detectConvention = readModelFile;";

const OF_NODE = new RegExp(`^node:|^(${[...builtinModules, 'onnxruntime-node'].join('|')})$`);

const withoutNode = {
  name: 'withoutNode',
  setup(hooks) {
    // seedrandom asks for crypto only where it is to make a seed itself
    hooks.onResolve({ filter: /^crypto$/ }, () => ({ path: 'crypto', namespace: 'nothing' }));
    hooks.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {}' }));
    hooks.onResolve({ filter: OF_NODE }, ({ path }) => ({ path, external: true, sideEffects: false }));
    hooks.onResolve({ filter: FILES }, ({ path }) => ({ path, namespace: 'noFiles', sideEffects: false }));
    hooks.onLoad({ filter: /.*/, namespace: 'noFiles' }, () => ({ contents: NO_FILES }));
    // modules are values: importing one for its effect alone (batched/node.ts) is for Node
    hooks.onResolve({ filter: /^\.\.?\// }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === withoutNode) return undefined;
      const resolved = await hooks.resolve(path, { kind, importer, resolveDir, pluginData: withoutNode });
      return resolved.errors.length > 0 || !resolved.path.startsWith(`${root}src/`) ? resolved : { ...resolved, sideEffects: false };
    });
  },
};

/** @param options of esbuild: entry points, format … @returns the text of the bundle. @throws Error where it needs something of Node */
export async function buildForBrowser(options) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    outdir: 'dist',
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'ignored-bare-import': 'silent' },
    plugins: [withoutNode],
    ...options,
    define: {
      __VERSION__: JSON.stringify(version),
      __KERNEL__: JSON.stringify((await compileKernel(false)).toString('base64')),
      ...options.define,
    },
  });
  const needed = Object.values(metafile.outputs).flatMap(output => output.imports.map(({ path }) => path));
  const [{ text }] = outputFiles;
  const globals = text.match(/\b(?:Buffer|process)\.\w+/g) ?? [];
  if (needed.length + globals.length > 0) throw new Error(`not for browsers: ${[...needed, ...new Set(globals)].join(', ')}`);
  return text;
}
