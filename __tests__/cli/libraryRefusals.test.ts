import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import { compare, compareModels, explain, forward, inspect, shapes } from '../../src/index.js';
import { runCli } from '../helpers/runCli.js';

/** What the command line refuses, the library refuses, too: with the same error, or where a word of the line is wrong as a value of the request. */
const home = process.cwd();
beforeAll(() => process.chdir(join(__dirname, '..', '..', 'examples', 'tutorial')));
afterAll(() => process.chdir(home));

const library = { compare, compareModels, explain, forward, inspect, shapes };

async function ofLibrary(name: keyof typeof library, request: object): Promise<{ code: string; message: string }> {
  try {
    await (library[name] as (given: object) => Promise<unknown>)(request);
  } catch (error) {
    if (error instanceof RnnError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it ran');
}

async function ofLine(line: string): Promise<{ code: string; message: string }> {
  const { exit, stderr } = await runCli([...line.split(' '), '--json']);
  expect([line, exit]).not.toEqual([line, 0]);
  const { code, message } = JSON.parse(stderr);
  return { code, message };
}

const LSTM = { layers: 'lstm:4' };

it.each<[string, keyof typeof library, object]>([
  ['shapes --layers lstm:4 --M 5', 'shapes', { ...LSTM, M: 5 }],
  ['shapes --layers lstm:4 --K 5', 'shapes', { ...LSTM, K: 5 }],
  ['shapes --layers lstm:4 --cell gru', 'shapes', { ...LSTM, cell: 'gru' }],
  ['shapes --layers lstm:4 --task many-to-many', 'shapes', { ...LSTM, task: 'many-to-many' }],
  ['shapes --layers lstm:4 --pool max', 'shapes', { ...LSTM, pool: 'max' }],
  ['shapes --layers lstm:4 --bidirectional', 'shapes', { ...LSTM, bidirectional: true }],
  ['shapes --layers lstm:4 --stack 2', 'shapes', { ...LSTM, stack: 2 }],
  ['shapes --layers lstm:4 --activation relu', 'shapes', { ...LSTM, activation: 'relu' }],
  ['shapes --layers lstm:4 --recurrent-activation relu', 'shapes', { ...LSTM, recurrentActivation: 'relu' }],
  ['shapes --layers lstm:4 --model model.keras', 'shapes', { ...LSTM, model: 'model.keras' }],
  ['shapes --model model.keras --M 5', 'shapes', { model: 'model.keras', M: 5 }],
  ['shapes --model model.keras --cell gru', 'shapes', { model: 'model.keras', cell: 'gru' }],
  ['shapes --model model.keras --task many-to-many', 'shapes', { model: 'model.keras', task: 'many-to-many' }],
  ['shapes --task many-to-many --pool max', 'shapes', { task: 'many-to-many', pool: 'max' }],
  ['shapes --M 5,4 --stack 3', 'shapes', { M: [5, 4], stack: 3 }],
  ['forward --fast --dtype f64', 'forward', { fast: true, dtype: 'f64' }],
  ['forward --fast --engine manual', 'forward', { fast: true, engine: 'manual' }],
  ['forward --lengths 2 --mask x.npy', 'forward', { lengths: '2', mask: 'x.npy' }],
  ['forward --time-major', 'forward', { timeMajor: true }],
  ['forward --simulate state-carry --step 2', 'forward', { simulate: 'state-carry', step: 2 }],
  ['forward --unit 9', 'forward', { unit: 9 }],
  ['forward --step 99', 'forward', { step: 99 }],
  ['forward --sample 9 --step 1', 'forward', { sample: 9, step: 1 }],
  ['forward --init nonsense', 'forward', { init: 'nonsense' }],
  ['forward --rng keras --seed abc', 'forward', { rng: 'keras', seed: 'abc' }],
  ['forward --activation nonsense', 'forward', { activation: 'nonsense' }],
  ['forward --layers nonsense:3', 'forward', { layers: 'nonsense:3' }],
  ['forward --model none.keras', 'forward', { model: 'none.keras' }],
  ['forward --simulate nonsense', 'forward', { simulate: 'nonsense' }],
  ['forward --lengths 2,99', 'forward', { lengths: '2,99' }],
  ['forward --c0 x.npy', 'forward', { c0: 'x.npy' }],
  ['forward -i x.npy --N 7', 'forward', { input: 'x.npy', N: 7 }],
  ['forward -i x.npy --T 7', 'forward', { input: 'x.npy', T: 7 }],
  ['compare --against predict.npy --tol auto --atol 1e-3', 'compare', { against: 'predict.npy', tol: 'auto', atol: 1e-3 }],
  ['compare --against predict.npy --tol auto --rtol 1e-3', 'compare', { against: 'predict.npy', tol: 'auto', rtol: 1e-3 }],
  ['compare --against predict.npy --engines manual,batched', 'compare', { against: 'predict.npy', engines: ['manual', 'batched'] }],
  ['compare --engine manual --engines manual,batched', 'compare', { engine: 'manual', engines: ['manual', 'batched'] }],
  ['compare --engine manual', 'compare', { engine: 'manual' }],
  ['compare --decimals 3', 'compare', { decimals: 3 }],
  ['compare --states', 'compare', { states: true }],
  ['compare --against predict.npy --simulate state-carry', 'compare', { against: 'predict.npy', simulate: 'state-carry' }],
  ['compare model.keras model.keras --engines manual,batched', 'compareModels', two({ engines: ['manual', 'batched'] })],
  ['compare model.keras model.keras --against predict.npy', 'compareModels', two({ against: 'predict.npy' })],
  ['compare model.keras model.keras --decimals 3', 'compareModels', two({ decimals: 3 })],
  ['compare model.keras model.keras --simulate state-carry', 'compareModels', two({ simulate: 'state-carry' })],
  ['compare model.keras model.keras --model model.keras', 'compareModels', two({ model: 'model.keras' })],
  ['compare model.keras model.keras --layers lstm:4', 'compareModels', two({ layers: 'lstm:4' })],
  ['inspect none', 'inspect', { file: 'none' }],
  ['inspect model.keras --expect-sha256 12', 'inspect', { file: 'model.keras', expectSha256: '12' }],
  ['explain nonsense', 'explain', { topic: 'nonsense' }],
])('%s is refused by the library as by the command line', async (line, name, request) => {
  expect(await ofLibrary(name, request)).toEqual(await ofLine(line));
});

function two(more: object): object {
  return { files: ['model.keras', 'model.keras'], ...more };
}

it.each<[string, keyof typeof library, object]>([
  ['forward --M 0', 'forward', { M: 0 }],
  ['forward --T 0', 'forward', { T: 0 }],
  ['forward --N 0', 'forward', { N: 0 }],
  ['forward --D 0', 'forward', { D: 0 }],
  ['forward --stack 1001', 'forward', { stack: 1001 }],
  ['forward --threads 257', 'forward', { threads: 257 }],
  ['forward --step 0', 'forward', { step: 0 }],
  ['forward --unit 0', 'forward', { unit: 0 }],
  ['compare --against predict.npy --atol -1', 'compare', { against: 'predict.npy', atol: -1 }],
  ['compare --against predict.npy --rtol -1', 'compare', { against: 'predict.npy', rtol: -1 }],
  ['compare --against predict.npy --decimals 18', 'compare', { against: 'predict.npy', decimals: 18 }],
])('%s: a number out of its range is one for both', async (line, name, request) => {
  const [theirs, ours] = [await ofLine(line), await ofLibrary(name, request)];
  expect([theirs.code, ours.code]).toEqual(['E_WORD', 'E_REQUEST']);
  const range = /expected (a (whole )?number from \d+)/.exec(theirs.message)![1];
  expect(ours.message).toContain(range);
});

it('a step, a unit and a sample of the hand calculation are computed without asking for the trace', async () => {
  const { tensors } = await forward({ step: 2 });
  expect(tensors.trace).toBeDefined();
  await expect(forward({ sample: 1 })).rejects.toMatchObject({
    code: 'E_NEEDS',
    message: '--sample needs --step, --unit or --trace',
  });
});

it('an engine is not compared with itself', async () => {
  await expect(compare({ engines: ['manual', 'manual'] })).rejects.toMatchObject({ code: 'E_ENGINES' });
});
