import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchedKernels } from '../../src/engines/batched/engine.js';
import { evaluateGraph } from '../../src/engines/graph/evaluate.js';
import { manualKernels } from '../../src/engines/manual.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import type { GraphValue } from '../../src/ops/value.js';
import { readModelFile } from '../../src/run/files/modelFile.js';
import { runInspect } from '../../src/run/inspect.js';

/**
 * Silero's voice activity detectors, as @ricky0123/vad-web ships them: everything stands in the branches of If, the state goes in and out. The
 * signal is a buzz with the formants of an 'a'; ONNX Runtime's voices and last state over 32 chunks (8 at 8000 Hz) are recorded.
 */
interface Case {
  readonly version: string;
  readonly rate: number;
  readonly samples: number;
  readonly chunk: number;
  /** [chunks, N], float32, base64 */
  readonly voice: string;
  /** by the input's name */
  readonly state: Readonly<Record<string, string>>;
}

const { cases } = JSON.parse(readFileSync(join(__dirname, '..', 'reference', 'silero_vad.json'), 'utf8')) as { cases: Case[] };
const fileOf = (version: string) => join(__dirname, `../../node_modules/@ricky0123/vad-web/dist/silero_vad_${version}.onnx`);
const floats = (text: string) => new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);

/** A voice that swells, over a little noise. */
function signal(sample: number, length: number, rate: number): Float32Array {
  const pitch = [130, 190][sample];
  let seed = sample + 1;
  return Float32Array.from({ length }, (_, t) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const swell = Math.sin(2 * Math.PI * (2 + sample) * (t / rate));
    const phase = 2 * Math.PI * (pitch * (t / rate) + swell);
    let voice = 0;
    for (let k = 1; k <= 20; k++) {
      const [a, b] = [(pitch * k - 700) / 130, (pitch * k - 1220) / 200];
      voice += Math.sin(k * phase) * (Math.exp(-a * a) + 0.5 * Math.exp(-b * b) + 0.05);
    }
    return 0.2 * voice * Math.max(0, swell) + 0.002 * (seed / 2 ** 32 - 0.5);
  });
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a, (v, k) => Math.abs(v - b[k])).reduce((most, v) => Math.max(most, v), 0);
}

const GIVES: Readonly<Record<string, string>> = { h: 'hn', c: 'cn', state: 'stateN' };

it.each(cases.map(c => [c.version, c.rate, c] as const))(
  '%s at %i Hz, the state carried',
  async (version, rate, { samples, chunk, voice, state }) => {
    const model = (await readModelFile(fileOf(version))).graph!.model as OnnxModel;
    const sounds = Array.from({ length: samples }, (_, n) => signal(n, 32 * chunk, rate));
    let states = Object.keys(state).map((name): [string, GraphValue] => {
      const M = version === 'legacy' ? 64 : 128;
      return [name, { kind: 'float', shape: [2, samples, M], data: new Float32Array(2 * samples * M) }];
    });
    const [chunks, kernels] = [floats(voice).length / samples, rate === 8000 ? manualKernels('f64') : batchedKernels('f32')];
    const voices: number[] = [];
    for (let k = 0; k < chunks; k++) {
      const data = Float32Array.from(sounds.flatMap(x => [...x.subarray(k * chunk, (k + 1) * chunk)]));
      const inputs = new Map<string, GraphValue>([
        ['input', { kind: 'float', shape: [samples, chunk], data }],
        ['sr', { kind: 'int', shape: [], data: Float64Array.of(rate) }],
        ...states,
      ]);
      const outputs = evaluateGraph(model, inputs, kernels);
      voices.push(...outputs.get('output')!.data);
      states = states.map(([name]) => [name, outputs.get(GIVES[name])!]);
    }
    expect(largest(voices, floats(voice))).toBeLessThan(1e-4);
    for (const [name, value] of states) expect(largest(value.data, floats(state[name]))).toBeLessThan(1e-4);
  },
);

it.each(['legacy', 'v5', 'v6'])('inspect shows the LSTMs and the tensors inside the branches of %s', async version => {
  const { graph, tensors, runs } = await runInspect({ file: fileOf(version) });
  const M = version === 'legacy' ? 64 : 128;
  expect(graph!.recurrent.length).toBe(version === 'legacy' ? 8 : 4);
  for (const layer of graph!.recurrent) expect(layer).toMatchObject({ op: 'LSTM', features: M, units: M });
  expect(tensors.length).toBeGreaterThanOrEqual(28);
  expect(runs).toBe(true);
});
