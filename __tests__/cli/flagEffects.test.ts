import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { COMMANDS } from '../../src/cli/commandWords.js';
import type { CommandName } from '../../src/cli/flag.js';
import { flagsOf } from '../../src/cli/options.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { runCli, words } from '../helpers/runCli.js';

/**
 * No flag is accepted and ignored: each flag of each command changes what is printed, written or answered in one scenario, a refusal included. A new
 * flag has no scenario, and fails here.
 */

const { path, write } = temporaryFolder();
const wave = (...shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + 1)),
});

beforeAll(async () => {
  const weights = { arr_0: wave(3, 5), arr_1: wave(5, 5), arr_2: wave(5), arr_3: wave(5, 2), arr_4: wave(2) };
  const files: Record<string, Record<string, ReturnType<typeof wave>>> = {
    'x.npy': { x: wave(4, 10, 3) },
    'nan.npy': { x: { shape: [1, 10, 3], data: new Float32Array(30).fill(Number.NaN) } },
    'y.npy': { y: wave(4, 2) },
    'h.npy': { h: wave(4, 10, 5) },
    'state.npy': { h: wave(4, 5) },
    'mask.npy': { m: { shape: [4, 10], data: Float32Array.from({ length: 40 }, (_, i) => Number(i % 10 < 6)) } },
    'w.npz': weights,
    'w.json': weights,
    'torch.npz': { weight_ih_l0: wave(20, 3), weight_hh_l0: wave(20, 5), 'fc.weight': wave(2, 5), 'fc.bias': wave(2) },
  };
  for (const [name, tensors] of Object.entries(files)) write(name, await bytesOf(name.split('.')[1], tensors));
  const gru = '{"kind":"gru","units":4}';
  write('net.json', Buffer.from(`{"input":{"timesteps":3,"features":2},"layers":[${gru}]}`));
  write('three.json', Buffer.from(`{"input":{"features":3},"layers":[{"kind":"rnn","units":5},{"kind":"dense","units":2}]}`));
  write('open.json', Buffer.from(`{"layers":[{"kind":"rnn","units":5},{"kind":"dense","units":2}]}`));
  write(
    'two.json',
    Buffer.from(`{"input":{"timesteps":3,"features":2},"layers":[${gru},{"kind":"dense","units":1}],"outputs":["gru_1","dense_1"]}`),
  );
  for (const name of ['old.npy', 'old.svg', 'old.html', 'old.npz']) write(name, Buffer.from('old'));
  // the hidden states of the tutorial network
  await runCli(['forward', ...words('--layers rnn:5+seq --D 3'), '-i', path('x.npy'), '-o', path('hidden.npy')]);
  write('packed.npz', deflated('arr_0.npy', await bytesOf('npy', { a: { shape: [100, 5], data: new Float32Array(500) } })));
});

/** A zip archive of one deflated member. */
function deflated(name: string, content: Uint8Array): Buffer {
  const packed = deflateRawSync(content);
  const head = Buffer.alloc(26);
  head.writeUInt16LE(20, 0);
  head.writeUInt16LE(8, 4);
  head.writeUInt32LE(crc32(content), 10);
  head.writeUInt32LE(packed.length, 14);
  head.writeUInt32LE(content.length, 18);
  head.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), head, Buffer.from(name), packed]);
  const central = Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), head, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}

/** The flag behind the command's usual line, or behind another one. */
type Scenario = string | readonly [line: string, flag: string];
type Scenarios = Readonly<Record<string, Scenario>>;

const NETWORK: Scenarios = {
  N: '--N 3',
  T: '--T 7',
  D: '--D 4',
  M: '--M 4',
  K: '--K 3',
  cell: '--cell gru',
  task: '--task many-to-many',
  pool: '--pool mean',
  bidirectional: '--bidirectional',
  stack: '--stack 2',
  activation: '--activation relu',
  recurrentActivation: ['--cell lstm', '--recurrent-activation hard_sigmoid'],
  layers: '--layers gru:4',
  model: '--model net.json',
  weights: ['--T 5', '--weights w.npz'],
  framework: ['--cell gru', '--framework torch'],
  strict: ['--T 3 --D 2 --layers lstm:4,gru:2', '--strict'],
  json: '--json',
};
/** `probe` searches for a size where none is given: one size is enough to see a flag. */
const PROBED: Scenarios = Object.fromEntries(
  Object.entries(NETWORK).map(([name, scenario]): [string, Scenario] => {
    const [line, flag] = typeof scenario === 'string' ? ['--M 2', scenario] : scenario;
    const sizes = ['N', 'T'].filter(size => size !== name && !`${line} ${flag}`.includes(`--${size} `));
    return [name, [`${line} ${sizes.map(size => `--${size} 3`).join(' ')}`, flag]];
  }),
);
const RUNS: Scenarios = {
  ...NETWORK,
  seed: '--seed 7',
  rng: '--rng numpy',
  inputRng: '--input-rng numpy',
  init: '--init zeros',
  input: '-i x.npy',
  timeMajor: ['-i x.npy', '--time-major'],
  lengths: '--lengths 3,5,2,10',
  mask: '--mask mask.npy',
  h0: '--h0 state.npy',
  c0: ['--cell lstm --N 4', '--c0 state.npy'],
  dtype: '--dtype f64',
  threads: ['--json', '--threads 2'],
  strictFinite: ['-i nan.npy', '--strict-finite'],
  simulate: '--simulate state-carry',
};
const PRINTED: Scenarios = { style: '--style markdown', width: '--width 40', verbose: '-v', help: '--help', version: '--version' };
const COLOURS: Scenarios = { color: '--color never', noColor: '--no-color' };
/** @param line with FILE for a file */
const limitsOn = (line: string): Scenarios => {
  const on = (file: string, flag: string): Scenario => [line.replace('FILE', file), flag];
  return {
    maxFile: on('w.npz', '--max-file 10'),
    maxHeader: on('w.npz', '--max-header 10'),
    maxTensors: on('w.npz', '--max-tensors 2'),
    maxName: on('w.npz', '--max-name 2'),
    maxRank: on('w.npz', '--max-rank 1'),
    maxDim: on('w.npz', '--max-dim 2'),
    maxRatio: on('packed.npz', '--max-ratio 1'),
    maxInflated: on('packed.npz', '--max-inflated 10'),
    maxNesting: on('w.json', '--max-nesting 1'),
    maxMemory: on('w.json', '--max-memory 10'),
    maxTime: on('w.json', '--max-time 0.000001'),
  };
};

const SCENARIOS: Record<CommandName, { readonly line: string; readonly flags: Scenarios }> = {
  shapes: {
    line: '',
    flags: {
      ...NETWORK,
      ...PRINTED,
      ...COLOURS,
      ...limitsOn('FILE'),
      framework: ['--cell lstm', '--framework torch'],
      quiet: ['torch.npz', '-q'],
      summary: '--summary',
      showTrainable: ['--summary', '--show-trainable'],
      svg: '--svg out.svg',
      html: '--html out.html',
      mermaid: '--mermaid',
      force: ['--svg old.svg', '--force'],
    },
  },
  forward: {
    line: '--N 4',
    flags: {
      ...RUNS,
      ...PRINTED,
      ...COLOURS,
      ...limitsOn('FILE --T 3'),
      quiet: ['-i x.npy --T 10 --N 4 -o out.npy', '-q'],
      engine: '--engine manual',
      rows: ['-i x.npy', '--rows 1:3'],
      fast: ['--json', '--fast'],
      emit: '--emit numpy',
      states: '--states',
      trace: '--trace',
      sample: ['--step 2 --N 4', '--sample 2'],
      step: '--step 2',
      unit: '--unit 1',
      plot: '--plot',
      svg: '--svg out.svg',
      html: '--html out.html',
      out: '-o out.npy',
      output: ['two.json', '--output dense_1'],
      chunk: ['-i x.npy', '--chunk 2'],
      force: ['-o old.npy', '--force'],
      jsonl: '--jsonl',
      precision: '--precision 3',
      full: ['--N 30 -o out.npy', '--full'],
    },
  },
  compare: {
    line: '--N 4 --no-explain',
    flags: {
      ...RUNS,
      ...PRINTED,
      ...COLOURS,
      ...limitsOn('FILE --T 3'),
      quiet: '-q',
      style: ['--N 4 --simulate state-carry --no-explain', '--style markdown'],
      engine: ['-i x.npy --against y.npy --no-explain', '--engine manual'],
      against: ['--N 4 --no-explain', '--against y.npy'],
      engines: '--engines batched,manual',
      atol: ['-i x.npy --against y.npy --no-explain', '--atol 9'],
      rtol: ['-i x.npy --against y.npy --no-explain', '--rtol 9999'],
      tol: ['--atol 1 --no-explain', '--tol auto'],
      decimals: ['-i x.npy --against y.npy --no-explain', '--decimals 1'],
      explain: ['--no-explain', '--explain'],
      noExplain: ['--simulate state-carry --N 4', '--no-explain'],
      budget: ['-i x.npy --against y.npy', '--budget 0'],
      states: ['-i x.npy --against hidden.npy --no-explain', '--states'],
      html: '--html out.html',
      force: ['--html old.html --no-explain', '--force'],
      precision: ['--N 4 --simulate state-carry --no-explain', '--precision 3'],
      full: ['--N 30 --simulate state-carry --no-explain', '--full'],
    },
  },
  inspect: {
    line: 'w.npz',
    flags: {
      ...PRINTED,
      ...COLOURS,
      ...limitsOn('FILE'),
      task: '--task many-to-many',
      pool: '--pool mean',
      activation: '--activation relu',
      recurrentActivation: '--recurrent-activation hard_sigmoid',
      framework: ['torch.npz', '--framework keras'],
      weights: ['open.json', '--weights w.npz'],
      sha256: '--sha256',
      expectSha256: '--expect-sha256 00',
      layers: ['torch.npz', '--layers lstm:5+seq,dense:2'],
      T: '--T 5',
      D: ['open.json', '--D 3'],
      html: '--html out.html',
      force: ['w.npz --html old.html', '--force'],
      json: '--json',
      quiet: ['torch.npz', '-q'],
    },
  },
  convert: {
    line: 'w.npz out.json',
    flags: {
      ...PRINTED,
      ...COLOURS,
      ...limitsOn('FILE out.safetensors'),
      style: '--style ascii',
      task: '--task many-to-many',
      pool: '--pool mean',
      activation: '--activation relu',
      recurrentActivation: '--recurrent-activation hard_sigmoid',
      framework: ['w.npz out.npz', '--framework torch'],
      weights: ['three.json out.npz', '--weights w.npz'],
      to: ['w.npz out.npz', '--to torch'],
      layers: ['torch.npz out.onnx', '--layers lstm:5+seq,dense:2'],
      T: ['w.npz out.onnx', '--T 5'],
      D: ['open.json out.npz --weights w.npz', '--D 4'],
      force: ['w.npz old.npz', '--force'],
      json: '--json',
      quiet: '-q',
    },
  },
  probe: {
    line: '--M 2 --N 3 --T 3',
    flags: {
      ...PROBED,
      ...PRINTED,
      ...COLOURS,
      ...limitsOn('FILE --T 3'),
      framework: ['--cell lstm --M 2 --N 2 --T 2', '--framework torch'],
      recurrentActivation: ['--cell lstm --M 2 --N 2 --T 2', '--recurrent-activation relu'],
      seed: '--seed 7',
      init: '--init zeros',
      out: '-o out.npy',
      force: ['-o old.npy', '--force'],
      quiet: '-q',
    },
  },
  explain: { line: 'state-carry', flags: { ...PRINTED, json: '--json' } },
  schema: { line: 'spec', flags: { help: '--help', version: '--version' } },
  completion: { line: 'bash', flags: { help: '--help', version: '--version' } },
};

/** Asks for less of what these never print. */
const NOTHING_TO_LEAVE_OUT: Partial<Record<CommandName, readonly string[]>> = {
  explain: ['quiet', 'verbose', 'color', 'noColor', 'style', 'width'],
  schema: ['quiet', 'verbose', 'color', 'noColor'],
  completion: ['quiet', 'verbose', 'color', 'noColor'],
};

const known = new Map<string, Promise<string>>();

/** Everything that can be seen of a command. */
function seen(command: string, line: string): Promise<string> {
  const found = known.get(`${command} ${line}`) ?? look(command, line);
  known.set(`${command} ${line}`, found);
  return found;
}

async function look(command: string, line: string): Promise<string> {
  const made = () => readdirSync(path('.')).filter(name => name.startsWith('out.'));
  for (const name of made()) rmSync(path(name));
  const argv = words(`${command} ${line}`).map(word =>
    /^[a-z]+\.(npy|npz|json|svg|html|safetensors|onnx)$/.test(word) ? path(word) : word,
  );
  const ran = await runCli(argv, { columns: 100, env: { FORCE_COLOR: '1' } });
  for (const name of ['old.npy', 'old.svg', 'old.html', 'old.npz']) write(name, Buffer.from('old'));
  const untimed = ran.stderr.replace(/[\d.]+ s\b/g, '');
  return JSON.stringify([ran.exit, ran.stdout, untimed, made().map(name => [name, readFileSync(path(name)).toString('latin1')])]);
}

const cases = COMMANDS.flatMap(command =>
  flagsOf(command).flatMap(({ key }) => (NOTHING_TO_LEAVE_OUT[command]?.includes(key) ? [] : [[command, key] as const])),
);

it.each(cases)('%s --%s', async (command, key) => {
  const { line, flags } = SCENARIOS[command];
  expect(Object.keys(flags)).toContain(key);
  const scenario = flags[key];
  const [without, flag] = typeof scenario === 'string' ? [line, scenario] : scenario;
  expect(await seen(command, `${without} ${flag}`)).not.toBe(await seen(command, without));
});

it.each([
  'forward --jsonl --states',
  'forward --jsonl --trace',
  'forward --jsonl --step 2',
  'forward --jsonl --unit 1',
  ...[
    '--simulate state-carry',
    '--states',
    '--trace',
    '--plot',
    '--step 2',
    '--unit 1',
    '--full',
    '--precision 3',
    '--engine manual',
    '--dtype f64',
    '--output y',
  ].map(f => `forward --emit numpy ${f}`),
  'forward --json --precision 3',
  'forward --jsonl --full',
  'forward --json --plot',
  'forward --simulate state-carry --step 2 --N 4',
  'forward --trace --unit 1',
  'compare --json --precision 3',
  'compare --engine manual',
  'forward --weights w.npz --T 3 --init zeros',
  'compare --weights w.npz -i x.npy --against y.npy --seed 3',
  'forward --weights w.npz -i x.npy --rng numpy',
  'forward -i x.npy --input-rng numpy',
  'compare --N 2 --decimals 2',
  'compare -i x.npy --against y.npy --states --no-explain',
])('can do nothing, and is refused: %s', async line => {
  const [exit, stdout, stderr] = JSON.parse(await seen(line.split(' ')[0], line.slice(line.indexOf(' '))));
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toContain('E_CONFLICT');
});

/** Flags that say what is shown and where, behind a line that has something for each of them. */
const SHOWN: readonly (readonly [command: CommandName, line: string, flags: readonly string[]])[] = [
  ['shapes', '', ['--json', '--summary', '--mermaid', '--svg out.svg', '--style markdown', '--width 40']],
  ['inspect', 'torch.npz', ['--json', '--sha256', '--style markdown', '--width 40', '--T 5', '--pool mean', '--framework keras']],
  ['convert', 'w.npz out.json', ['--json', '-q', '--style ascii', '--width 40']],
  ['compare', '--N 3 --T 2 --simulate state-carry --no-explain', ['--json', '-q', '--style markdown', '--width 40', '--precision 3']],
  ['probe', '--M 2 --N 2 --T 2', ['--json', '-q', '-o out.npy', '--style markdown', '--width 40']],
  ['explain', 'state-carry', ['--json', '--style markdown', '--width 40']],
];
it.each(SHOWN.flatMap(([command, line, flags]) => flags.flatMap((a, i) => flags.slice(i + 1).map(b => [command, line, a, b] as const))))(
  'of two flags neither is ignored: %s %s %s %s',
  async (command, line, a, b) => {
    const both = await seen(command, `${line} ${a} ${b}`);
    if (JSON.parse(both)[0] === 2) return;
    // a document has the notes that --quiet leaves out
    if (b !== '-q') expect(both).not.toBe(await seen(command, `${line} ${a}`));
    expect(both).not.toBe(await seen(command, `${line} ${b}`));
  },
);
