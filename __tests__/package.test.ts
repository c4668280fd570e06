import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What package.json promises. */
const root = join(__dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

jest.setTimeout(120_000);

describe('package.json', () => {
  it('is ESM source for Node 20 with one binary, MIT', () => {
    expect(manifest).toMatchObject({
      name: '@rnn-cli/cli',
      type: 'module',
      license: 'MIT',
      bin: { 'rnn-cli': 'bin/rnn-cli.js' },
      engines: { node: '>=20' },
    });
    expect(readFileSync(join(root, 'bin', 'rnn-cli.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('pins every dependency, and keeps the runtime ones the named few', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
      expect(`${name} ${version}`).toMatch(/ \d+\.\d+\.\d+$/);
    expect(Object.keys(manifest.dependencies)).toEqual(['chalk', 'cli-table3', 'commander', 'csv-parse', 'pbf', 'seedrandom', 'yazl']);
  });

  it('runs nothing at a user’s install but the build of a checkout that is not built', () => {
    for (const script of ['preinstall', 'install', 'postinstall']) expect(manifest.scripts[script]).toBeUndefined();
    expect([manifest.scripts.prepare, manifest.scripts.prepublish]).toEqual([undefined, 'node scripts/prepare.mjs']);
    // as a string npm 11 leaves it out
    expect(manifest.man).toEqual(['man/rnn-cli.1']);
    // the owner of the repository fills these in (CONTRIBUTING.md); a guess would lead to somebody else
    expect([manifest.repository, manifest.homepage, manifest.bugs]).toEqual([undefined, undefined, undefined]);
  });

  it('no dependency of a user, at any depth, runs a script when it is installed', () => {
    interface Locked {
      readonly dev?: boolean;
      readonly peer?: boolean;
      readonly hasInstallScript?: boolean;
    }
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
    const installed = Object.entries(packages).filter(([name, { dev, peer }]) => name !== '' && !dev && !peer);
    expect(installed.length).toBeGreaterThanOrEqual(Object.keys(manifest.dependencies).length);
    expect(installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([name]) => name)).toEqual([]);
  });

  it('ARCHITECTURE.md says of every runtime dependency why it is there', () => {
    const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const rows = page.slice(page.indexOf('## Runtime dependencies')).matchAll(/^\| ([a-z][a-z0-9, -]*) \| \S.*\|$/gm);
    expect(
      [...rows]
        .flatMap(([, names]) => names.split(', '))
        .filter(name => name !== 'package')
        .sort(),
    ).toEqual(Object.keys(manifest.dependencies).sort());
  });

  it('exports the library with types, and the schemas', () => {
    expect(Object.keys(manifest.exports)).toEqual(['.', './browser', './schemas/*', './package.json']);
    expect(manifest.exports['.'].types).toBe(manifest.types);
    for (const name of ['spec', 'shapes', 'forward', 'compare', 'error'])
      expect(existsSync(join(root, 'schemas', `${name}.schema.json`))).toBe(true);
  });

  it('has a lockfile without a registry host', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(JSON.parse(lock).lockfileVersion).toBe(3);
    expect(lock).not.toMatch(/"resolved"/);
  });
});

it('the package holds the binary, the bundle, the library, the schemas, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-pack-'));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const env = { ...process.env, npm_config_cache: join(folder, 'cache') };
  const [{ files }] = JSON.parse(
    execFileSync(npm, ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      // npm.cmd is no program of its own
      shell: process.platform === 'win32',
    }),
  );
  rmSync(folder, { recursive: true, force: true });
  const paths: string[] = files.map((file: { path: string }) => file.path);
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
    readdirSync(join(root, 'schemas'))
      .map(name => `schemas/${name}`)
      .sort(),
  );
  expect(paths).toEqual(expect.arrayContaining(['dist/cli.cjs', 'dist/index.js', 'dist/index.cjs', 'man/rnn-cli.1']));
  expect(paths.filter(path => path.startsWith('scripts/'))).toEqual(['scripts/prepare.mjs']);
  // what README.md shows and links to is there
  const links = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\(([^)#:]+)[^)]*\)/g)].map(match => match[1]);
  const missing = links.filter(link => !paths.some(path => path === link || path.startsWith(`${link.replace(/\/$/, '')}/`)));
  expect(missing.filter(link => !/^(ARCHITECTURE|CONTRIBUTING)\.md$/.test(link))).toEqual([]);
  expect(paths.filter(path => path.startsWith('docs/internals/'))).toEqual([]);
  const built =
    /^dist\/((cli|usual\d+)\.cjs|index\.c?js|browser\.js|(cli|usual\d+)\.[\w.-]+\.cache|parts\/(later-[\w-]+|[\w-]+-[A-Z0-9]{8})\.cjs|types\/[\w/]+\.d\.ts)$/;
  expect(paths.filter(path => /^(dist|man)\//.test(path) && !built.test(path) && path !== 'man/rnn-cli.1')).toEqual([]);
});
