import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { type CorruptCase, corruptCases, expectNumbers, flatten, referenceBytes } from '../formats/reference.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { withArraysFile } from '../helpers/inputFile.js';
import { readTensors } from '../helpers/readFormat.js';
import { recorded, referencePath } from '../helpers/reference.js';
import { runCli } from '../helpers/runCli.js';

/**
 * All of reference/corrupt, through the commands: what is ok opens with the numbers in the manifest, what is not ends in one message that
 * names the file, the part and the place, and prints nothing.
 */
const ALL = corruptCases('');
const path = (name: string) => referencePath('corrupt', name);
/** Integers that no double holds: the manifest lets a strict reader refuse them. */
const TOO_LARGE = 'npy_ok_i8_unsafe.npy';
/** Seven graphs that are sound as files and wrong as ONNX. */
const WRONG_NODES: Readonly<Record<string, string>> = {
  op: "FooBar at offset 11: ONNX's operator set 14 has no FooBar",
  activation: 'RNN at offset 11: activations: attribute activations is Nope',
  direction: 'RNN at offset 11: direction: attribute direction is sideways',
  bidir_w1: 'RNN at offset 11: W: expected [2, 4, 3]',
  hidden_mismatch: 'RNN at offset 11: W: expected [1, 5, 3]',
  w_rank: 'RNN at offset 11: W: expected [1, 4, 3]',
  seq_lens: 'RNN at offset 11: sequence_lens: sequence_lens[0] is 7, but there are 2 steps',
};

const BINARY = join(__dirname, '..', '..', 'bin', 'rnn-cli.js');

const titled = (cases: readonly CorruptCase[]) => cases.map((c): [string, CorruptCase] => [c.file, c]);

it('has all 153 files', () => {
  expect(ALL.length).toBe(153);
  expect(ALL.filter(c => c.file.endsWith('.onnx')).length).toBe(32);
  for (const name of Object.keys(WRONG_NODES)) expect(ALL.find(c => c.file === `onnx_bad_${name}.onnx`)?.expect).toBe('error');
});

describe('an unusual but valid file', () => {
  it.each(titled(ALL.filter(c => c.expect === 'ok' && c.file !== TOO_LARGE)))('%s opens with its numbers', async (name, c) => {
    const { exit, stdout } = await runCli(['inspect', path(name), '--json']);
    const shown = JSON.parse(stdout);
    const { tensors } = await readTensors(referenceBytes('corrupt', name), { nameHint: name });
    expect([exit, shown.tensors.map((t: any) => t.name)]).toEqual([0, [...tensors.keys()]]);
    const expected = c.members ?? (c.shape ? { npy: { shape: c.shape, values: c.values ?? [] } } : {});
    for (const [member, { shape, values }] of Object.entries(expected)) {
      expect(shown.tensors.find((t: any) => t.name === member).shape).toEqual(shape);
      expectNumbers(tensors.get(member)!.data, flatten(values));
    }
    if (c.values_str) {
      const [only] = tensors.values();
      // as text with the digits of a float32, the manifest's own way of writing NaN and -0
      expect(Array.from(only.data, v => (Object.is(v, -0) ? '-0' : String(v)))).toEqual(
        c.values_str.map(text => (text === '-0' ? '-0' : String(Number.isNaN(Number(text)) ? Number.NaN : Number(text)))),
      );
    }
  });

  it('integers that no double holds are refused, not rounded', async () => {
    const { exit, stdout, stderr } = await runCli(['forward', '-i', path(TOO_LARGE)]);
    expect([exit, stdout]).toEqual([3, '']);
    expect(stderr).toContain('9007199254740993');
  });

  const outputs = (ALL as (CorruptCase & { inputs?: any; outputs?: any })[]).filter(c => c.outputs);

  it('seven ONNX files have outputs to compare', () => expect(outputs.length).toBe(7));

  it.each(titled(outputs))('%s gives Y and Y_h', async (name, c: any) => {
    const inputs = new Map<string, Tensor>([['X', recorded({ shape: c.inputs.X.shape, data: c.inputs.X.values })]]);
    const { tensors, states } = await withArraysFile(inputs, input => runForward({ model: path(name), input }));
    expectClose(tensors.y, recorded({ shape: c.outputs.Y.shape, data: c.outputs.Y.values }), TOLERANCE.float32);
    expectClose(
      recorded(states.final.Y_h as never),
      recorded({ shape: c.outputs.Y_h.shape, data: c.outputs.Y_h.values }),
      TOLERANCE.float32,
    );
  });
});

/** The headers are whole: what only reads them does not see the damage. */
const DAMAGED_NUMBERS: ReadonlySet<string> = new Set(['npz_bad_crc.npz']);

describe('a damaged or hostile file', () => {
  const errors = ALL.filter(c => c.expect === 'error');

  it.each(titled(errors))('%s: one message with file and place, nothing printed', async name => {
    const argvs = DAMAGED_NUMBERS.has(name)
      ? [['forward', '-i', `${path(name)}:w`]]
      : [
          ['inspect', path(name)],
          ['forward', '--model', path(name)],
        ];
    for (const argv of argvs) {
      const { exit, stdout, stderr } = await runCli(argv);
      expect(exit).toBe(/\[E_(LIMIT_\w+|ZIP_RATIO)\]/.test(stderr) ? 5 : 3);
      expect(stdout).toBe('');
      expect(stderr.match(/^error: /gm)).toHaveLength(1);
      expect(stderr).toContain(name);
      expect(stderr).toMatch(/(offset \d+|line \d+, column \d+|the file is empty|text that begins with)/);
      expect(stderr).not.toMatch(/^\s+at .*[:(]\d+/m);
    }
  });

  it.each(Object.entries(WRONG_NODES))('onnx_bad_%s.onnx is refused for what its node says', async (name, said) => {
    const { stderr } = await runCli(['inspect', path(`onnx_bad_${name}.onnx`)]);
    expect(stderr).toContain(`onnx_bad_${name}.onnx: ${said}`);
  });

  it.each([
    ['npz_bad_bomb_short.npz', 3],
    ['st_bad_deep_json.safetensors', 5],
    ['onnx_bad_seq_lens.onnx', 3],
  ])('%s ends the real program with %i', (name, exit) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, 'inspect', path(name)], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([exit, '']);
    expect(stderr).toMatch(/^error: [^\n]*\n( {2}(expected|found|fix): [^\n]*\n)*$/);
  });
});
