// Mutation fuzzing of every reader: npm run fuzz -- [--seconds 60] [--cases 100000] [--reader npy,npz] [--seed 1] [--json report.json]
//   --case N --reader npy    writes mutant N to ./mutant.npy and says what reading it does
//   --golden                 writes __tests__/fuzz/golden.json anew (after a good file was added)
//   --planted                breaks the readers in five ways and checks that each is noticed
// Each reader runs in a worker under a watchdog: a mutant that takes longer than 10 s ends the campaign with its number.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REFERENCE = join(ROOT, '__tests__', 'reference');
const GOLDEN = join(ROOT, '__tests__', 'fuzz', 'golden.json');
const CACHE = join(ROOT, 'node_modules', '.cache', 'rnn-cli');
/** of one mutant; before the first one the files are read, six times as long */
const HANG_MS = 10_000;
/** Mutants for one worker: where it did 2,000 of h5, V8 of Node 20.20.2 died in the sentence of an error (the text of a number). */
const FOR_A_WORKER = 200;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string' },
    cases: { type: 'string' },
    reader: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    case: { type: 'string' },
    golden: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
  },
});

/** Faults put into the readers' source: file, the text that stands there, what replaces it. */
const PLANTED = [
  ['skip the CRC', 'npz', 'src/formats/bytes/zip.ts', 'if (found === crc) return;', 'return;'],
  ['skip the overlap of tensors', 'safetensors', 'src/formats/safetensors.ts', 'if (begin !== free)', 'if (begin > free)'],
  [
    'off by one at the end',
    'npy',
    'src/formats/npy.ts',
    'readNumbers(source, dataStart + first * DTYPE_BYTES[dtype], count, dtype',
    'readNumbers(source, dataStart + first * DTYPE_BYTES[dtype], Math.max(0, count - 1), dtype',
  ],
  [
    'drop the last tensor',
    'npz',
    'src/formats/npz.ts',
    'if (tensors.size === 0) notes',
    'tensors.delete([...tensors.keys()].pop() ?? ""); if (tensors.size === 0) notes',
  ],
  [
    'take column-major for row-major',
    'npy',
    'src/formats/npy.ts',
    'if (!fortranOrder || size === 0n) return lazyTensor',
    'if (!fortranOrder || size >= 0n) return lazyTensor',
  ],
];

/** The harness as one file, with a planted fault or without. */
async function bundle(name, fault) {
  mkdirSync(CACHE, { recursive: true });
  const outfile = join(CACHE, `${name}.cjs`);
  let planted = 0;
  const plugin = {
    name: 'plant',
    setup(b) {
      b.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        if (!fault || !path.split('\\').join('/').endsWith(fault[2])) return { contents: source, loader: 'ts' };
        if (!source.includes(fault[3])) throw new Error(`${fault[2]} no longer has: ${fault[3]}`);
        planted++;
        return { contents: source.replace(fault[3], fault[4]), loader: 'ts' };
      });
    },
  };
  await build({
    entryPoints: [join(ROOT, '__tests__', 'helpers', 'fuzz', 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    define: { __VERSION__: '"fuzz"' },
    packages: 'external',
    plugins: [plugin],
    logLevel: 'warning',
  });
  if (fault && planted !== 1) throw new Error(`${fault[2]} is not in the bundle`);
  return outfile;
}

const WORKER = `
  const { parentPort, workerData: w } = require('node:worker_threads');
  const { allTargets, runCampaign } = require(w.file);
  const now = new Int32Array(w.shared);
  const target = allTargets(w.reference).find(t => t.reader === w.reader);
  const end = w.seconds === undefined ? Infinity : performance.now() + w.seconds * 1000;
  runCampaign({ target, seed: w.seed, from: w.from, cases: w.cases, golden: w.golden, until: () => performance.now() > end,
    onCase: index => { Atomics.store(now, 0, index + 1); } })
    .then(r => parentPort.postMessage(r));
`;

/** The reports of all workers of a reader as one. */
async function campaign(file, reader, { seconds, cases, seed }) {
  const until = Date.now() + 1000 * (seconds ?? Number.POSITIVE_INFINITY);
  let whole;
  for (let from = 0; from < cases && Date.now() < until && (whole?.failures.length ?? 0) < 20; from += FOR_A_WORKER) {
    const left = seconds && (until - Date.now()) / 1000;
    const part = await piece(file, reader, { seconds: left, from, cases: Math.min(cases, from + FOR_A_WORKER), seed });
    whole = whole ? joined(whole, part) : part;
  }
  const { reportText } = createRequire(import.meta.url)(file);
  return { text: reportText(whole), report: { ...whole, refused: Object.fromEntries(whole.refused) } };
}

function joined(a, b) {
  const sum = key => a[key] + b[key];
  const slower = b.slowestMs > a.slowestMs ? b : a;
  return {
    reader: a.reader,
    tried: sum('tried'),
    same: sum('same'),
    different: sum('different'),
    refused: new Map(
      [...a.refused.keys(), ...b.refused.keys()].map(code => [code, (a.refused.get(code) ?? 0) + (b.refused.get(code) ?? 0)]),
    ),
    canaries: sum('canaries'),
    slowestMs: slower.slowestMs,
    slowestCase: slower.slowestCase,
    peakRssMiB: Math.max(a.peakRssMiB, b.peakRssMiB),
    failures: [...a.failures, ...b.failures],
  };
}

/** Mutants from number `from` on, in a worker under the watchdog. */
function piece(file, reader, { seconds, from, cases, seed }) {
  const shared = new SharedArrayBuffer(4);
  const now = new Int32Array(shared);
  const golden = JSON.parse(readFileSync(GOLDEN, 'utf8'));
  const worker = new Worker(WORKER, {
    eval: true,
    workerData: { file, reader, reference: REFERENCE, seconds, from, cases, seed, golden, shared },
  });
  return new Promise((resolve, reject) => {
    let last = -1;
    let since = Date.now();
    const watchdog = setInterval(() => {
      const index = Atomics.load(now, 0);
      if (index !== last) [last, since] = [index, Date.now()];
      else if (Date.now() - since > (index === 0 ? 6 : 1) * HANG_MS) {
        clearInterval(watchdog);
        worker.terminate();
        const nothing = { same: 0, different: 0, canaries: 0, slowestMs: 0, slowestCase: index - 1, peakRssMiB: 0, refused: new Map() };
        resolve({ ...nothing, reader, tried: Math.max(0, index - from), failures: [`case ${index - 1} hangs`] });
      }
    }, 500);
    worker.on('message', message => {
      clearInterval(watchdog);
      resolve(message);
    });
    worker.on('error', error => {
      clearInterval(watchdog);
      reject(error);
    });
  });
}

async function plantedFaults() {
  let caught = 0;
  for (const [i, fault] of PLANTED.entries()) {
    const file = await bundle(`fuzz-planted-${i}`, fault);
    const { report } = await campaign(file, fault[1], { cases: 4000, seed: Number(options.seed) });
    if (report.failures.length > 0) caught++;
    console.log(
      `${report.failures.length > 0 ? 'caught' : 'MISSED'}  ${fault[0]}: ${report.failures[0] ?? `nothing in ${report.tried} mutants`}`,
    );
  }
  console.log(`${caught} of ${PLANTED.length} planted faults caught`);
  process.exitCode = caught === PLANTED.length ? 0 : 1;
}

async function oneCase(file) {
  const { allTargets, makeMutant } = createRequire(import.meta.url)(file);
  const target = allTargets(REFERENCE).find(t => t.reader === options.reader);
  const mutant = makeMutant(target, Number(options.seed), Number(options.case));
  writeFileSync(`mutant.${options.reader}`, mutant.bytes);
  console.log(`mutant.${options.reader}: ${mutant.bytes.length} bytes, made of ${mutant.name}`);
}

async function campaigns(file) {
  const { allTargets } = createRequire(import.meta.url)(file);
  const wanted = options.reader?.split(',');
  const readers = allTargets(REFERENCE)
    .map(t => t.reader)
    .filter(reader => !wanted || wanted.includes(reader));
  const total = options.seconds === undefined && options.cases === undefined ? 60 : Number(options.seconds);
  const limits = {
    seconds: Number.isFinite(total) ? total / readers.length : undefined,
    cases: options.cases === undefined ? Number.POSITIVE_INFINITY : Number(options.cases),
    seed: Number(options.seed),
  };
  const reports = [];
  for (const reader of readers) {
    const { text, report } = await campaign(file, reader, limits);
    console.log(text);
    reports.push(report);
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(reports, null, 1)}\n`);
  process.exitCode = reports.some(r => r.failures.length > 0) ? 1 : 0;
}

if (options.planted) await plantedFaults();
else {
  const file = await bundle('fuzz');
  if (options.golden) {
    const { allTargets, goldenOf } = createRequire(import.meta.url)(file);
    writeFileSync(GOLDEN, `${JSON.stringify(await goldenOf(allTargets(REFERENCE)), null, 2)}\n`);
  } else if (options.case !== undefined) await oneCase(file);
  else await campaigns(file);
}
