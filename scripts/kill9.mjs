// kill -9 in the middle of writing: node scripts/kill9.mjs [--trials 500] [--mib 16]
// A child overwrites one file again and again with the program's own writer; it is killed at a random moment; the file must then be one of
// the two contents, whole, and the next write must sweep what the killed one left.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'rnn-cli');
const { values: options } = parseArgs({ options: { trials: { type: 'string', default: '500' }, mib: { type: 'string', default: '16' } } });
const trials = Number(options.trials);
const size = Number(options.mib) * 2 ** 20;

mkdirSync(CACHE, { recursive: true });
const writer = join(CACHE, 'kill9.cjs');
await build({
  entryPoints: [join(ROOT, 'src', 'run', 'files', 'atomicWrite.ts')],
  outfile: writer,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  logLevel: 'warning',
});
const { writeFileAtomic } = createRequire(import.meta.url)(writer);

const content = letter => Buffer.alloc(size, letter);
const digest = bytes => createHash('sha256').update(bytes).digest('hex');
const whole = new Set([digest(content('a')), digest(content('b'))]);
const CHILD = `const { writeFileAtomic } = require(${JSON.stringify(writer)});
  const [path, size] = process.argv.slice(1);
  (async () => { for (;;) for (const letter of 'ab') { await writeFileAtomic(path, Buffer.alloc(+size, letter), { force: true }); process.stdout.write('.'); } })();`;

const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-kill9-'));
const path = join(folder, 'y.npy');
let torn = 0;
let stale = 0;
let most = 0;
try {
  await writeFileAtomic(path, content('a'));
  for (let trial = 0; trial < trials; trial++) {
    const child = spawn(process.execPath, ['-e', CHILD, path, String(size)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise(resolve => child.once('exit', resolve));
    // from the first whole write on, anything within two writes' time
    await new Promise(resolve => child.stdout.once('data', resolve));
    await new Promise(resolve => setTimeout(resolve, Math.random() * 60));
    child.kill('SIGKILL');
    await ended;
    if (!whole.has(digest(readFileSync(path)))) torn++;
    const left = readdirSync(folder).length - 1;
    stale += left;
    most = Math.max(most, left);
  }
  await writeFileAtomic(path, content('b'), { force: true });
  const swept = readdirSync(folder).length === 1;
  console.log(
    `${trials} kill -9 during writes of ${options.mib} MiB: ${torn} torn files, ${stale} temporary files seen, at most ${most} at once, swept at the end: ${swept ? 'yes' : 'NO'}`,
  );
  process.exitCode = torn === 0 && most <= 1 && swept ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
