import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArray } from '../../src/run/input/input.js';
import { withFolder } from '../helpers/inputFile.js';
import { referencePath } from '../helpers/reference.js';
import { runCli } from '../helpers/runCli.js';

/**
 * Every way people save PyTorch networks, with the output of the module: y is right, or asked for, or another one where the fact that the
 * file leaves open is said to be assumed. Never another one in silence.
 */
interface Case {
  readonly name: string;
  readonly file: string;
  readonly x: string;
  readonly y: string;
  readonly extra: readonly string[];
  /** facts that the file does not say */
  readonly open?: readonly string[];
  /** flags that say them */
  readonly complete?: readonly string[];
}

const CASES: readonly Case[] = JSON.parse(readFileSync(referencePath('torch_saved', 'index.json'), 'utf8')).cases;

/** What is not simply right. */
const OTHERWISE: Readonly<Record<string, string>> = {
  params_list: 'asked E_ASK, then equal',
  script: 'asked E_PT_TORCHSCRIPT',
  trace: 'asked E_PT_TORCHSCRIPT',
  dynq_sd: 'other, said precision',
  dynq_whole: 'other, said precision',
  dynq_script: 'asked E_PT_TORCHSCRIPT',
  frozen: 'asked E_PT_TORCHSCRIPT',
  a_rnn_relu: 'other, said nonlinearity',
  a_bi2: 'other, said step',
  a_gru_bi3: 'other, said step',
  a_mlp_relu: 'asked E_ASK, then equal',
  a_mlp_seq: 'asked E_ASK, then equal',
  a_fcamb: 'asked E_ASK, then equal',
  a_heads: 'asked E_ASK, then equal',
  a_att: 'asked E_ASK',
  a_mha: 'asked E_ASK',
  a_parallel: 'asked E_ASK',
  a_tutorial: 'asked E_NAMES',
  a_s2s: 'other, said wiring',
  a_nohead: 'other, said shape',
  ema: 'other, said copy',
  a_conv: 'asked E_ASK, then equal',
  a_learned_h0: 'other, said state',
};

const path = (name: string) => referencePath('torch_saved', name);

async function answer({ file, x, y, extra, open = [], complete }: Case): Promise<string> {
  const call = ['forward', '--weights', path(file), '--framework', 'torch', '-i', path(x), '--json', ...extra];
  const ran = await runCli(call);
  if (ran.exit === 0) return verdict(ran.stdout, y, open);
  const { code } = JSON.parse(ran.stderr);
  if (!complete) return `asked ${code}`;
  return `asked ${code}, then ${await verdict((await runCli([...call, ...complete])).stdout, y, [])}`;
}

async function verdict(stdout: string, y: string, open: readonly string[]): Promise<string> {
  const { tensor } = await readArray(path(y), []);
  const document = JSON.parse(stdout);
  const found = (document.y as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
  const scale = Math.max(...Array.from(tensor.data, Math.abs));
  const equal = found.length === tensor.data.length && found.every((v, i) => Math.abs(v - tensor.data[i]) <= 3e-6 * scale);
  if (equal) return 'equal';
  const said = open.find(fact => document.assumptions.some((a: { fact: string }) => a.fact === fact));
  return said ? `other, said ${said}` : 'WRONG';
}

it.each(CASES)('$name: $file', async one => {
  expect(await answer(one)).toBe(OTHERWISE[one.name] ?? 'equal');
});

/** Networks that are no chain: a spec wires the modules, `tensors` says which is which. */
const WIRED: Readonly<Record<string, readonly object[]>> = {
  a_parallel: [
    { kind: 'lstm', name: 'second', inputs: ['input'], units: 3, tensors: 'lstm2' },
    { kind: 'lstm', name: 'first', inputs: ['input'], units: 3, tensors: 'lstm1' },
    { kind: 'concatenate', name: 'both', inputs: ['first', 'second'] },
    { kind: 'dense', name: 'head', units: 2, tensors: 'fc' },
  ],
  a_att: [
    { kind: 'lstm', units: 5, returnSequences: true, name: 'cell' },
    { kind: 'dense', units: 1, tensors: 'attention', name: 'scores' },
    { kind: 'op', op: 'Softmax', name: 'shares', attributes: { axis: 1 } },
    { kind: 'multiply', name: 'weighed', inputs: ['cell', 'shares'] },
    { kind: 'op', op: 'ReduceSum', attributes: { keepdims: 0 }, operands: [null, { type: 'int', value: [1] }] },
    { kind: 'dense', units: 2, tensors: 'fc', name: 'y' },
  ],
};

it.each(Object.entries(WIRED))('%s: a spec wires its modules by their names', async (name, layers) => {
  const spec = JSON.stringify({ framework: 'torch', input: { features: 3 }, layers });
  const one = CASES.find(c => c.name === name)!;
  await withFolder(async folder => {
    const model = join(folder, 'spec.json');
    const call = ['forward', '--model', model, '--weights', path(one.file), '-i', path(one.x), '--json'];
    writeFileSync(model, spec);
    expect(await verdict((await runCli(call)).stdout, one.y, [])).toBe('equal');
    writeFileSync(model, spec.replace('"tensors":"fc"', '"tensors":"gone"'));
    const { code, message } = JSON.parse((await runCli(call)).stderr);
    expect([code, message]).toEqual(['E_WEIGHT_MISSING', 'the module gone is missing']);
  });
});

describe('inspect', () => {
  const inspect = async (file: string) => JSON.parse((await runCli(['inspect', path(file), '--json'])).stdout);

  it('opens every one of them', async () => {
    for (const { file } of CASES) expect([file, (await inspect(file)).totals.tensors > 0]).toEqual([file, true]);
  });

  it('prints the line of what would be run, which says everything', async () => {
    expect((await inspect('sd.pt')).layersLine).toBe('lstm:5,dense:2');
    expect((await inspect('a_bi2.pt')).layersLine).toBe('bilstm:5+seq,bilstm:5,dense:2');
    expect((await inspect('a_mlp_relu.pt')).layersLine).toBe('lstm:8,dense:6@_,dense:2');
    expect((await inspect('whole_sequential.pt')).layersLine).toBe('rnn:5@relu,dense:6@relu,dense:2');
    const strict = ['forward', '--weights', path('sd.pt'), '-i', path('x_sd.npy'), '--strict'];
    expect(await runCli(strict)).toMatchObject({ exit: 3, stderr: expect.stringContaining('[E_ASSUMED]') });
    expect((await runCli([...strict, '--layers', 'lstm:5,dense:2'])).exit).toBe(0);
  });

  it('what the line of a question takes beside is said with it', async () => {
    const { stderr } = await runCli(['forward', '--weights', path('a_mlp_relu.pt'), '-i', path('x_sd.npy')]);
    expect(stderr).toContain('which also says: fc1 reads the last step of lstm; no activation after fc2');
  });

  it('shows what stands beside the weights', async () => {
    expect((await inspect('ckpt_namespace.pt')).notes).toEqual(['kept as records, not loaded: argparse.Namespace']);
    const { skipped } = await inspect('ckpt_opt.pt');
    expect(skipped).toHaveLength(18);
    expect(skipped[0]).toBe('optimizer_state_dict.state.0.step');
  });
});

it('--layers says the network of a file of weights to inspect and convert', async () => {
  const file = path('a_mlp_relu.pt');
  const { network, reason } = JSON.parse((await runCli(['inspect', file, '--layers', 'lstm:8,dense:6@relu,dense:2', '--json'])).stdout);
  expect([network.totals.params, reason]).toEqual([484, null]);
  expect((await runCli(['inspect', file, '--layers', 'lstm:8,dense:6@_,dense:2'])).exit).toBe(2);
  expect(JSON.parse((await runCli(['inspect', file, '--layers', 'lstm:7,dense:2', '--json'])).stdout)).toMatchObject({ network: null });
  await withFolder(async folder => {
    const call = ['convert', file, join(folder, 'o.onnx'), '--layers', 'lstm:8,dense:6@relu,dense:2', '--json'];
    expect(JSON.parse((await runCli(call)).stdout).check.identical).toBe(true);
    expect((await runCli([...call, '--weights', file, '--force'])).exit).toBe(2);
  });
});
