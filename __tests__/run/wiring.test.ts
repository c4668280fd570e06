import { runForward } from '../../src/run/forward.js';
import { runShapes } from '../../src/run/shapes.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** Every wiring error says what was expected, what came, and the edit that mends it. */
const folder = temporaryFolder();
const failure = (run: Promise<unknown>) =>
  run.then(
    () => undefined,
    error => error,
  );
const zeros = (...shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) });

it.each([
  ['lstm:4+last,gru:3', 'E_SEQ', 'return_sequences=True on lstm_1'],
  ['lstm:4,dense:3,embedding:10x4', 'E_TOKENS', 'put the embedding first'],
  ['embedding:10x4,embedding:5x3', 'E_TOKENS', 'put the embedding first'],
  ['lstm:4+seq,repeat:3', 'E_VECTOR', 'only its last step, or pool'],
])('shapes %s: %s with its fix', async (layers, code, fix) => {
  expect(await failure(runShapes({ layers }))).toMatchObject({ code, expected: expect.anything(), fix: expect.stringContaining(fix) });
});

it('a flatten over an unknown T asks for T', async () => {
  expect(await failure(runShapes({ layers: 'lstm:4+seq,flatten,dense:2', T: '?' }))).toMatchObject({
    code: 'E_SYMBOLIC',
    fix: expect.stringContaining('--T 10'),
  });
});

it('weights that do not fit at layer k name the tensor and the size they fit', async () => {
  const shapes = [[3, 16], [4, 16], [16], [4, 9], [3, 9], [2, 9], [3, 2], [2]];
  const file = async (name: string, list: number[][]) =>
    folder.write(name, await bytesOf('npz', Object.fromEntries(list.map((shape, i) => [`arr_${i}`, zeros(...shape)]))));
  const weights = await file('w.npz', shapes);
  expect(await failure(runForward({ layers: 'lstm:4,gru:5,dense:2', weights }))).toMatchObject({
    code: 'E_WEIGHT_SHAPE',
    where: expect.stringContaining('arr_3 (gru_2/Wx)'),
    fix: 'the file fits M2 = 3 (here 5): give the network that size, or weights of this one',
  });
  expect(
    await failure(runForward({ layers: 'lstm:4,gru:3,dense:2', weights: await file('short.npz', shapes.slice(0, -1)) })),
  ).toMatchObject({
    code: 'E_WEIGHT_MISSING',
    fix: expect.stringContaining('+nobias'),
  });
});

it('an input of other features names both', async () => {
  const input = folder.write('x.npy', await bytesOf('npy', { npy: zeros(2, 5, 4) }));
  expect(await failure(runForward({ layers: 'lstm:4,dense:2', input, D: 3 }))).toMatchObject({
    code: 'E_INPUT_SHAPE',
    fix: expect.stringContaining('D = 4, the network D = 3'),
  });
});
