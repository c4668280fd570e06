// What the batched engine promises about its numbers, on W2 to W7 (docs/internals/performance.md):
//   node bench/proof.mjs [--only W3] [--samples 2]
// 1. how far from the float64 loop, as a part of the largest value, beside ONNX Runtime, on the first samples;
// 2. one sha256 for plain TypeScript, the WASM kernel, 1, 2 and 4 threads, and for pieces of five sizes.
// Random networks of all cells and options: node scripts/differential.mjs --networks 2000.
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ourEngines } from './ours.mjs';
import { networkOf, WORKLOADS } from './workloads.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' }, samples: { type: 'string', default: '2' } } });
const engines = await ourEngines();
const [manual, batched, onnxruntime] = ['manual', 'batched', 'onnxruntime'].map(engines.getEngine);
const only = values.only?.split(',');
const f32 = more => ({ dtype: 'f32', trace: false, threads: 1, ...more });

for (const workload of WORKLOADS.filter(w => (only ? only.includes(w.name) : w.name !== 'W1'))) {
  const network = networkOf(engines, workload);
  const y = await run(batched, network, network.x, f32());
  await distances(workload, network, y);
  await sameBits(workload, network, y);
}
process.exit();

async function run(engine, { model, weights }, x, options) {
  return (await engine.run(model, weights, { x }, options)).y;
}

async function distances({ name }, network, y) {
  const n = Math.min(Number(values.samples), network.x.shape[0]);
  const truth = await run(manual, network, slice(network.x, 0, n), { dtype: 'f64', trace: false });
  const theirs = await run(onnxruntime, network, network.x, f32()).catch(() => undefined);
  const [ours, ort] = [y, theirs].map(t => t && distance(truth.data, t.data));
  const ratio =
    ort === undefined
      ? ''
      : `   onnxruntime ${ort.toExponential(2)}   ${(ours / ort).toFixed(2)} of it   ${ours <= 2 * ort ? 'yes' : 'NO'}`;
  if (ort !== undefined && ours > 2 * ort) process.exitCode = 1;
  console.log(`${name}  from float64 (${n} samples): ${ours.toExponential(2)}${ratio}`);
}

/** the largest difference as a part of the largest value */
function distance(truth, other) {
  let [difference, largest] = [0, 0];
  for (let k = 0; k < truth.length; k++) {
    difference = Math.max(difference, Math.abs(truth[k] - other[k]));
    largest = Math.max(largest, Math.abs(truth[k]));
  }
  return difference / largest;
}

async function sameBits({ name }, network, y) {
  const N = network.x.shape[0];
  const wanted = sha256([y]);
  const ways = new Map();
  for (const threads of [2, 4]) ways.set(`${threads} threads`, sha256([await run(batched, network, network.x, f32({ threads }))]));
  for (const size of [1, 3, 7, 20, 33].filter(size => size < N)) {
    // all of a small N; else the pieces that make up the first and the last samples
    const ends = N / size > 64 ? [0, N - (N % (32 * size)) - 32 * size] : [0];
    for (const start of ends) {
      const end = N / size > 64 ? start + 32 * size : N;
      const parts = [];
      for (let from = start; from < end; from += size)
        parts.push(await run(batched, network, slice(network.x, from, Math.min(end, from + size)), f32()));
      ways.set(`pieces of ${size} from ${start}`, sha256(parts) === sha256([slice(y, start, end)]) ? wanted : 'other');
    }
  }
  const few = Math.min(N, 3);
  const plain = await run(batched, network, slice(network.x, 0, few), f32({ trace: true })); // a trace is kept in plain TypeScript
  ways.set(`plain TypeScript, ${few} samples`, sha256([plain]) === sha256([slice(y, 0, few)]) ? wanted : 'other');
  const others = [...ways].filter(([, digest]) => digest !== wanted).map(([way]) => way);
  if (others.length > 0) process.exitCode = 1;
  console.log(
    `${name}  ${wanted.slice(0, 16)}…  ${ways.size} ways: ${others.length === 0 ? 'the same bits' : `OTHER BITS in ${others.join(', ')}`}`,
  );
}

function slice({ shape: [N, ...rest], data }, from, to) {
  const width = data.length / N;
  return { shape: [to - from, ...rest], data: data.subarray(from * width, to * width) };
}

function sha256(tensors) {
  const hash = createHash('sha256');
  for (const { data } of tensors) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}
