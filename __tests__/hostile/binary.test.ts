import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { THOROUGH } from '../helpers/effort.js';
import { temporaryFolder } from '../helpers/files.js';
import { HOSTILE } from '../helpers/hostile/all.js';
import { runCli } from '../helpers/runCli.js';

/**
 * A sample of the hostile files through the command line, in this process and, of each kind of flag, in its own: exit code, an empty stdout, a short
 * safe message, nothing written.
 */
const BINARY = join(__dirname, '..', '..', 'bin', 'rnn-cli.js');
const { path, write } = temporaryFolder();
const EXPECTED = JSON.parse(readFileSync(join(__dirname, 'messages.json'), 'utf8')) as Record<string, [number, string, string]>;

const SAMPLE: readonly (readonly [flag: string, file: string])[] = [
  ['--input', 'code_import.npy'],
  ['--input', 'shape_product_2_53.npy'],
  ['--input', 'esc_in_header.npy'],
  ['--input', 'bomb_lying.npz'],
  ['--input', 'traversal.npz'],
  ['--input', 'name_with_c1_bad_crc.npz'],
  ['--input', 'bidi_in_cell.csv'],
  ['--input', 'deep_array.json'],
  ['--weights', 'global_os_system.pt'],
  ['--weights', 'name_with_bidi.safetensors'],
  ['--weights', 'shape_wraps_to_4.safetensors'],
  ['--weights', 'many_tensors.safetensors'],
  ['--model', 'external_data.onnx'],
  ['--model', 'traversal.keras'],
];

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function inProcess(args: readonly string[]): Promise<Ended> {
  const { exit, stdout, stderr } = await runCli(args);
  return { code: exit, stdout, stderr };
}

function run(args: readonly string[]): Promise<Ended> {
  return new Promise(resolve => {
    execFile(process.execPath, [BINARY, ...args], { cwd: path('.') }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

jest.setTimeout(60_000);

const isReal = (flag: string, i: number) => THOROUGH || SAMPLE.findIndex(([other]) => other === flag) === i;

it.each(SAMPLE.map(([flag, name], i) => [flag, name, isReal(flag, i) ? run : inProcess] as const))(
  'forward %s %s',
  async (flag, name, run) => {
    const file = write(name, await HOSTILE.find(c => c.name === name)!.bytes());
    const before = readdirSync(path('.'));
    const { code, stdout, stderr } = await run(['forward', flag, file]);
    // a pickle is read whatever it calls; what is left of it is no weights
    const [exit, errorCode] = EXPECTED[name][0] === 0 ? [3, 'E_NAMES'] : EXPECTED[name];
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr).toContain(`[${errorCode}]`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr.split('\n').every(line => line.length <= 400)).toBe(true);
    expect(readdirSync(path('.'))).toEqual(before);
  },
);

it('with --json the error is one document on stderr', async () => {
  const file = write('bad.npy', await HOSTILE.find(c => c.name === 'dtype_with_esc.npy')!.bytes());
  const { code, stdout, stderr } = await run(['forward', '-i', file, '--json']);
  const document = JSON.parse(stderr);
  expect([code, stdout, document.schema, document.code, document.exit]).toEqual([3, '', 'rnn-cli/error@1', 'E_NPY_DTYPE', 3]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

it('a file name that would steer the terminal is escaped', async () => {
  const name = '\u001b]0;owned\u0007\u202e.npy';
  writeFileSync(path(name), 'x');
  const at = path(name);
  for (const [end, args] of [
    [run, ['forward', '-i', name]],
    [inProcess, ['forward', '-i', at]],
    [inProcess, ['forward', '--weights', at]],
    [inProcess, ['shapes', '--model', at]],
    [inProcess, ['compare', '--against', at]],
    [inProcess, ['forward', '-i', 'absent\u009b2J']],
  ] as const) {
    const { code, stderr } = await end(args);
    expect([3, 4]).toContain(code);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
});
