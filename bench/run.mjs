// Our engines and the peers on W1 to W7 (docs/internals/performance.md), in one process, all in turn, round after round: the median of the ratios of a round counts,
// so a busy machine weighs on everybody alike.
//   npm run bench -- [--only W5,W6] [--seconds 5] [--peers] [--manual] [--all] [--json]
// --peers    onnxruntime-web, tfjs and PyTorch, too (npm run bench:setup; onnxruntime-node is taken whenever it is there)
// --manual   the textbook loop, too: up to a minute a call
// --all      start-up, whole processes against PyTorch's, and streaming after it (npm run build)
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ours, peers, slowOurs } from './contenders.mjs';
import { median } from './median.mjs';
import { ourEngines } from './ours.mjs';
import { peakMeter, peakOfTwo } from './peak.mjs';
import { OWN_TARGETS, TARGETS } from './targets.mjs';
import { flops, networkOf, WORKLOADS } from './workloads.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    peers: { type: 'boolean', default: false },
    manual: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const LEAST_ROUNDS = 3;
/** A call shorter than this is measured many at a time. */
const SHORTEST_MS = 0.2;
const WARM_MS = 500;
/** A call longer than this at its second time will not become short. */
const LONG_MS = 20;
const SPIN_MS = 20;

const engines = await ourEngines();
const { present, absent } = await peers(engines);
const others = present.filter(peer => values.peers || peer.name.startsWith('onnxruntime-node'));
const contenders = [...ours(engines), ...(values.manual ? slowOurs(engines) : []), ...others];
const peak = await peakMeter();
const peakOfBoth = await peakOfTwo(peak);
const only = values.only?.split(',');

const results = [];
for (const workload of WORKLOADS.filter(w => !only || only.includes(w.name))) {
  const result = await measure(workload);
  results.push(result);
  if (!values.json) printWorkload(result);
}
const machine = {
  cpu: os.cpus()[0]?.model.trim(),
  cores: os.availableParallelism(),
  node: process.versions.node,
  platform: `${os.platform()} ${os.arch()}`,
};
const versions = Object.fromEntries(others.map(peer => [peer.name, peer.version]));
if (values.json) console.log(JSON.stringify({ bench: 'engines', machine, versions, absent, results }));
else {
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}`);
  console.log(
    Object.entries(versions)
      .map(([name, version]) => `${name}: ${version}`)
      .join('; '),
  );
  if (values.peers && absent.length > 0) console.log(`not installed: ${absent.join(', ')} (npm run bench:setup)`);
}
if (values.all) for (const script of ['startup.mjs', 'whole.mjs', 'streaming.mjs']) runScript(script);
process.exit();

async function measure(workload) {
  const network = networkOf(engines, workload);
  const open = [];
  for (const contender of contenders) open.push({ contender, ms: [], ...(await contender.open(workload, network)) });
  for (const one of open) one.times = await warm(one);
  const peaks = [];
  const scalings = [];
  const until = performance.now() + Number(values.seconds) * 1000;
  for (let round = 0; round < LEAST_ROUNDS || performance.now() < until; round++) {
    peaks.push(peak());
    scalings.push(peakOfBoth() / peaks[round]);
    // another order every round: nobody is always the one after the one that spoils the cache
    for (const one of shuffled(open)) await once(one);
  }
  for (const { close } of open) await close?.();
  const base = open[0];
  const best = Math.max(...peaks);
  const rows = open.map(({ contender, ms, chose }) => ({
    name: contender.name,
    ...(chose ? { chose } : {}),
    ms: median(ms),
    best: Math.min(...ms),
    gflops: flops(workload) / median(ms) / 1e6,
    // how many times as long as `batched` on one thread
    ratio: median(ms.map((m, round) => m / base.ms[round])),
  }));
  const share = median(base.ms.map((ms, round) => flops(workload) / ms / 1e6 / peaks[round]));
  return {
    ...workload,
    rounds: peaks.length,
    peak: { best, median: median(peaks), twoThreads: median(scalings) },
    share,
    rows,
    verdicts: verdicts(workload.name, rows, share),
  };
}

/** How many calls are one measure, after so many that everything is compiled at its best. */
async function warm(one) {
  await timed(one, 1);
  let ms = await timed(one, 1);
  if (ms >= LONG_MS) return 1;
  const until = performance.now() + WARM_MS;
  while (performance.now() < until) ms = Math.min(ms, await timed(one, ms > SHORTEST_MS ? 1 : 100));
  return ms >= SHORTEST_MS ? 1 : Math.ceil((5 * SHORTEST_MS) / ms);
}

async function once(one) {
  one.ms.push(await timed(one, one.times));
  // ONNX Runtime's own threads wait in a loop for some milliseconds: not on the next one's account
  if (one.contender.spins) await new Promise(resolve => setTimeout(resolve, SPIN_MS));
}

function shuffled(list) {
  const rest = [...list];
  return list.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]);
}

/** Milliseconds of one of `times` calls. */
async function timed({ call }, times) {
  let said = 0;
  const started = performance.now();
  for (let k = 0; k < times; k++) {
    const result = call();
    // waiting costs a microsecond, which is as long as a call of W1
    if (result instanceof Promise) {
      const value = await result;
      if (typeof value === 'number') said += value;
    }
  }
  return (said || performance.now() - started) / times;
}

/** `reached` is a factor of speed: `batched` against a peer, or another way of ours against `batched`; for the peak it is the share. */
function verdicts(workload, rows, share) {
  const ratioOf = name => rows.find(row => row.name === name)?.ratio;
  const against = Object.entries(TARGETS[workload]).map(([name, least]) => ({
    against: name,
    least,
    reached: name === 'peak' ? share : ratioOf(name),
  }));
  const own = OWN_TARGETS.filter(target => target.workloads.includes(workload)).map(({ against: name, least }) => ({
    against: name,
    least,
    reached: 1 / ratioOf(name),
  }));
  return [...against, ...own].flatMap(v => (v.reached === undefined ? [] : [{ ...v, ok: v.reached >= v.least }]));
}

function printWorkload({ name, what, N, T, D, M, rounds, peak: { best, twoThreads }, share, rows, verdicts: list }) {
  console.log(`${name}  ${what}, N=${N} T=${T} D=${D} M=${M}   ${rounds} rounds, peak of WASM SIMD ${best.toFixed(0)} GFLOP/s`);
  console.log(`    ${'median ms'.padStart(38)}   GFLOP/s   / batched   to reach`);
  for (const row of rows) {
    const verdict = list.find(v => v.against === row.name);
    const wanted = verdict ? `${verdict.ok ? 'yes' : 'NO '}  ${short(verdict.least)}` : '';
    console.log(
      `    ${(row.chose ? `${row.name}: ${row.chose}` : row.name).padEnd(27)}${short(row.ms).padStart(11)}${short(row.gflops).padStart(10)}${short(row.ratio).padStart(12)}   ${wanted}`.trimEnd(),
    );
  }
  const ofPeak = list.find(v => v.against === 'peak');
  console.log(
    `    ${(100 * share).toFixed(0)} % of the peak${ofPeak ? ` (to reach ${100 * ofPeak.least} %: ${ofPeak.ok ? 'yes' : 'NO'})` : ''}; two threads had ${twoThreads.toFixed(2)} times the peak of one\n`,
  );
}

function runScript(name) {
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...(values.json ? ['--json'] : [])], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}

/** Three digits, never an exponent. */
function short(x) {
  return x >= 100 ? String(Math.round(x)) : x >= 0.01 ? String(Number(x.toPrecision(3))) : x.toFixed(5);
}
