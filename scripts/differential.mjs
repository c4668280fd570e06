// Random networks on manual, batched and ONNX Runtime: node scripts/differential.mjs [--networks 1000] [--from 0] [--tolerance 2e-6] [--plain]
// ONNX Runtime is that of bench/ (npm ci --prefix bench). --plain: batched without its WASM kernel.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { compileKernel } from './assembly.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    networks: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    tolerance: { type: 'string', default: '2e-6' },
    plain: { type: 'boolean', default: false },
  },
});

// two folders deep, so that the engine finds ONNX Runtime where it does from src/engines/
const folder = join(ROOT, 'node_modules', '.cache');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, 'rnn-cli-differential.cjs');
await build({
  stdin: {
    contents: `export { differences, hasOnnxruntime } from './__tests__/helpers/differential.ts';
      export { forgetKernels, loadKernel } from './src/engines/batched/kernel.ts';`,
    resolveDir: ROOT,
    loader: 'ts',
  },
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // import() of a folder is require() of it
  supported: { 'dynamic-import': false },
  define: { __VERSION__: '"differential"', __KERNEL__: JSON.stringify((await compileKernel(false)).toString('base64')) },
  packages: 'external',
  logLevel: 'warning',
});
const { differences, forgetKernels, hasOnnxruntime, loadKernel } = createRequire(import.meta.url)(outfile);
if (!(await hasOnnxruntime())) {
  console.error('onnxruntime-node is not installed: npm ci --prefix bench');
  process.exit(1);
}
// the engine would compile the kernel by itself
if (options.plain) forgetKernels();
else await loadKernel(false);

const found = [];
const first = Number(options.from);
for (let seed = first; seed < first + Number(options.networks); seed++) found.push(await differences(seed));
const expected = options.plain ? 'TypeScript' : 'WASM';
const others = found.filter(d => d.kernel !== expected);
if (others.length > 0) throw new Error(`${others.length} networks did not run on ${expected}`);
const most = engine =>
  found
    .filter(d => d[engine] !== undefined)
    .sort((a, b) => b[engine] - a[engine])
    .slice(0, 5);
let failures = 0;
for (const engine of ['batched', 'onnxruntime']) {
  const compared = found.filter(d => d[engine] !== undefined);
  const beyond = compared.filter(d => !(d[engine] <= Number(options.tolerance)));
  failures += beyond.length;
  const [worst] = most(engine);
  console.log(
    `manual against ${engine}${engine === 'batched' ? ` (${worst.kernel})` : ''}: ${compared.length} networks, ${beyond.length} beyond ${options.tolerance}, ` +
      `largest ${worst[engine].toExponential(1)} (seed ${worst.seed}, ${worst.framework}: ${worst.what})`,
  );
  for (const d of beyond.slice(0, 10)) console.log(`  seed ${d.seed} ${d.framework} ${d.what}: ${d[engine]}`);
}
const refused = found.filter(d => d.onnxruntime === undefined).length;
console.log(`${found.length} networks, ${refused} of them have no ONNX form`);
process.exitCode = failures === 0 ? 0 : 1;
