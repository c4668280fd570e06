// Random command lines: npm run lines -- [--cases 50000] [--seed 1] [--minutes 15] [--files FOLDER: its files, each in inspect, shapes and forward]
// Each is run in this program's own process, in a worker under a watchdog, over a folder of good, bad and strange files. It must end within
// a minute of the processor's time (a busy machine is no hang) with an exit code of the list, never 70; errors are one message, stdout of --json is one document, and nothing is left half written.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = join(ROOT, 'node_modules', '.cache', 'rnn-cli', 'lines.cjs');
/** of the processor's time, and of the clock's: what waits takes none */
const HANG = { busy: 60_000, waiting: 20 * 60_000 };
/** Names that may be a model or arrays. */
const READABLE = /\.(npy|npz|h5|hdf5|keras|onnx|ptl?|pth|pt2|safetensors|csv|jsonl?|txt|bin|index)$/;
const FILES = [
  'models/keras/gru_stacked.keras',
  'models/torch/lstm_states_io_op14.onnx',
  'models/torch/lstm_states_io_op14.pt',
  'digits/digits_torch.safetensors',
  'student/printed/w.npz',
  'student/printed/x.npy',
  'student/printed/y.npy',
  'corrupt/npy_bad_object_pickle.npy',
];

if (isMainThread) await campaign();
else await work();

async function campaign() {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '50000' },
      minutes: { type: 'string', default: 'Infinity' },
      seed: { type: 'string', default: '1' },
      files: { type: 'string' },
    },
  });
  const named = values.files && readdirSync(values.files, { recursive: true, withFileTypes: true });
  const list = named?.filter(entry => entry.isFile() && READABLE.test(entry.name)).map(({ parentPath, name }) => join(parentPath, name));
  const { build } = await import('esbuild');
  mkdirSync(join(BUNDLE, '..'), { recursive: true });
  const entry =
    "export { runCli } from './__tests__/helpers/runCli.js'; export { FLAGS } from './src/cli/options.js'; export { COMMANDS, COMMAND_WORDS } from './src/cli/commandWords.js'; export { randomStream } from './__tests__/helpers/randomNetworks.js';";
  await build({
    stdin: { contents: entry, resolveDir: ROOT, loader: 'ts' },
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    external: ['onnxruntime-node'],
    define: { 'import.meta.url': '__filename' },
  });
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-lines-'));
  for (const file of FILES) cpSync(join(ROOT, '__tests__', 'reference', file), join(folder, file.split('/').pop()));
  writeFileSync(join(folder, 'empty.json'), '');
  writeFileSync(join(folder, 'x.csv'), '1,2,3\n4,5,6\n');
  writeFileSync(
    join(folder, 'spec.json'),
    '{"input":{"timesteps":4,"features":3},"layers":[{"kind":"gru","units":2},{"kind":"dense","units":2}]}',
  );
  const total = list ? 3 * list.length : Number(values.cases);
  const until = Date.now() + 60_000 * Number(values.minutes);
  const state = { exits: {}, bad: [], slowest: [0, ''], done: 0 };
  const began = Date.now();
  while (state.done < total && Date.now() < until) await stretch(state, total, until, { seed: Number(values.seed), folder, list });
  const left = readdirSync(folder).filter(name => /\.rnn-cli|\.tmp/.test(name));
  rmSync(folder, { recursive: true, force: true });
  console.log(
    `${state.done} command lines in ${Math.round((Date.now() - began) / 1000)} s; exit codes ${JSON.stringify(state.exits)}; slowest ${state.slowest.join(' ms: ')}; half written ${left.length}; failures ${state.bad.length}`,
  );
  for (const text of state.bad.slice(0, 20)) console.log(text);
  process.exitCode = state.bad.length + left.length > 0 ? 1 : 0;
}

/** One worker's life: until all are done, or one of its lines does not end. */
function stretch(state, total, until, data) {
  return new Promise(resolve => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { ...data, from: state.done, total } });
    let running = '';
    let timer;
    const end = () => {
      clearInterval(timer);
      worker.terminate().then(resolve);
    };
    worker.on('message', message => {
      if (message.begins !== undefined) {
        running = message.begins;
        clearInterval(timer);
        const [spent, since] = [busyMs(), Date.now()];
        timer = setInterval(() => {
          if (busyMs() - spent < HANG.busy && Date.now() - since < HANG.waiting) return;
          state.bad.push(`does not end: ${running}`);
          state.done++;
          end();
        }, 1000);
        return;
      }
      state.done++;
      state.exits[message.exit] = (state.exits[message.exit] ?? 0) + 1;
      if (message.ms > state.slowest[0]) state.slowest = [Math.round(message.ms), running];
      if (message.wrong) state.bad.push(`${message.wrong}: ${running}`);
      if (state.done >= total || Date.now() > until) end();
    });
    worker.on('error', error => {
      state.bad.push(`thrown: ${error.stack}: ${running}`);
      state.done++;
      end();
    });
  });
}

/** Processor time of this process, all its threads. */
function busyMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function work() {
  const { runCli, FLAGS, COMMANDS, COMMAND_WORDS, randomStream } = createRequire(import.meta.url)(BUNDLE);
  const { seed, folder, from, total, list } = workerData;
  const files = readdirSync(folder);
  for (let n = from; n < total; n++) {
    const argv = list
      ? [['inspect'], ['shapes'], ['forward', '--N', '1', '-q']][n % 3].concat(list[Math.floor(n / 3)])
      : randomLine(randomStream(seed * 1_000_003 + n), { FLAGS, COMMANDS, COMMAND_WORDS, files, folder });
    parentPort.postMessage({ begins: argv.join(' ') });
    const began = busyMs();
    const ran = await runCli(argv, { columns: n % 3 === 0 ? 80 : undefined });
    parentPort.postMessage({ exit: ran.exit, ms: busyMs() - began, wrong: wrongIn(ran, argv) });
  }
}

function wrongIn({ exit, stdout, stderr }, argv) {
  if (![0, 1, 2, 3, 4, 5, 6].includes(exit)) return `exit ${exit} ${stderr}`;
  if (/\n\s+at \S+ \(/.test(stderr)) return `a stack: ${stderr}`;
  const failed = exit >= 2 && exit <= 5;
  if (failed !== /error:|"schema":"rnn-cli\/error@1"/.test(stderr)) return `exit ${exit} says ${JSON.stringify(stderr.slice(0, 200))}`;
  if (failed && !argv.includes('--help') && stdout !== '' && argv.includes('--json')) return 'an error, and something on stdout';
  if (
    exit < 2 &&
    argv.includes('--json') &&
    !argv.some(w => /^(--help|--version|-h|-V|-q)$/.test(w)) &&
    !['schema', 'completion'].includes(argv[0])
  ) {
    try {
      JSON.parse(stdout);
    } catch {
      return `no document: ${stdout.slice(0, 200)}`;
    }
  }
}

/** A command, its words, and up to five of its flags (now and then another's), with values that fit, nearly fit or are anything. */
function randomLine(next, { FLAGS, COMMANDS, COMMAND_WORDS, files, folder }) {
  const pick = all => all[Math.floor(next() * all.length)];
  const file = () => (next() < 0.8 ? join(folder, pick(files)) : pick(['missing.npy', folder, '', 'x:y', join(folder, 'w.npz:arr_0')]));
  const strange = [
    '',
    '-',
    '0',
    '-1',
    '1e9',
    'NaN',
    '?',
    '∞',
    '\u001b[31m',
    '../..',
    'a,b',
    '1:2',
    '--',
    'rnn:',
    '"',
    '_',
    '%s',
    '__proto__',
    '9'.repeat(30),
  ];
  const kinds = [
    'rnn:3',
    'lstm:4+seq',
    'bigru:2+seq',
    'gru:3@relu',
    'dense:2',
    'dense:2@softmax',
    'embedding:9x3',
    'conv:4x3',
    'dropout',
    'maxpool',
    'last',
    'batchnorm',
    'layernorm',
    'mgu:2',
    'flatten',
    'rnn',
    'lstm:_',
    'zzz:1',
    'dense:2@_',
  ];
  const layers = () => Array.from({ length: 1 + Math.floor(next() * 4) }, () => pick(kinds)).join(pick([',', ',', ',', ';', ' ']));
  const word = value => {
    if (next() < 0.12) return pick(strange);
    if (value.kind === 'choice') return pick(value.choices);
    if (value.kind === 'file' || value.kind === 'output')
      return value.kind === 'file'
        ? file()
        : join(folder, `out${Math.floor(next() * 3)}.${pick(['npy', 'npz', 'csv', 'json', 'svg', 'html', 'onnx', 'safetensors', 'zzz'])}`);
    return pick(['1', '2', '3', '5', '0.5', layers(), '2,3', 'state-carry', 'y', '1:2', '3,1']);
  };
  const command = pick(COMMANDS);
  const own = FLAGS.filter(flag => flag.commands.includes(command));
  const argv = [command];
  for (const w of COMMAND_WORDS[command]) if (!w.optional || next() < 0.4) argv.push(w.value.kind === 'file' ? file() : word(w.value));
  for (let k = Math.floor(next() * 6); k > 0; k--) {
    const flag = pick(next() < 0.95 ? own : FLAGS);
    const name = pick(flag.flags.split(/[ ,]+/).filter(w => w.startsWith('-')));
    if (flag.key === 'layers' && next() < 0.8) argv.push(name, layers());
    else if (/[<[]/.test(flag.flags))
      argv.push(
        ...(next() < 0.9
          ? [name, flag.key === 'out' || flag.key === 'svg' || flag.key === 'html' ? word({ kind: 'output' }) : word(flag.value)]
          : [name]),
      );
    else argv.push(name);
  }
  return argv;
}
