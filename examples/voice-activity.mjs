// Is there a voice? Silero's network on 32 chunks of a signal, its state carried from each to the next: as in a program that listens.
// The network is in the package @ricky0123/vad-web (npm install @ricky0123/vad-web).
import { createRequire } from 'node:module';
import { inspect, load } from '@rnn-cli/cli';

const model = createRequire(import.meta.url).resolve('@ricky0123/vad-web/dist/silero_vad_v5.onnx');
const [RATE, CHUNK, CONTEXT] = [16000, 512, 64];

const { graph, totals } = await inspect({ file: model });
console.log(`${graph.inputs.map(i => i.name).join(', ')} -> ${graph.outputs.map(o => o.name).join(', ')}; ${totals.numbers} numbers`);
for (const { op, name, features, units } of graph.recurrent) console.log(`${op} ${name.split('__')[0]}: D=${features}, M=${units}`);

/** A buzz with the formants of an 'a' that swells twice, over a little noise. */
let seed = 1;
const signal = Float32Array.from({ length: 32 * CHUNK }, (_, t) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  const s = t / RATE;
  const pitch = 2 * Math.PI * (130 * s + Math.sin(2 * Math.PI * 2 * s));
  let voice = 0;
  for (let k = 1; k <= 20; k++) {
    const [a, b] = [(130 * k - 700) / 130, (130 * k - 1220) / 200];
    voice += Math.sin(k * pitch) * (Math.exp(-a * a) + 0.5 * Math.exp(-b * b) + 0.05);
  }
  return 0.2 * voice * Math.max(0, Math.sin(2 * Math.PI * 2 * s)) + 0.002 * (seed / 2 ** 32 - 0.5);
});

const network = await load({ model });
let state = { shape: [2, 1, 128], data: new Float32Array(256) };
for (let k = 0; k < 32; k++) {
  // each chunk begins with the last samples of the one before
  const data = new Float32Array(CONTEXT + CHUNK);
  data.set(signal.subarray(Math.max(0, k * CHUNK - CONTEXT), (k + 1) * CHUNK), k === 0 ? CONTEXT : 0);
  const input = { input: { shape: [1, data.length], data }, sr: { shape: [], data: [RATE] }, state };
  const { tensors } = await network.forward({ input });
  state = tensors.others.get('stateN');
  const [voice] = tensors.y.data;
  console.log(`${String(k).padStart(2)} ${voice.toFixed(3)} ${'#'.repeat(Math.round(voice * 40))}`);
}
