// The command line of this checkout in this process, and the ONNX Runtime of bench/: a thousand networks need no thousand processes.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileKernel } from '../assembly.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @returns a function from words to exit code and texts */
export async function commandLine() {
  const folder = join(ROOT, 'node_modules', '.cache');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `rnn-cli-live-${process.pid}.cjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/cli/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // import() of a folder is require() of it
    supported: { 'dynamic-import': false },
    define: { __VERSION__: '"live"', __KERNEL__: JSON.stringify((await compileKernel(false)).toString('base64')) },
    packages: 'external',
    logLevel: 'warning',
  });
  const { main } = createRequire(import.meta.url)(outfile);
  return async (...argv) => {
    const texts = ['', ''];
    const stream = i => ({
      write(data, done) {
        texts[i] += data;
        done();
      },
      on: () => undefined,
    });
    const exit = await main(argv, { stdout: stream(0), stderr: stream(1), env: {} });
    return { exit, stdout: texts[0], stderr: texts[1] };
  };
}

/** undefined where it is not installed */
export function onnxruntime() {
  try {
    return createRequire(join(ROOT, 'bench', 'package.json'))('onnxruntime-node');
  } catch {
    return undefined;
  }
}
