import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The packed tarball, unpacked as npm does it, away from the source: it holds what a user needs and nothing else, and it must run. */
const ROOT = join(__dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-installed-'));
const installed = join(folder, 'node_modules', '@rnn-cli', 'cli');
const bin = join(installed, 'bin', 'rnn-cli.js');
/** What is in it. */
let paths: readonly string[];

jest.setTimeout(180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  if (!existsSync(join(ROOT, 'dist', 'index.js')))
    execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { stdio: 'ignore' });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const env = { ...process.env, npm_config_cache: join(folder, 'cache') };
  const [{ filename, files }] = JSON.parse(
    execFileSync(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      // npm.cmd is no program of its own
      shell: process.platform === 'win32',
    }),
  );
  paths = files.map(({ path }: { path: string }) => path);
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
  // the dependencies beside it, as an installation has them; nothing of the source tree
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies))
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
});

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
}

it('the package holds the binary, the bundle, the library, the schemas, and nothing else', () => {
  const top = new Set(paths.map(path => path.split('/')[0]));
  expect([...top].sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'docs',
    'examples',
    'man',
    'package.json',
    'schemas',
    'scripts',
  ]);
  expect(paths.filter(path => path.startsWith('bin/')).sort()).toEqual(['bin/package.json', 'bin/rnn-cli.js']);
  expect(paths.filter(path => path.startsWith('schemas/')).sort()).toEqual(
    readdirSync(join(ROOT, 'schemas'))
      .map(name => `schemas/${name}`)
      .sort(),
  );
  expect(paths).toEqual(expect.arrayContaining(['dist/cli.cjs', 'dist/index.js', 'dist/index.cjs', 'man/rnn-cli.1']));
  expect(paths.filter(path => path.startsWith('scripts/'))).toEqual(['scripts/prepare.mjs']);
  // what README.md shows and links to is there
  const links = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\]\(([^)#:]+)[^)]*\)/g)].map(match => match[1]);
  const missing = links.filter(link => !paths.some(path => path === link || path.startsWith(`${link.replace(/\/$/, '')}/`)));
  expect(missing.filter(link => !/^(ARCHITECTURE|CONTRIBUTING)\.md$/.test(link))).toEqual([]);
  expect(paths.filter(path => path.startsWith('docs/internals/'))).toEqual([]);
  const built =
    /^dist\/((cli|usual\d+)\.cjs|index\.c?js|browser\.js|(cli|usual\d+)\.[\w.-]+\.cache|parts\/(later-[\w-]+|[\w-]+-[A-Z0-9]{8})\.cjs|types\/[\w/]+\.d\.ts)$/;
  expect(paths.filter(path => /^(dist|man)\//.test(path) && !built.test(path) && path !== 'man/rnn-cli.1')).toEqual([]);
});

it('the command runs: shapes, forward, compare, help, version', () => {
  expect(run('shapes').stdout).toContain('57');
  const { status, stdout } = run('forward', '--json');
  expect([status, JSON.parse(stdout).schema]).toEqual([0, 'rnn-cli/forward@1']);
  expect(run('compare', '-q', '--no-explain').status).toBe(0);
  expect(run('--help').status).toBe(0);
  expect(run('--version').stdout.trim()).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
});

it('what it writes it reads, in every format', () => {
  for (const extension of ['npy', 'npz', 'csv', 'json']) {
    expect(run('forward', '-o', `y.${extension}`, '-q')).toMatchObject({ status: 0, stderr: '' });
    const compared = run('compare', '--against', `y.${extension}`, '--no-explain');
    expect([extension, compared.status]).toEqual([extension, 0]);
  }
});

it('errors have their exit codes', () => {
  writeFileSync(join(folder, 'bad.npz'), 'PK\u0003\u0004');
  expect([run('shapes', '--t', '3').status, run('forward', '-i', 'bad.npz').status, run('forward', '-i', 'none.npy').status]).toEqual([
    2, 3, 4,
  ]);
});

it('nothing opens a connection', () => {
  const hook = join(folder, 'offline.cjs');
  const refuse = "() => { process._rawDebug('CONNECTED'); process.exit(99); }";
  writeFileSync(
    hook,
    `for (const [name, keys] of [['net', ['connect', 'createConnection']], ['dns', ['lookup', 'resolve']], ['dgram', ['createSocket']], ['http', ['request', 'get']], ['https', ['request', 'get']]])
  for (const key of keys) require(name)[key] = ${refuse};
require('net').Socket.prototype.connect = ${refuse};
globalThis.fetch = ${refuse};\n`,
  );
  for (const words of [
    ['forward', '--trace', 't.npz'],
    ['compare', '--N', '4', '--simulate', 'state-carry'],
    ['inspect', 't.npz'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, ['--require', hook, bin, ...words], { cwd: folder, encoding: 'utf8' });
    expect([words, status, stderr.includes('CONNECTED')]).toEqual([words, words[0] === 'compare' ? 1 : 0, false]);
  }
  // the hook itself works
  expect(spawnSync(process.execPath, ['--require', hook, '-e', "require('net').connect(1)"]).status).toBe(99);
});

it('the library is imported by its name', () => {
  const script =
    "import { forward, shapes } from '@rnn-cli/cli'; const s = await shapes({}); const f = await forward({}); console.log(s.totals.params, f.shape.join());";
  writeFileSync(join(folder, 'use.mjs'), script);
  expect(execFileSync(process.execPath, ['use.mjs'], { cwd: folder, encoding: 'utf8' }).trim()).toBe('57 1,2');
});

it('the library is required by its name, also where Node cannot require an ES module', () => {
  const script =
    "const { forward, shapes, RnnError } = require('@rnn-cli/cli'); (async () => { const s = await shapes({}); const f = await forward({}); console.log(s.totals.params, f.shape.join(), await shapes({ layers: 'x' }).catch(e => e instanceof RnnError)); })();";
  writeFileSync(join(folder, 'use.cjs'), script);
  const flags = process.allowedNodeEnvironmentFlags.has('--no-experimental-require-module') ? ['--no-experimental-require-module'] : [];
  expect(execFileSync(process.execPath, [...flags, 'use.cjs'], { cwd: folder, encoding: 'utf8' }).trim()).toBe('57 1,2 true');
});

it('what is built is not built again where the package is installed from its folder', () => {
  const { status, stdout } = spawnSync(process.execPath, [join(installed, 'scripts', 'prepare.mjs')], { cwd: installed, encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
});
