// jest globalSetup: the source as one file for the tests (sourceForTests.cjs), and a bundle of it as it is now for those that start the real binary.
const { execFileSync } = require('node:child_process');
const { readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { BUNDLE, bundleSource } = require('./sourceForTests.cjs');

const root = join(__dirname, '..');

const changedAt = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

module.exports = () => {
  const source = ['src', 'package.json', ...readdirSync(join(root, 'src'), { recursive: true }).map(path => join('src', path))];
  const isOld = (file, scripts) => {
    const built = changedAt(file);
    return [...source, ...scripts.map(name => join('scripts', name))].some(path => changedAt(join(root, path)) > built);
  };
  if (isOld(BUNDLE, ['sourceForTests.cjs'])) bundleSource();
  if (
    isOld(join(root, 'dist', 'cli.cjs'), [
      'build.mjs',
      'browser.mjs',
      'page.mjs',
      'pack.mjs',
      'lazyModules.mjs',
      'clock.mjs',
      'usualCommands.cjs',
    ])
  )
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), '--bundle'], { stdio: 'inherit' });
};
