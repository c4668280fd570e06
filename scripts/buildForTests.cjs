// jest globalSetup: tests that start the real binary need a bundle of the source as it is now.
const { execFileSync } = require('node:child_process');
const { existsSync, readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { bundleSource } = require('./sourceForTests.cjs');

const root = join(__dirname, '..');

module.exports = () => {
  bundleSource();
  const bundle = join(root, 'dist', 'cli.cjs');
  const built = existsSync(bundle) ? statSync(bundle).mtimeMs : 0;
  const changed = [
    'package.json',
    'scripts/build.mjs',
    'scripts/pack.mjs',
    'scripts/lazyModules.mjs',
    'scripts/clock.mjs',
    'scripts/usualCommands.cjs',
    ...readdirSync(join(root, 'src'), { recursive: true }).map(path => join('src', path)),
  ];
  if (changed.some(path => statSync(join(root, path)).mtimeMs > built)) {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), '--bundle'], { stdio: 'inherit' });
  }
};
