import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { runCli } from './helpers/runCli.js';

/** The entry for browsers, bundled, in a context that has what a page has and nothing of Node. */
const root = join(__dirname, '..');
const script = `import { buildForBrowser } from './scripts/browser.mjs';
  process.stdout.write(await buildForBrowser({ entryPoints: ['src/browser.ts'], format: 'iife', globalName: 'rnn' }));`;

let page: ReturnType<typeof createContext>;
beforeAll(() => {
  const bundle = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 24 });
  page = createContext({ atob, performance, Blob, Response, DecompressionStream });
  runInContext(bundle, page);
});

const inPage = (code: string) => runInContext(code, page);

it('there is no process, no Buffer and no require', () => {
  expect(inPage('[typeof process, typeof Buffer, typeof require]').join()).toBe('undefined,undefined,undefined');
});

it.each([
  'cell: "rnn", T: 10, D: 3, M: [5], K: 2, N: 4',
  'cell: "lstm", T: 6, D: 4, M: [7, 3], K: 2, N: 3, bidirectional: true, seed: "7"',
  'layers: "gru:6+seq,dense:3@softmax", T: 5, D: 2, N: 2, seed: "9"',
  'cell: "lstm", T: 40, D: 30, M: [33], K: 2, N: 30',
  'cell: "gru", T: 4, D: 3, M: [5], K: 2, rng: "torch", seed: "1"',
  'cell: "rnn", T: 4, D: 3, M: [5], K: 2, rng: "keras", seed: "1"',
])('forward({ %s }) has the bits of the command line', async request => {
  const flags = Object.entries(inPage(`({ ${request} })`)).flatMap(([key, value]) => {
    return value === true ? [`--${key}`] : [`--${key}`, Array.isArray(value) ? value.join(',') : String(value)];
  });
  const { stdout } = await runCli(['forward', '--engine', 'batched', '--json', ...flags]);
  expect(await inPage(`rnn.forward({ ${request} }).then(({ output }) => rnn.sha256(output.y))`)).toBe(JSON.parse(stdout).ySha256);
});

it('shapes counts as the command line does', async () => {
  const { stdout } = await runCli(['shapes', '--cell', 'lstm', '--T', '10', '--json']);
  const { totals } = await inPage('rnn.shapes({ cell: "lstm", T: 10 })');
  expect(JSON.parse(JSON.stringify(totals))).toEqual(JSON.parse(stdout).totals);
});

it('the hand calculation of a unit ends at its h', async () => {
  const [byHand, h] = await inPage(`rnn.forward({ cell: 'gru', T: 4, trace: true }).then(run => {
    const [step] = rnn.handCalculation(run, { sample: 1, step: 3, unit: 2 });
    return [step.lines.at(-1).values[1], run.output.layers.get('gru_1').traces[0].states[0].data[2 * 5 + 1]];
  })`);
  expect(Math.abs(byHand - h)).toBeLessThan(1e-6);
});

it('what a caller can cause is an RnnError', async () => {
  expect(await inPage('rnn.forward({ layers: "lstm:0" }).catch(error => [error instanceof rnn.RnnError, error.exit].join())')).toMatch(
    /^true,[23]$/,
  );
});
