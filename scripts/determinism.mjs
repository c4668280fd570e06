// The same bits everywhere: recomputes __tests__/determinism/hashes.json
//   node scripts/determinism.mjs --write                     writes the table (after a network was added; never to make a test pass)
//   node scripts/determinism.mjs [--node 20,22,24] [--jitless] [--no-opt]     over the Nodes of npm's package `node`, samples at a time and threads
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { compileKernel } from './assembly.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TABLE = join(ROOT, '__tests__', 'determinism', 'hashes.json');
const CACHE = join(ROOT, 'node_modules', '.cache', 'rnn-cli');
const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean' },
    node: { type: 'string', default: '20,22,24' },
    samples: { type: 'string', default: '7,1,2,3,5' },
    threads: { type: 'string', default: '1,2,4' },
  },
});

mkdirSync(CACHE, { recursive: true });
const file = join(CACHE, 'determinism.cjs');
await build({
  stdin: {
    contents: `import { hashTable } from './__tests__/helpers/determinism.ts';
      import { forgetKernels, loadKernel } from './src/engines/batched/kernel.ts';
      const [samples, threads, wasm] = process.argv.slice(2).map(Number);
      const ready = wasm ? loadKernel(false).then(kernel => { if (!kernel) throw new Error('no WASM here'); }) : Promise.resolve(forgetKernels());
      ready.then(() => hashTable(samples, threads)).then(table => process.stdout.write(JSON.stringify(table, null, 1) + '\\n'));`,
    resolveDir: ROOT,
    loader: 'ts',
  },
  outfile: file,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  define: { __VERSION__: '"determinism"', __KERNEL__: JSON.stringify((await compileKernel(false)).toString('base64')) },
  packages: 'external',
  logLevel: 'warning',
});

if (options.write) {
  writeFileSync(TABLE, execFileSync(process.execPath, [file, '7', '1', '0']));
} else {
  const expected = JSON.parse(readFileSync(TABLE, 'utf8'));
  const networks = Object.keys(expected);
  let runs = 0;
  let different = 0;
  for (const version of options.node.split(',')) {
    const [command, ...before] = version === process.versions.node.split('.')[0] ? [process.execPath] : ['npx', '-y', `node@${version}`];
    for (const flags of [[], ['--jitless'], ['--no-opt']]) {
      for (const samples of flags.length === 0 ? options.samples.split(',') : ['7']) {
        for (const threads of flags.length === 0 && samples === '7' ? options.threads.split(',') : ['1']) {
          // V8 without its compiler has no WebAssembly
          for (const wasm of flags.includes('--jitless') ? ['0'] : ['0', '1']) {
            const found = JSON.parse(
              execFileSync(command, [...before, ...flags, file, samples, threads, wasm], {
                encoding: 'utf8',
                stdio: ['ignore', 'pipe', 'ignore'],
              }),
            );
            const wrong = networks.filter(line => JSON.stringify(found[line]) !== JSON.stringify(expected[line]));
            runs += networks.length * 3;
            different += wrong.length;
            const verdict = wrong.length === 0 ? 'the same bits' : `DIFFERENT: ${wrong.join(' ')}`;
            const where = `node ${version} ${flags.join(' ') || 'default'}, ${wasm === '1' ? 'WASM' : 'TypeScript'}`;
            console.log(`${where}, ${samples} samples at a time, ${threads} threads: ${verdict}`);
          }
        }
      }
    }
  }
  console.log(`${runs} outputs of ${networks.length} networks, ${different} networks different`);
  process.exitCode = different === 0 ? 0 : 1;
}
