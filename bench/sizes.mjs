// Files of every size: what stands in the header costs what the header costs. Whole processes; the numbers of .safetensors and .npy are holes, so 20 GB take no room,
// and 0.5 GB in the other formats are written. PATH is a Python with Keras, TensorFlow and PyTorch, which write what the program only reads; and how long the formats'
// own readers take, those that it has, against inspect.
//   node bench/sizes.mjs [--pairs 5] [--units 4000] [--python PATH] [--json]        (after npm run build; a file system with sparse files; peak memory where /proc is)
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeNpy, writeSafetensors } from './files.mjs';
import { median } from './median.mjs';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    units: { type: 'string', default: '4000' },
    python: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const binary = fileURLToPath(new URL('../bin/rnn-cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bench-'));
const TIMES = 1.15;
const MEBIBYTES = 80;

function run(program, argv) {
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`${argv.join(' ')}\n${stderr}`);
  return stdout;
}

function milliseconds(argv, program = process.execPath, words = [binary]) {
  const started = process.hrtime.bigint();
  run(program, [...words, ...argv]);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

/** Peak of the resident memory in MiB: VmHWM, looked at until the process is gone. */
function peak(argv) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [binary, ...argv], { cwd: folder, stdio: 'ignore' });
    let most = null;
    const look = setInterval(() => {
      try {
        most = Math.max(most ?? 0, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1] ?? 0) / 1024);
      } catch {
        // gone, or no /proc
      }
    }, 2);
    child.once('exit', () => {
      clearInterval(look);
      resolve(most);
    });
  });
}

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
        binary,
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

/** inspect of much against little, and the format's own reader against inspect, in turn. */
async function formatRow([what, small, large], readers) {
  const reader = readers.has(large.split('.').at(-1)) ? [script('headers.py'), large] : undefined;
  const turns = Array.from({ length: Number(values.pairs) }, () => {
    const little = milliseconds(['inspect', small, '-q']);
    const much = milliseconds(['inspect', large, '-q']);
    return { ratio: much / little, python: reader && milliseconds(reader, values.python, []) / much };
  });
  return {
    what: `inspect ${values.units} units, ${what}`,
    ratio: median(turns.map(t => t.ratio)),
    memory: await peak(['inspect', large, '-q']),
    python: reader && median(turns.map(t => t.python)),
  };
}

const rows = [];
try {
  const readers = new Set(
    values.python
      ? run(values.python, [script('headers.py'), 'modules'])
          .trim()
          .split(' ')
      : [],
  );
  for (const files of written()) rows.push(await formatRow(files, readers));
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
    const argv = size =>
      command === 'shapes' ? ['shapes', '--weights', `${size}.${ending}`, '-q'] : ['inspect', `${size}.${ending}`, '-q'];
    for (const size of ['0.5 GB', '20 GB']) {
      const ratios = Array.from({ length: Number(values.pairs) }, () => {
        const small = milliseconds(argv('10 KB'));
        return milliseconds(argv(size)) / small;
      });
      rows.push({ what: `${command} ${size} .${ending}`, ratio: median(ratios), memory: await peak(argv(size)) });
    }
  }
  const growth = [10, 100, 1000, 10_000, 100_000].map(count => {
    const tensors = Object.fromEntries(Array.from({ length: count }, (_, k) => [`l${k}.weight`, { shape: [4, 4] }]));
    writeSafetensors(join(folder, `${count}.safetensors`), tensors);
    const limits = count > 10_000 ? ['--max-tensors', '1000000', '--max-header', '128MiB'] : [];
    return { tensors: count, ms: milliseconds(['inspect', `${count}.safetensors`, '-q', ...limits]) };
  });
  const layers = [1, 10, 100, 1000, 10_000, 100_000].map(count => {
    return { layers: count, ms: milliseconds(['shapes', '--layers', `lstm:8+seq+x${count}`, '--D', '3', '-q']) };
  });
  const compared = [1, 10, 100, 1000].map(count => {
    const net = ['--layers', `rnn:3+seq+x${count}`, '--D', '3', '--T', '4', '--seed', '1', '-q'];
    milliseconds(['forward', ...net, '-o', 'y.npy', '--force']);
    return { layers: count, ms: milliseconds(['compare', ...net, '--against', 'y.npy']) };
  });
  if (values.json) console.log(JSON.stringify({ bench: 'sizes', node: process.version, rows, growth, layers, compared }));
  else {
    for (const { what, ratio, memory, python } of rows) {
      const good = ratio <= TIMES && (memory ?? 0) <= MEBIBYTES;
      const wanted = `${TIMES}× and ${MEBIBYTES} MiB at most wanted: ${good ? 'reached' : 'missed'}`;
      const reader = python === undefined ? '' : `   its own reader takes ${python.toFixed(1)}×`;
      console.log(`${what.padEnd(36)}${ratio.toFixed(2)}× the time of 10 KB, ${memory?.toFixed(0) ?? '?'} MiB   ${wanted}${reader}`);
    }
    console.log(`inspect, ms by tensors: ${growth.map(g => `${g.tensors}: ${g.ms.toFixed(0)}`).join('  ')}`);
    console.log(`shapes, ms by layers: ${layers.map(g => `${g.layers}: ${g.ms.toFixed(0)}`).join('  ')}`);
    console.log(`compare, ms by layers: ${compared.map(g => `${g.layers}: ${g.ms.toFixed(0)}`).join('  ')}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
