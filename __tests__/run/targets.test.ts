import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import type { FrameworkName } from '../../src/model/frameworks.js';
import { TARGETS } from '../../src/run/convertFormats.js';
import { adapted, targetOf } from '../../src/run/convertTarget.js';
import type { Network } from '../../src/run/network/network.js';
import { prepare } from '../../src/run/prepare.js';
import type { ForwardRequest } from '../../src/run/request.js';

/**
 * Where each `--to` and each ending lead, and what of a network the other framework has not, in targets.txt (UPDATE_OUT=1 npx jest run/targets writes it
 * anew, for a person to read).
 */
const table = join(__dirname, 'targets.txt');
const SOURCES: readonly FrameworkName[] = ['keras', 'torch', 'onnx', 'tfjs', 'flax'];
const OUTPUTS = ['w.npz', 'w.NPZ', 'w.safetensors', 'w.onnx', 'w.json', 'w.h5', 'w.hdf5', 'w.keras', 'w.pt', 'w', '-', 'a.onnx/w', 'w.'];

function textOf(error: unknown): string {
  if (!(error instanceof RnnError)) throw error;
  const { exit, code, where, message, expected, found, fix } = error;
  return [`${exit} ${code} ${where}: ${message}`, `expected ${expected}`, `found ${found}`, fix]
    .filter(part => !/undefined$/.test(part ?? 'undefined'))
    .join(' | ');
}

function targets(): string[] {
  return [undefined, ...TARGETS, 'tensorflow'].flatMap(to =>
    OUTPUTS.map(output => {
      const answers = new Map<string, FrameworkName[]>();
      for (const source of SOURCES) {
        let answer: string;
        try {
          const { framework, format, convention } = targetOf(to, output, source);
          answer = `${framework}, ${format}, names of ${convention}`;
        } catch (error) {
          answer = textOf(error);
        }
        answers.set(answer, [...(answers.get(answer) ?? []), source]);
      }
      const said = [...answers].map(([answer, from]) => (answers.size === 1 ? answer : `from ${from.join(' ')}: ${answer}`));
      return `--to ${to ?? '(none)'} ${output}: ${said.join('; ')}`;
    }),
  );
}

async function withWeights(request: ForwardRequest): Promise<Network> {
  const { network, weights } = await prepare({ ...request, seed: '1', T: 4 });
  return { ...network, weights };
}

const NETWORKS = [
  'rnn:3,dense:2', 'rnn:3@relu', 'rnn:3@elu', 'lstm:3', 'lstm:3@relu', 'lstm:3@tanh/hard_sigmoid', 'gru:3+resetafter', 'gru:3+resetbefore', 'bilstm:3',
  'bilstm:3+sum', 'bigru:3+ave', 'lstm:3+backwards', 'gru:3+resetafter+backwards', 'lstm:3+proj=2', 'lstm:3+peepholes', 'mgu:3', 'rnn:3+nobias',
  'rnn:3,activation@relu,dense:2@softmax,dropout:0.5', 'conv:4x2,lstm:3', 'rnn:3+name=a,dense:2@relu+name=b,dense:1@tanh+name=c',
]; // biome-ignore format: a table

async function differences(): Promise<string[]> {
  const lines: string[] = [];
  for (const framework of ['keras', 'torch'] as const)
    for (const layers of NETWORKS) {
      const loaded = await withWeights({ layers, D: 2, framework }).catch(error => textOf(error).slice(0, 60));
      if (typeof loaded === 'string') {
        lines.push(`${framework} ${layers}: ${loaded}`);
        continue;
      }
      const said = SOURCES.map(to => {
        try {
          const { model, weights, notes } = adapted(loaded, to);
          const biases = [...weights].filter(([name]) => name.endsWith('bh')).map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
          const twoBiases = model.layers.flatMap(layer => ('twoBiases' in layer ? [String(layer.twoBiases)] : []));
          return `  ${to}: ${[...biases, `two biases ${twoBiases.join(' ')}`, ...notes].join('; ')}`;
        } catch (error) {
          return `  ${to}: ${textOf(error)}`;
        }
      });
      lines.push(`${framework} ${layers}`, ...said);
    }
  return lines;
}

it('conversions lead where it is recorded', async () => {
  const said = `${[...targets(), ...(await differences())].join('\n')}\n`;
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, said);
  expect(said.split('\n')).toEqual(readFileSync(table, 'utf8').split('\n'));
});

it('a second row of a bias is zeros, and two rows become their sum, in the precision that they have', async () => {
  const keras = await withWeights({ layers: 'bilstm:3', D: 2, framework: 'keras' });
  const torch = await withWeights({ layers: 'bilstm:3', D: 2, framework: 'torch' });
  for (const way of ['forward', 'backward']) {
    const key = `lstm_1/${way}/bh`;
    const one = keras.weights!.get(key)!;
    for (let k = 0; k < 12; k++) one.data[k] = k / 8 - 0.5;
    const two = adapted(keras, 'torch').weights.get(key)!;
    expect(two.shape).toEqual([2, 12]);
    expect([...two.data]).toEqual([...one.data, ...new Float32Array(12)]);
    expect(two.data.constructor).toBe(one.data.constructor);
    const rows = torch.weights!.get(key)!;
    const sum = adapted(torch, 'keras').weights.get(key)!;
    expect(sum.shape).toEqual([12]);
    expect([...sum.data]).toEqual(Array.from({ length: 12 }, (_, k) => Math.fround(rows.data[k] + rows.data[12 + k])));
    expect(adapted(torch, 'torch').weights.get(key)).toBe(rows);
  }
});
