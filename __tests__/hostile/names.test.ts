import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { CommandName } from '../../src/cli/flag.js';
import { main } from '../../src/cli/main.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { useBuiltPage } from '../helpers/builtPage.js';
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

/** What one of its readers takes for more than text: a formula, a tag, a link, a code of a terminal, a string's end in three languages. */
const HOSTILE = [
  `=1+cmd|'/C x'!A1 \u001b[5mq\u202e\u009b2J\u2066<img src=x onerror=alert(1)></script>`,
  `\`a\`![i](http://x)|b"'''"""\\|\\\nnew\r\t#{x}%s--> ]]>`,
].join('');
/** What each kind of text must not hold. */
const READERS: Record<string, (text: string) => void> = {
  text: () => undefined,
  csv: text => {
    const cells: string[][] = parse(text, { relax_column_count: true });
    for (const cell of cells.flat()) expect(cell).not.toMatch(/^[=+@\t\r]|^-(?![\d.]|Inf|$)/);
  },
  markdown: text => {
    const without = text.replace(/\\\\/g, '');
    expect(without).not.toMatch(/(?<!\\)<img|(?<!\\)\]\(|(?<!\\)`/);
    const table = without.split('\n').filter(line => line.startsWith('| '));
    const columns = table.map(line => line.replace(/\\\|/g, '').split('|').length);
    expect(new Set(columns).size).toBeLessThanOrEqual(2);
  },
  svg: text => expect(text).not.toMatch(/<(img|\/?script)/),
  html: text => expect(text).not.toMatch(/<img|<\/script>`/),
  mermaid: text => expect(text).not.toMatch(/<(?!br\/>)|`|"[^"\n]*"[^"\n]*"[^"\n]*"[^"\n]*"[^"\n]*"/),
  json: text => {
    for (const line of text.trim().split('\n')) JSON.parse(line);
  },
  // nothing of the name stands outside of string literals and comments
  python: text => {
    const code = text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '').replace(/#.*/g, '');
    expect(code).not.toMatch(/onerror|alert|cmd/);
  },
};

const REPORTS: readonly (readonly [command: CommandName, kind: string, line: string])[] = [
  ['shapes', 'text', ''],
  ['shapes', 'markdown', '--style markdown'],
  ['shapes', 'csv', '--style csv'],
  ['shapes', 'mermaid', '--mermaid'],
  ['shapes', 'svg', '--svg -'],
  ['shapes', 'html', '--html -'],
  ['shapes', 'json', '--json'],
  ['forward', 'text', '-v'],
  ['forward', 'markdown', '--trace --style markdown'],
  ['forward', 'csv', '--trace --style csv'],
  ['forward', 'svg', '--svg -'],
  ['forward', 'html', '--html -'],
  ['forward', 'json', '--json'],
  ['forward', 'python', '--emit keras'],
  ['compare', 'text', '--N 3'],
  ['compare', 'markdown', '--simulate state-carry --N 3 --style markdown'],
  ['compare', 'html', '--simulate state-carry --N 3 --html -'],
  ['compare', 'json', '--simulate state-carry --N 3 --json'],
  ['inspect', 'text', ''],
  ['inspect', 'markdown', '--style markdown'],
  ['inspect', 'csv', '--style csv'],
  ['inspect', 'html', '--html -'],
  ['inspect', 'json', '--json'],
  ['probe', 'text', '--N 2'],
  ['probe', 'json', '--N 2 --json'],
];

/** Looks at every byte of a report: no control, no mark that turns a line around, nothing that its reader takes for more than text. */
function expectText(kind: string, { stdout, stderr }: { stdout: string; stderr: string }): void {
  const report = kind === 'html' ? stdout.slice(0, stdout.lastIndexOf('<script>')) : stdout;
  expect(report + stderr).not.toMatch(UNSAFE);
  expect((report + stderr).length).toBeGreaterThan(60);
  if (report) READERS[kind](report);
}

describe('one hostile name is text in every report', () => {
  beforeAll(useBuiltPage);
  // made by torch, onnx, h5py and Keras; the configs of the .keras were edited
  const files = join(__dirname, '../reference/hostile_names');
  it.each(['names.keras', 'names.h5', 'names.onnx', 'names.pt'])('names of layers and tensors in %s', async name => {
    for (const [command, kind, line] of REPORTS)
      expectText(kind, await run(command, join(files, name), ...line.split(' ').filter(Boolean)));
    for (const target of ['npz', 'safetensors', 'onnx', 'json'])
      expectText('text', await run('convert', join(files, name), path(`${name}.${target}`), '--force'));
    expectText('text', await run('compare', join(files, name), join(files, 'names.keras')));
    expectText('text', await run('compare', join(files, name), '--against', join(files, 'names.npz')));
  });

  it.each(['class.keras', 'class.pt', 'operator.onnx'])('names of classes and operators in %s', async name => {
    for (const argv of [
      ['inspect'],
      ['inspect', '-v'],
      ['inspect', '--html', '-'],
      ['shapes'],
      ['forward'],
      ['forward', '-v'],
      ['compare'],
      ['probe', '--N', '2', '--T', '2'],
    ])
      expectText(argv.includes('--html') ? 'html' : 'text', await run(argv[0], join(files, name), ...argv.slice(1)));
    expectText('text', await run('convert', join(files, name), path('class.npz'), '--force'));
  });

  it.each(['npz', 'safetensors', 'json'])('and so is the name of a tensor in a .%s', async format => {
    const tensor = (shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)).fill(0.1) });
    const names = [`${HOSTILE}.weight_ih_l0`, `${HOSTILE}.weight_hh_l0`, HOSTILE];
    const weights = write(
      `w.${format}`,
      await bytesOf(format, { [names[0]]: tensor([12, 2]), [names[1]]: tensor([12, 3]), [names[2]]: tensor([4]) }),
    );
    for (const [kind, command, ...argv] of [
      ['text', 'inspect'],
      ['csv', 'inspect', '--style', 'csv'],
      ['markdown', 'inspect', '--style', 'markdown'],
      ['html', 'inspect', '--html', '-'],
      ['json', 'inspect', '--json'],
      ['text', 'shapes'],
      ['text', 'forward', '--T', '3'],
      ['text', 'compare', weights],
      ['json', 'compare', weights, '--json'],
      ['text', 'convert', path('out.npz')],
    ])
      expectText(kind, await run(command, weights, ...argv));
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
    const { exit, stderr } = await run('compare', '--against', `${file}:${key}`, '-q', '--seed', '42', '--no-explain');
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

it('an axis of a graph named with escape sequences is text, and cut, wherever it is shown', async () => {
  const value = (name: string) => ({ name, dtype: 'f32' as const, shape: [`${ESCAPE}${'long '.repeat(20)}`, 3] });
  const node = { name: '', opType: 'Relu', domain: '', inputs: ['x'], outputs: ['y'], attributes: new Map() };
  const graph = { name: 'g', inputs: [value('x')], outputs: [value('y')], initializers: new Map(), nodes: [node] };
  const file = write(
    'axis.onnx',
    await writeOnnx({ irVersion: 8, producerName: '', producerVersion: '', opsets: new Map([['', 17]]), graph }),
  );
  for (const argv of [
    ['inspect', file],
    ['inspect', file, '--json'],
    ['shapes', file],
    ['shapes', file, '--json'],
  ]) {
    const { stdout, stderr } = await run(...argv);
    expect(stdout + stderr).not.toMatch(UNSAFE);
    expect([argv[0], stdout.includes('long '.repeat(12))]).toEqual([argv[0], false]);
    if (argv.includes('--json')) expect(JSON.stringify(JSON.parse(stdout))).not.toContain(JSON.stringify(ESCAPE).slice(1, -1));
  }
});
