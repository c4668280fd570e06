import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bytesOf } from '../helpers/files.js';
import { runCli } from '../helpers/runCli.js';

const STUDENT = join(__dirname, '..', 'reference', 'student');
const weights = join(STUDENT, 'printed', 'w.npz');
const x = join(STUDENT, 'printed', 'x.npy');
const y = join(STUDENT, 'printed', 'y.npy');

describe('a file beside the flags', () => {
  let folder: string;
  let spec: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'file-'));
    spec = join(folder, 'net.json');
    writeFileSync(spec, '{"input":{"features":3},"layers":[{"kind":"lstm","units":5},{"kind":"dense","units":2}]}');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const saved = (arrays: object) => {
    const path = join(folder, 'arrays.json');
    writeFileSync(path, JSON.stringify(arrays));
    return path;
  };
  const noTensors = () => {
    const path = join(folder, 'none.npz');
    writeFileSync(path, Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)]));
    return path;
  };
  const json = async (...argv: string[]) => JSON.parse((await runCli([...argv, '--json'])).stdout);

  it('that describes a network is --model, on every command that has one', async () => {
    expect((await json('shapes', spec)).totals.params).toBe(192);
    expect((await json('forward', spec, '--T', '4')).ySha256).toBe((await json('forward', '--model', spec, '--T', '4')).ySha256);
    expect((await json('forward', spec, '--weights', weights, '-i', x)).ySha256).toBe(
      (await json('forward', '--model', spec, '--weights', weights, '-i', x)).ySha256,
    );
    expect((await runCli(['probe', spec, '--N', '2', '--T', '3', '-q'])).exit).toBe(0);
  });

  it('may be named by its address, as a file manager or a browser copies it, wherever a file is named', async () => {
    const odd = join(folder, 'my net, 50%.json');
    copyFileSync(spec, odd);
    const [net, X, W] = [odd, x, weights].map(path => pathToFileURL(path).href.replaceAll(',', '%2C'));
    const right = (await json('forward', '--model', spec, '--weights', weights, '-i', x)).ySha256;
    expect((await json('forward', net, '--weights', W, '-i', X)).ySha256).toBe(right);
    expect((await json('forward', `--model=${net}`, `--weights=${W}`, `--input=${X}`)).ySha256).toBe(right);
    expect(await runCli(['shapes', 'file:///nowhere/net.keras'])).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining(': /nowhere/net.keras: '),
    });
    expect(await runCli(['shapes', 'file://host/net.keras'])).toMatchObject({ exit: 4 });
  });

  it('that holds weights alone is --weights, with --layers and with sizes', async () => {
    const right = (await json('forward', '--weights', weights, '-i', x)).ySha256;
    expect((await json('forward', weights, '-i', x)).ySha256).toBe(right);
    expect((await json('forward', weights, '-i', x, '--layers', 'lstm:5,dense:2')).ySha256).toBe(right);
    expect((await json('forward', weights, '-i', x, '--cell', 'lstm', '--M', '5')).ySha256).toBe(right);
    expect((await runCli(['compare', weights, '-i', x, '--against', y, '-q'])).exit).toBe(0);
  });

  it('that holds weights of layers without a cell is --weights where --layers says the network', async () => {
    const tensor = (...shape: number[]) => ({
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => Math.sin(k + 1)),
    });
    const tensors = { '0.weight': tensor(4, 3), '0.bias': tensor(4), '2.weight': tensor(2, 4), '2.bias': tensor(2) };
    const path = join(folder, 'two.safetensors');
    writeFileSync(path, await bytesOf('safetensors', tensors));
    const described = ['-i', x, '--layers', 'dense:4@relu,dense:2'];
    const right = await json('forward', '--weights', path, ...described);
    expect((await json('forward', path, ...described)).ySha256).toBe(right.ySha256);
    expect((await runCli(['forward', path, '-i', x])).stderr).toContain('or describe the network with --layers');
  });

  it('that is an array beside a network is the other side of compare, in either order', async () => {
    const described = ['-i', x, '--json'];
    const right = await json('compare', weights, '-i', x, '--against', y);
    expect(right.equal).toBe(true);
    for (const order of [
      [weights, y],
      [y, weights],
    ]) {
      const { stdout, exit } = await runCli(['compare', ...order, ...described]);
      expect([exit, { ...JSON.parse(stdout), notes: [] }]).toEqual([0, { ...right, notes: [] }]);
    }
    expect((await runCli(['compare', y, weights, '-i', x])).stderr).toContain('is an array: it is compared with what');
    expect((await runCli(['compare', y, weights, '-i', x, '--against', y])).stderr).toContain('[E_CONFLICT]');
  });

  it.each<[string, () => string[], string, string]>([
    ['beside --model', () => ['shapes', spec, '--model', spec], 'E_CONFLICT', 'and --model both name the network'],
    ['a model beside --layers', () => ['shapes', spec, '--layers', 'lstm:4'], 'E_CONFLICT', 'and --layers both describe the network'],
    ['a model beside sizes', () => ['shapes', spec, '--M', '4'], 'E_CONFLICT', '--model and --M cannot be used together'],
    ['weights beside --weights', () => ['forward', weights, '--weights', weights], 'E_CONFLICT', 'and --weights both hold weights'],
    ['an array', () => ['forward', x], 'E_INPUT', `rnn-cli forward -i ${x}`],
    ['several arrays', () => ['forward', saved({ x: [[1]], y: [2] })], 'E_INPUT', 'holds 2 arrays, neither a network nor its weights'],
    [
      'what an optimizer of PyTorch keeps',
      () => ['shapes', saved({ 'state.0.step': 1, 'state.0.exp_avg': [[1]], 'state.0.exp_avg_sq': [[1]] })],
      'E_NAMES',
      'this is the state of an optimizer, not the weights of a network',
    ],
    ['arrays whose names are letters', () => ['forward', saved({ x: [1], y: [1], h: [1] })], 'E_INPUT', 'holds 3 arrays'],
    ['a file without arrays', () => ['forward', noTensors()], 'E_NAMES', 'no tensors'],
    [
      'gates that somebody named',
      () => ['forward', saved({ Wz: [1], Wr: [1], Wh: [1] })],
      'E_NAMES',
      'np.concatenate([Wz, Wr, Wh], axis=-1)',
    ],
    ['an array to compare', () => ['compare', y], 'E_INPUT', `rnn-cli compare --against ${y}`],
    ['an array beside the other one', () => ['compare', y, '--against', x], 'E_INPUT', `rnn-cli compare ${y} ${x}`],
    ['an array beside x and the other one', () => ['compare', y, '--against', x, '-i', x], 'E_INPUT', 'fix: give a model, or weights'],
    ['an array where none is read', () => ['shapes', x], 'E_INPUT', 'fix: give a model, or weights'],
    ['two files', () => ['forward', spec, x], 'E_EXCESS', 'one file and flags'],
  ])('%s is refused', async (_, argv, code, words) => {
    const { exit, stderr, stdout } = await runCli(argv());
    expect([exit, stdout]).toEqual([code === 'E_NAMES' ? 3 : 2, '']);
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).toContain(words);
  });
});

it.each([
  ['lstm', 'did you mean --cell lstm?'],
  ['LSTM', 'did you mean --cell lstm?'],
  ['lstm:5,dense:2', 'did you mean --layers lstm:5,dense:2?'],
  ['5', 'sizes are flags, such as --M 5'],
  ['net.kears', 'check the path'],
  ['nets/lstm:5', 'there is no folder nets'],
  ['lstms', 'check the path'],
])('a word that is no file: %s', async (word, meant) => {
  const { exit, stderr } = await runCli(['shapes', word]);
  expect([exit, stderr]).toEqual([4, expect.stringContaining(`[E_NOT_FOUND]\n  fix: ${meant}`)]);
});

describe('a file that is no model and no array', () => {
  it.each([
    ['{"name":"pkg","version":"1.0"}', 3, 'a JSON object with the keys name, version: no model and no arrays'],
    ['{}', 3, 'an empty JSON object'],
    ['["a"]', 3, 'expected a number'],
    ['{"a":[1,2],"b":[[1]]}', 0, 'cannot tell whose weights these are: a, b'],
    ['[[1,2],[3,4]]', 0, '1 tensor, 4 numbers'],
    ['[[1,2],[3,4]]', 0, 'not run: numbers, neither a network nor its weights'],
  ])('%s', async (text, exit, said) => {
    const folder = mkdtempSync(join(tmpdir(), 'file-'));
    writeFileSync(join(folder, 'f.json'), text);
    const ran = await runCli(['inspect', join(folder, 'f.json')]);
    rmSync(folder, { recursive: true });
    expect([ran.exit, ran.stdout + ran.stderr]).toEqual([exit, expect.stringContaining(said)]);
  });
});
