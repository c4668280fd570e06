// npm runs this after `npm ci` and `npm install` in a checkout (as `prepublish`, which despite its name is run there and nowhere else: with
// `prepare` npm 11 warns everybody who installs the tarball). What is built already is not built again: an unpacked tarball has dist/ and no
// scripts/build.mjs, a checkout may have a dist/ that is newer than its sources.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = name => join(root, name);

if (existsSync(at('scripts/build.mjs')) && !isBuilt()) {
  // the types take three quarters of the time, and only who writes TypeScript against the package needs them: `npm pack` makes them
  execFileSync(process.execPath, [at('scripts/build.mjs'), '--no-types'], { cwd: root, stdio: 'inherit' });
}

function isBuilt() {
  const built = ['dist/cli.cjs', 'dist/index.js', 'dist/index.cjs', 'dist/browser.js'].map(at);
  if (!built.every(existsSync)) return false;
  const oldest = Math.min(...built.map(changed));
  return ['package.json', 'src', 'scripts'].every(name => newest(at(name)) <= oldest);
}

function newest(path) {
  if (!statSync(path).isDirectory()) return changed(path);
  return Math.max(...readdirSync(path).map(name => newest(join(path, name))));
}

function changed(path) {
  return statSync(path).mtimeMs;
}
