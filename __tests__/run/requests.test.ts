import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import { checkChoice, withRequest } from '../../src/run/libraryRequest.js';

/**
 * What each key of a library request takes and what it refuses, in requests.txt (UPDATE_OUT=1 npx jest run/requests writes it anew, for a person to
 * read). A key that several functions have alike stands once.
 */
const table = join(__dirname, 'requests.txt');
type Name = Parameters<typeof withRequest>[0];

/** What a function cannot do without. */
const BASES: Readonly<Record<Name, Record<string, unknown>>> = {
  shapes: {},
  load: {},
  'network.forward': {},
  forward: {},
  compare: {},
  compareModels: { files: ['a.keras', 'b.keras'] },
  probe: {},
  convert: { file: 'a.keras', output: 'b.onnx' },
  inspect: { file: 'a.keras' },
  explain: {},
};
const NAMES = Object.keys(BASES) as Name[];
// biome-ignore format: a row
const VALUES: readonly unknown[] = [
  true, 0, 1, 7, 17, 18, 1000, 2 ** 31 - 1, 2 ** 31, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, '', '7', '?', 'lstm', 'keras', 'auto', 'max', 'f32',
  null, [], [5], [5, 4], [0, 5], [5, 1.5], ['a', 'b'], ['a'], ['a', 1], { a: 1 }, () => 1,
  { from: 0, to: 2 }, { from: 3 }, { from: 3, to: null }, { from: -1, to: 2 }, { from: 3, to: 3 }, { from: 3, to: 1 }, { from: 1.5, to: 3 },
  { from: 1, to: 2.5 }, { from: 1, to: Number.NaN }, { from: '1', to: 2 }, { from: null, to: 2 }, { to: 2 },
];

function shown(value: unknown): string {
  return typeof value === 'function' ? 'a function' : typeof value === 'number' ? String(value) : JSON.stringify(value);
}

async function checked(name: Name, request: unknown): Promise<Record<string, unknown>> {
  return withRequest<Record<string, unknown>, Record<string, unknown>>(name, request as never, async given => ({ ...given }));
}

async function refusal(name: Name, request: unknown): Promise<string> {
  try {
    await checked(name, request);
    return 'taken';
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    const { code, message, where, fix } = error;
    return `${code} ${message}${where && !message.includes(where) ? ` (${where})` : ''}${fix ? `; ${fix}` : ''}`;
  }
}

async function answersOf(name: Name, key: string): Promise<string> {
  const groups = new Map<string, string[]>();
  for (const value of VALUES) {
    const request = { ...BASES[name], [key]: value };
    // what has a from is for rows
    if (key !== 'rows' && typeof value === 'object' && /"(from|to)"/.test(JSON.stringify(value))) continue;
    let answer = (await refusal(name, request)).replace(/found .*?(?=;|$)/, 'found …').replace(/^(E_ARRAY) .*/, '$1');
    let text = shown(value);
    if (answer === 'taken') {
      const became = (await checked(name, request))[key];
      if (became !== value) text += ` as ${typeof became === 'string' && became.startsWith('memory:') ? 'memory' : shown(became)}`;
    }
    if (answer === 'E_ARRAY') answer = 'is no array';
    groups.set(answer, [...(groups.get(answer) ?? []), text]);
  }
  return [...groups].map(([answer, values]) => `  ${answer}: ${values.join(' ')}`).join('\n');
}

/** All keys of a function, which the answer to an unknown one lists. */
async function keysOf(name: Name): Promise<string[]> {
  const error = await checked(name, { ...BASES[name], '': 1 }).catch(e => e);
  return (error as RnnError).expected!.split(', ');
}

it('each key takes and refuses what is recorded', async () => {
  const said: string[] = [];
  const keys = new Map<Name, string[]>();
  for (const name of NAMES) keys.set(name, await keysOf(name));
  for (const [name, own] of keys) said.push(`# ${name}: ${own.join(' ')}`);
  for (const key of new Set([...keys.values()].flat())) {
    const byAnswers = new Map<string, Name[]>();
    for (const name of NAMES.filter(one => keys.get(one)!.includes(key))) {
      const answers = await answersOf(name, key);
      byAnswers.set(answers, [...(byAnswers.get(answers) ?? []), name]);
    }
    for (const [answers, names] of byAnswers) said.push(`${key} of ${names.join(', ')}\n${answers}`);
  }
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, `${said.join('\n')}\n`);
  expect(`${said.join('\n')}\n`.split('\n')).toEqual(readFileSync(table, 'utf8').split('\n'));
});

describe('a request is refused in words', () => {
  it.each<[Name, unknown, string]>([
    ['shapes', 5, "E_REQUEST the request: expected an object such as { cell: 'lstm', D: 3 }, found 5"],
    ['shapes', null, "E_REQUEST the request: expected an object such as { cell: 'lstm', D: 3 }, found null"],
    ['load', [1, 2], "E_REQUEST the request: expected an object such as { model: 'net.keras' }, found a list of 2"],
    ['forward', 'x', "E_REQUEST the request: expected an object such as { model: 'net.keras', input: 'x.npy' }, found 'x'"],
    ['compare', true, "E_REQUEST the request: expected an object such as { model: 'net.keras', input: 'x.npy', against: 'y.npy' }, found true"],
    ['probe', () => 1, "E_REQUEST the request: expected an object such as { cell: 'lstm', D: 3 }, found a function"],
    ['explain', [], "E_REQUEST the request: expected an object such as { topic: 'lstm' }, found a list of 0"],
    ['inspect', 5, "E_REQUEST the request: expected an object such as { file: 'net.keras' }, found 5"],
    ['compareModels', {}, "E_REQUEST files: expected a list of strings, found undefined; compareModels({ files: ['net.keras', 'net.onnx'] })"],
    ['compareModels', { files: ['a'] }, "E_REQUEST files: expected two paths, found a list of 1; compareModels({ files: ['net.keras', 'net.onnx'] })"],
    ['compareModels', { files: ['a', 'b', 'c'] }, "E_REQUEST files: expected two paths, found a list of 3; compareModels({ files: ['net.keras', 'net.onnx'] })"],
    ['convert', { file: 'a' }, "E_REQUEST output: expected a non-empty string, found undefined; convert({ file: 'net.keras', output: 'net.onnx' })"],
    ['convert', { output: 'a' }, "E_REQUEST file: expected a non-empty string, found undefined; convert({ file: 'net.keras', output: 'net.onnx' })"],
    ['inspect', {}, "E_REQUEST file: expected a non-empty string, found undefined; inspect({ file: 'net.keras' })"],
    ['shapes', { units: 5 }, "E_REQUEST unknown key 'units' in the request; use one of: N, T, D, M, K, cell, task, pool, bidirectional, stack, activation, recurrentActivation, layers, model, weights, framework, strict"],
    ['shapes', { CELL: 'lstm' }, "E_REQUEST unknown key 'CELL' in the request; did you mean 'cell'?"],
    ['shapes', { layer: 'lstm:5' }, "E_REQUEST unknown key 'layer' in the request; did you mean 'layers'?"],
    ['explain', { constructor: 'x' }, "E_REQUEST unknown key 'constructor' in the request; use one of: topic"],
    ['shapes', { cell: 'LSTM' }, "E_REQUEST cell: expected gru, lstm, mgu, rnn, found 'LSTM'; did you mean 'lstm'?"],
    ['shapes', { cell: 'transformer' }, "E_REQUEST cell: expected gru, lstm, mgu, rnn, found 'transformer'"],
    ['shapes', { cell: 5 }, 'E_REQUEST cell: expected gru, lstm, mgu, rnn, found 5'],
    ['forward', { sample: 2 }, 'E_NEEDS --sample needs --step, --unit or --trace; all samples are computed, and one is shown by hand: drop --sample, or add --step'],
    ['forward', { timeMajor: true }, 'E_NEEDS --time-major needs --input; the seeded input has no file whose axes could be swapped: drop --time-major, or add --input'],
    ['compare', { tol: 'auto', atol: 1 }, 'E_CONFLICT --tol and --atol cannot be used together; auto is computed from the network: drop one of them'],
  ])('%s(%j)', async (name, request, said) => {
    expect(await refusal(name, request)).toBe(said);
  }); // biome-ignore format: a table

  it('what is undefined is not there', async () => {
    expect(await checked('shapes', { M: 5, T: undefined })).toEqual({ M: [5] });
    expect(await checked('shapes', undefined)).toEqual({});
    expect(await checked('forward', { sample: 2, step: 1 })).toEqual({ sample: 2, step: 1 });
  });

  it('a name beside the request has its choices', () => {
    const said = (value: unknown) => {
      try {
        return checkChoice('language', value, ['keras', 'torch']);
      } catch (error) {
        return [(error as RnnError).message, (error as RnnError).fix];
      }
    };
    expect(said('keras')).toBeUndefined();
    expect(said('Torch')).toEqual(["language: expected keras, torch, found 'Torch'", "did you mean 'torch'?"]);
    expect(said(5)).toEqual(['language: expected keras, torch, found 5', undefined]);
    expect(said('pascal')).toEqual(["language: expected keras, torch, found 'pascal'", undefined]);
  });
});
