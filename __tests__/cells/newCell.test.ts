import '../helpers/unbundled.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectClose } from '../helpers/expectClose.js';
import { withFolder } from '../helpers/inputFile.js';
import { runCli } from '../helpers/runCli.js';
import { specSchema } from '../helpers/specSchema.js';

/** A cell is one file and one line in src/cells/all.ts: JANET, added here, works everywhere but where a framework would have to have it. */
jest.mock('../../src/cells/all.js', () => {
  const cells = { ...jest.requireActual('../../src/cells/all.js'), janet: jest.requireActual('../helpers/janet').janet };
  return Object.defineProperty(cells, '__esModule', { value: true });
});

const NET = ['--cell', 'janet', '--T', '5', '--D', '3', '--M', '4', '--K', '2', '--N', '3'];
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

async function json(...args: string[]): Promise<any> {
  const { exit: code, stdout, stderr } = await runCli([...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('a cell of one file', () => {
  it('has shapes and counts, and none in the frameworks', async () => {
    const { totals, layers } = await json('shapes', ...NET);
    expect(totals.params).toBe(2 * 4 * (3 + 4 + 1) + 10);
    expect(totals.byFramework).toEqual({ keras: null, torch: null, onnx: null, tfjs: null });
    expect(layers[0].weights[0]).toMatchObject({ name: 'Wx', dims: ['D', '2M'], gates: ['f', 'g'] });
    expect((await runCli(['shapes', '--layers', 'bijanet:4+seq,dense:2', '--D', '3'])).stdout).toContain('bidirectional JANET');
  });

  it('runs with drawn weights as its equations say, in both engines', async () => {
    await withFolder(async folder => {
      writeFileSync(
        join(folder, 'spec.json'),
        JSON.stringify({ input: { timesteps: 5, features: 3 }, layers: [{ kind: 'janet', units: 4 }] }),
      );
      const weights = Object.fromEntries(
        Object.entries({ Wx: [3, 8], Wh: [4, 8], bh: [8] }).map(([name, shape], s) => [
          `janet_1/${name}`,
          { shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => Math.sin(k * 1.7 + s)) },
        ]),
      );
      const x = Array.from({ length: 2 }, (_, n) => Array.from({ length: 5 }, (_, t) => [0, 1, 2].map(d => Math.cos(n + t * 2.3 + d))));
      const [wPath, xPath] = [join(folder, 'w.json'), join(folder, 'x.json')];
      writeFileSync(wPath, JSON.stringify(weights));
      writeFileSync(xPath, JSON.stringify(x));
      const of = (name: string, row: number, column: number) => weights[`janet_1/${name}`].data[row * 8 + column];
      const y = x.map(steps =>
        steps.reduce(
          (h, xt) => {
            const z = (column: number) =>
              of('bh', 0, column) +
              xt.reduce((sum, v, d) => sum + v * of('Wx', d, column), 0) +
              h.reduce((sum, v, m) => sum + v * of('Wh', m, column), 0);
            return h.map((v, m) => sigmoid(z(m)) * v + (1 - sigmoid(z(m))) * Math.tanh(z(4 + m)));
          },
          [0, 0, 0, 0],
        ),
      );
      for (const engine of ['batched', 'manual']) {
        const result = await json(
          'forward',
          '--model',
          join(folder, 'spec.json'),
          '--weights',
          wPath,
          '-i',
          xPath,
          '--engine',
          engine,
          '--dtype',
          'f64',
        );
        expectClose(
          { shape: [2, 4], data: Float64Array.from(result.y.flat()) },
          { shape: [2, 4], data: Float64Array.from(y.flat()) },
          1e-12,
        );
      }
    });
  });

  it('shows its hand calculation', async () => {
    const { stdout } = await runCli(['forward', ...NET, '--step', '1', '--sample', '1']);
    for (const line of ['f = σ(x_t·Wx_f + h_{t−1}·Wh_f + b_f)', '(1 − f)⊙g', 'h_t']) expect(stdout).toContain(line);
  });

  it('keeps every gate and state of every step', async () => {
    await withFolder(async folder => {
      const file = join(folder, 'trace.npz');
      expect((await runCli(['forward', ...NET, '--trace', file])).exit).toBe(0);
      const { tensors } = await json('inspect', file);
      const shapes = Object.fromEntries(tensors.map((t: any) => [t.name, t.shape]));
      expect(shapes).toMatchObject({ 'janet_1/gates/f': [3, 5, 4], 'janet_1/gates/g': [3, 5, 4], 'janet_1/h': [3, 5, 4] });
    });
  });

  it('its own gates in another order are named', async () => {
    const { exit: code, stdout } = await runCli([
      'compare',
      ...NET,
      '--seed',
      '3',
      '--init',
      'standard_normal',
      '--simulate',
      'gate-order:gf',
      '--json',
    ]);
    const result = JSON.parse(stdout);
    expect([code, result.explanations[0].code]).toEqual([1, 'gate-order:gf']);
  });

  it('has a NumPy script, written from its own equations', async () => {
    const { exit: code, stdout } = await runCli(['forward', ...NET, '--emit', 'numpy']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('        h_t = f * h + (1 - f) * g\n')]);
  });

  it('is in the JSON Schema, the grammar and help', async () => {
    expect(JSON.stringify(specSchema())).toContain('"janet"');
    expect((await runCli(['shapes', '--help'])).stdout).toMatch(/--cell.*janet|janet.*--cell/s);
    expect((await runCli(['shapes', '--layers', 'janett:4', '--D', '3'])).stderr).toContain('janet');
    expect((await runCli(['completion', 'bash'])).stdout).toContain('janet');
  });

  it.each([
    ['convert', 'out.npz', '--to', 'keras'],
    ['convert', 'out.safetensors', '--to', 'torch'],
    ['convert', 'out.onnx', '--to', 'onnx'],
    ['convert', 'out.npz', '--to', 'flax'],
  ])('%s to %s %s %s is refused by name', async (command, output, flag, to) => {
    await withFolder(async folder => {
      const spec = join(folder, 'spec.json');
      const weights = join(folder, 'w.npz');
      writeFileSync(spec, JSON.stringify({ input: { timesteps: 5, features: 3 }, layers: [{ kind: 'janet', units: 4 }] }));
      expect((await runCli(['forward', '--model', spec, '--seed', '1', '--N', '2', '-o', join(folder, 'y.npy')])).exit).toBe(0);
      const drawn = { Wx: [3, 8], Wh: [4, 8], bh: [8] };
      const arrays = Object.entries(drawn).map(([name, shape]) => [
        `janet_1/${name}`,
        { shape, data: new Array(shape.reduce((a, b) => a * b, 1)).fill(0.1) },
      ]);
      writeFileSync(weights.replace('.npz', '.json'), JSON.stringify(Object.fromEntries(arrays)));
      const { exit: code, stderr } = await runCli([
        command,
        spec,
        join(folder, output),
        flag,
        to,
        '--weights',
        weights.replace('.npz', '.json'),
      ]);
      expect([code, stderr]).toEqual([3, expect.stringContaining('janet has no')]);
    });
  });

  it.each([
    [['forward', ...NET, '--emit', 'keras']],
    [['forward', ...NET, '--emit', 'torch']],
    [['forward', ...NET, '--rng', 'keras']],
    [['forward', ...NET, '--rng', 'torch']],
  ])('%j is refused by name', async args => {
    const { exit: code, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([3, expect.stringContaining('janet has no')]);
  });
});
