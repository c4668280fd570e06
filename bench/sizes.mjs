// Files of every size: what stands in the header costs what the header costs. Whole processes; the numbers of .safetensors and .npy are holes, so 20 GB take no room,
// and 0.5 GB in the other formats are written. PATH is a Python with Keras, TensorFlow and PyTorch, which write what the program only reads; and how long the formats'
// own readers take, those that it has, against inspect.
//   node bench/sizes.mjs [--pairs 5] [--units 4000] [--python PATH] [--json]        (after npm run build; a file system with sparse files; peak memory where /proc is)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeNpy, writeSafetensors } from './files.mjs';
import { median } from './median.mjs';
import { BINARY, measure } from './processes.mjs';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    units: { type: 'string', default: '4000' },
    python: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));
const TIMES = 1.15;
const MEBIBYTES = 80;

function run(program, argv) {
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`${argv.join(' ')}\n${stderr}`);
  return stdout;
}

function milliseconds(program, argv) {
  const started = process.hrtime.bigint();
  run(program, argv);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

/** @returns seconds by the clock, and the peak of memory in MiB */
const rnn = argv => measure([BINARY, ...argv, '-q'], { cwd: folder });

function stateDict(M) {
  return {
    'rnn.weight_ih_l0': { shape: [4 * M, M] },
    'rnn.weight_hh_l0': { shape: [4 * M, M] },
    'rnn.bias_ih_l0': { shape: [4 * M] },
    'rnn.bias_hh_l0': { shape: [4 * M] },
  };
}

const SMALL_UNITS = 16;
const script = name => fileURLToPath(new URL(name, import.meta.url));

/** An LSTM of few units and of many, in every format that can be written here. @returns [what, file of few, file of many] */
function written() {
  const units = { small: SMALL_UNITS, large: Number(values.units) };
  const ours = ['npz', 'onnx'];
  for (const [size, M] of Object.entries(units)) {
    writeSafetensors(join(folder, `w-${size}.safetensors`), stateDict(M));
    for (const ending of ours)
      run(process.execPath, [
        BINARY,
        'convert',
        `w-${size}.safetensors`,
        `w-${size}.${ending}`,
        ...(ending === 'npz' ? ['--to', 'torch'] : []),
        '-q',
      ]);
  }
  const files = ours.map(ending => [`.${ending}`, `w-small.${ending}`, `w-large.${ending}`]);
  if (!values.python) return files;
  run(values.python, [script('../scripts/live/bytes.py'), ...Object.entries(units).map(([size, M]) => `${size}=${M}`)]);
  const others = ['keras', 'weights.h5', 'pt', 'pt2', 'json', 'index'].map(ending => [`m-small.${ending}`, `m-large.${ending}`]);
  const names = ['.keras', '.weights.h5', '.pt', '.pt2', 'tfjs', 'TensorBundle'];
  return [...files, ...others.map((pair, i) => [names[i], ...pair])];
}

/** A command on much against the same on little, and the format's own reader against it, in turn. */
function row(what, [small, large], reader) {
  const turns = Array.from({ length: Number(values.pairs) }, () => {
    const little = rnn(small);
    const much = rnn(large);
    const python = reader && milliseconds(values.python, reader) / (1e3 * much.seconds);
    return { ratio: much.seconds / little.seconds, cpu: much.cpu / little.cpu, memory: much.peak, python };
  });
  return {
    what,
    ratio: median(turns.map(t => t.ratio)),
    cpu: median(turns.map(t => t.cpu)),
    memory: median(turns.map(t => t.memory)),
    python: reader && median(turns.map(t => t.python)),
  };
}

const rows = [];

/** Rows are told as they come: all of them take minutes. */
function add(next) {
  rows.push(next);
  if (values.json) return;
  const { what, ratio, cpu, memory, python } = next;
  const good = ratio <= TIMES && memory <= MEBIBYTES;
  const wanted = `${TIMES}× and ${MEBIBYTES} MiB at most wanted: ${good ? 'reached' : 'missed'}`;
  const reader = python === undefined ? '' : `   its own reader takes ${python.toFixed(1)}×`;
  const times = `${ratio.toFixed(2)}× the time of 10 KB (${cpu.toFixed(2)}× the processor's)`;
  console.log(`${what.padEnd(36)}${times}, ${memory ? memory.toFixed(0) : '?'} MiB   ${wanted}${reader}`);
}

try {
  const readers = new Set(
    values.python
      ? run(values.python, [script('headers.py'), 'modules'])
          .trim()
          .split(' ')
      : [],
  );
  for (const [what, ...files] of written()) {
    const reader = readers.has(files[1].split('.').at(-1)) ? [script('headers.py'), files[1]] : undefined;
    const pair = files.map(file => ['inspect', file]);
    add(row(`inspect ${values.units} units, ${what}`, pair, reader));
  }
  for (const [size, M, N] of [
    ['10 KB', 16, 10],
    ['0.5 GB', 4000, 500_000],
    ['20 GB', 25_000, 20_000_000],
  ]) {
    writeSafetensors(join(folder, `${size}.safetensors`), stateDict(M));
    writeNpy(join(folder, `${size}.npy`), [N, 10, 25]);
  }
  for (const [command, ending] of [
    ['inspect', 'safetensors'],
    ['shapes', 'safetensors'],
    ['inspect', 'npy'],
  ]) {
    const argv = size => [command, ...(command === 'shapes' ? ['--weights'] : []), `${size}.${ending}`];
    for (const size of ['0.5 GB', '20 GB']) add(row(`${command} ${size} .${ending}`, [argv('10 KB'), argv(size)]));
  }
  if (values.json) console.log(JSON.stringify({ bench: 'sizes', node: process.version, rows }));
} finally {
  rmSync(folder, { recursive: true });
}
