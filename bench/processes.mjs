import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = name => fileURLToPath(new URL(name, import.meta.url));

export const BINARY = here('../bin/rnn-cli.js');

/**
 * A whole process of Node.
 * @returns seconds by the clock, `cpu` seconds of processors, `peak` memory in MiB (0 where there is no /proc)
 * @throws Error when it fails, with what it said
 */
export function measure(argv, options = {}) {
  const started = process.hrtime.bigint();
  const words = ['--require', here('lastWords.cjs'), ...argv];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', maxBuffer: 2 ** 30, ...options });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (status !== 0) throw new Error(`${argv.join(' ')}\n${stderr}`);
  const [, peak, cpu] = /peak (\d+) cpu (\d+)\s*$/.exec(stderr);
  return { seconds, cpu: Number(cpu) / 1e6, peak: Number(peak) / 1024 };
}
