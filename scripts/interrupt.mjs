// How long an interrupt takes: node scripts/interrupt.mjs [--trials 40] [--while computing,parsing] [--signal SIGINT]      (after npm run build; a POSIX shell is needed)
// SIGINT and SIGTERM at a random moment of a long computation, of parsing a large file, and of writing one. The shell must see 130 or 143,
// nothing may be left in the folder, and an old output must be whole.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const BINARY = fileURLToPath(new URL('../bin/rnn-cli.js', import.meta.url));
const { values: options } = parseArgs({
  options: { trials: { type: 'string', default: '40' }, while: { type: 'string' }, signal: { type: 'string' } },
});
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-interrupt-'));
const OLD = 'the old output';

const SITUATIONS = {
  computing: [
    'forward',
    '--layers',
    'lstm:256+seq,lstm:256,dense:10',
    '--D',
    '64',
    '--T',
    '2000',
    '--N',
    '16',
    '--engine',
    'manual',
    '-o',
    'y.npy',
    '--force',
    '-q',
  ],
  parsing: ['forward', '-i', 'large.json', '-o', 'y.npy', '--force', '-q'],
  // the same through a pipe, where no thread is
  'parsing stdin': ['forward', '-i', '-', '-o', 'y.npy', '--force', '-q'],
  // nothing comes: the signal itself ends the program
  waiting: ['forward', '-i', '-', '-o', 'y.npy', '--force', '-q'],
  // done in some ten milliseconds, once Node is there
  small: ['forward', '-o', 'y.npy', '--force', '-q'],
  writing: ['forward', '--layers', 'rnn:64+seq', '--D', '2', '--T', '2000', '--N', '100', '-o', 'y.npy', '--force', '-q'],
};
writeFileSync(join(folder, 'large.json'), `[${Array.from({ length: 3_000_000 }, (_, k) => `[${k},0.5,1]`).join(',')}]`);
const files = ['large.json', 'y.npy'];
const DELAYS = { small: [0, 120] };

/** @returns milliseconds from the signal to the end, and the exit code a shell sees; undefined when the program was done before it */
function interrupt(name, args, signal, delay) {
  return new Promise(resolve => {
    const stdin = name === 'parsing stdin' ? openSync(join(folder, 'large.json')) : name === 'waiting' ? 'pipe' : 'ignore';
    const child = spawn(process.execPath, [BINARY, ...args], { cwd: folder, stdio: [stdin, 'ignore', 'ignore'] });
    if (typeof stdin === 'number') closeSync(stdin);
    let sent;
    setTimeout(() => {
      sent = performance.now();
      child.kill(signal);
    }, delay);
    child.once('exit', (code, killed) => {
      const exit = code ?? 128 + constants.signals[killed];
      resolve(sent === undefined || exit === 0 ? undefined : { ms: performance.now() - sent, exit });
    });
  });
}

/** Whether the numbers are as many as the header says. */
function isWholeNpy(bytes) {
  const header = bytes.readUInt16LE(8);
  const shape = /'shape': \(([\d, ]*)\)/.exec(bytes.toString('latin1', 10, 10 + header));
  const count = shape?.[1]
    .split(',')
    .filter(Boolean)
    .map(Number)
    .reduce((product, n) => product * n, 1);
  return bytes.length === 10 + header + 4 * count;
}

let failures = 0;
try {
  for (const [name, args] of Object.entries(SITUATIONS)) {
    if (options.while && !options.while.split(',').includes(name)) continue;
    for (const signal of options.signal ? [options.signal] : ['SIGINT', 'SIGTERM']) {
      const times = [];
      for (let trial = 0; trial < Number(options.trials); trial++) {
        writeFileSync(join(folder, 'y.npy'), OLD);
        const [from, to] = DELAYS[name] ?? [150, 700];
        const result = await interrupt(name, args, signal, from + Math.random() * (to - from));
        if (!result) continue;
        times.push(result.ms);
        const expected = signal === 'SIGINT' ? 130 : 143;
        const output = readFileSync(join(folder, 'y.npy'));
        const whole = output.toString('latin1', 0, OLD.length) === OLD || isWholeNpy(output);
        const left = readdirSync(folder).filter(file => !files.includes(file));
        if (result.exit !== expected || !whole || left.length > 0) {
          failures++;
          console.log(
            `FAILURE ${name} ${signal}: exit ${result.exit}, output ${whole ? 'whole' : 'torn'}, left: ${left.join(' ') || 'nothing'}`,
          );
        }
      }
      times.sort((a, b) => a - b);
      const at = share => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
      console.log(
        `${name.padEnd(14)} ${signal.padEnd(8)} ${times.length} interrupted: median ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`,
      );
      if (Number(at(0.99)) > 200) failures++;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
