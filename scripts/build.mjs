// Builds dist/: the command line packed for a fast start (scripts/pack.mjs), the library as ESM and CommonJS with its dependencies left
// outside and, for browsers, without anything of Node, the types.
//   node scripts/build.mjs            everything, from scratch
//   node scripts/build.mjs --bundle   the command line alone, in place: what the tests need
//   node scripts/build.mjs --no-types everything but the types
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileKernel } from './assembly.mjs';
import { buildForBrowser } from './browser.mjs';
import { packCommandLine } from './pack.mjs';
import { buildPage } from './page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version, dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const optional = Object.keys(peerDependencies);

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  define: {
    __VERSION__: JSON.stringify(version),
    __KERNEL__: JSON.stringify((await compileKernel(false)).toString('base64')),
    __FAST_KERNEL__: JSON.stringify((await compileKernel(true)).toString('base64')),
    // a text stands where it is used; an object would be a module that every command loads
    __PAGE__: JSON.stringify(JSON.stringify(await buildPage())),
  },
  logLevel: 'warning',
  legalComments: 'none',
};

const bundleOnly = process.argv.includes('--bundle');
const withTypes = !process.argv.includes('--no-types');
if (!bundleOnly) rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
await packCommandLine({ ...common, entryPoints: { main: 'src/cli/main.ts' }, external: optional }, `${root}dist`);
if (!bundleOnly) {
  const external = [...Object.keys(dependencies), ...optional];
  await build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/index.js', format: 'esm', external });
  // for require(): Node 20 before 20.19 and 22 before 22.12 cannot require an ES module
  await build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/index.cjs', format: 'cjs', external, minify: true });
  writeFileSync(`${root}dist/browser.js`, await buildForBrowser({ entryPoints: ['src/browser.ts'], format: 'esm' }));
  if (withTypes)
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
  chmodSync(new URL('../bin/rnn-cli.js', import.meta.url), 0o755);
}
