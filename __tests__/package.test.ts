import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What package.json promises. */
const root = join(__dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

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
