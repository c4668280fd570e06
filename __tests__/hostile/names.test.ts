import { main } from '../../src/cli/main.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** Names that would steer a terminal or an object: in every report they are text, and data stay data. */
const { path, write } = temporaryFolder();
const ESCAPE = '\u001b[31mred\u202e\u009b2J\u2066';
const KEYS = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString'];
// biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

async function run(...argv: string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const stream = (take: (text: string) => void) => ({
    write(data: string | Uint8Array, done: (error?: Error | null) => void) {
      take(typeof data === 'string' ? data : Buffer.from(data).toString('latin1'));
      done();
    },
    on: () => undefined,
  });
  const io = { stdout: stream(text => (stdout += text)), stderr: stream(text => (stderr += text)), env: {} };
  return { exit: await main(argv, io as never), stdout, stderr };
}

const spec = (first: string, second: string) =>
  JSON.stringify({
    input: { timesteps: 4, features: 3 },
    layers: [
      { kind: 'lstm', units: 3, name: first },
      { kind: 'dense', units: 2, name: second },
    ],
  });

describe('a layer named with escape sequences', () => {
  const file = () => write('esc.json', spec(ESCAPE, 'out'));
  it.each([
    ['shapes'],
    ['shapes', '--summary'],
    ['shapes', '--json'],
    ['shapes', '--style', 'box'],
    ['shapes', '--style', 'markdown'],
    ['forward'],
    ['forward', '--states'],
    ['forward', '--trace'],
    ['forward', '--json'],
    ['compare', '--simulate', 'state-carry', '--N', '3'],
    ['compare', '--simulate', 'state-carry', '--N', '3', '--json'],
    ['forward', '--T', '5'],
  ])('is text in: %s %s', async (...argv) => {
    const { stdout, stderr } = await run(...argv, '--model', file());
    expect(stdout + stderr).not.toMatch(UNSAFE);
    expect((stdout + stderr).length).toBeGreaterThan(10);
  });
});

it.each(KEYS)('a layer called %s is a layer like any other', async name => {
  const named = JSON.parse((await run('forward', '--model', write('key.json', spec(name, 'out')), '--json')).stdout);
  const plain = JSON.parse((await run('forward', '--model', write('plain.json', spec('lstm', 'out')), '--json')).stdout);
  expect([named.shape, named.schema]).toEqual([plain.shape, plain.schema]);
  const shapes = JSON.parse((await run('shapes', '--model', path('key.json'), '--json')).stdout);
  expect([shapes.layers[0].name, shapes.totals.params]).toEqual([name, 92]);
  expect(({} as Record<string, unknown>).units).toBeUndefined();
});

it.each(['npz', 'safetensors', 'json'])('arrays of a .%s called like properties of every object are arrays', async format => {
  const y = { shape: [1, 2], data: Float32Array.of(1, 2) };
  const arrays = Object.fromEntries(KEYS.filter(key => key !== '__proto__').map(key => [key, y]));
  const file = write(`keys.${format}`, await bytesOf(format, arrays));
  for (const key of Object.keys(arrays)) {
    const { exit, stderr } = await run('compare', '--against', `${file}:${key}`, '-q', '--seed', '42');
    expect([key, exit, stderr]).toEqual([key, 1, '']);
  }
  expect((await run('compare', '--against', `${file}:valueOf`)).stderr).toContain("has no array 'valueOf'");
});

it('an array named with escape sequences is text where it is listed', async () => {
  const y = { shape: [1, 2], data: Float32Array.of(1, 2) };
  for (const format of ['npz', 'safetensors', 'json']) {
    const file = write(`esc.${format}`, await bytesOf(format, { [ESCAPE]: y, other: y }));
    for (const [expected, ...argv] of [
      [3, 'compare', '--against', file],
      [3, 'forward', '--weights', file],
      [0, 'forward', '-i', `${file}:${ESCAPE}`],
    ] as const) {
      const { exit, stdout, stderr } = await run(...argv);
      expect([argv, exit]).toEqual([argv, expected]);
      expect(stdout + stderr).not.toMatch(UNSAFE);
    }
  }
});
