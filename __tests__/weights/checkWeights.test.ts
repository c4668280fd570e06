import type { WeightShape } from '../../src/cells/cell.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { checkWeights } from '../../src/weights/weights.js';
import { array } from '../helpers/files.js';

/** A network has exactly the weights that it says, each of its shape: whatever else comes, or does not, is refused by name. */
const shape = (name: string, dims: readonly string[], ...sizes: number[]): WeightShape =>
  ({ name, role: 'kernel', shape: sizes, dims }) as unknown as WeightShape;
const SHAPES = new Map([
  ['rnn', [shape('Wx', ['D', 'M'], 2, 3), shape('Wh', ['M', 'M'], 3, 3)]],
  ['d', [shape('Wo', ['M', 'K'], 3, 4)]],
]);
const RIGHT = { 'rnn/Wx': array(2, 3), 'rnn/Wh': array(3, 3), 'd/Wo': array(3, 4) };
function check(weights: Readonly<Record<string, Tensor>>): unknown {
  try {
    return checkWeights(SHAPES, new Map(Object.entries(weights)));
  } catch (error) {
    return error;
  }
}

it('all of them, and nothing else, are taken in any order', () => {
  const turned = new Map(Object.entries(RIGHT).reverse());
  expect(checkWeights(SHAPES, turned)).toBe(turned);
});

it.each(['rnn/bh', 'rnn/Wp', 'rnn/p', 'rnn/wx', 'rnn/backward/Wx', 'd/bo', 'other/Wx', 'Wx', ''])('a further one is refused: %j', name => {
  expect(check({ ...RIGHT, [name]: array(3) })).toMatchObject({
    code: 'E_WEIGHT_EXTRA',
    message: `the weights contain ${name}, which the network does not have`,
    where: name,
    expected: 'rnn/Wx, rnn/Wh, d/Wo',
    found: name,
    fix: 'describe the whole network, or give only the weights of this one',
  });
});

it.each([
  ['rnn/Wx', '[2, 3] = [D, M]', '[2, 3]'],
  ['rnn/Wh', '[3, 3] = [M, M]', '[3, 3]'],
  ['d/Wo', '[3, 4] = [M, K]', '[3, 4]'],
])('a missing one is named: %s', (name, expected, sizes) => {
  expect(check(Object.fromEntries(Object.entries(RIGHT).filter(([key]) => key !== name)))).toMatchObject({
    code: 'E_WEIGHT_MISSING',
    message: `the weight ${name} ${sizes} is missing`,
    where: name,
    expected,
    found: 'nothing',
    fix: 'give every weight of the network, or leave the layer out of it',
  });
});

const USUAL = 'the file may hold another network, which rnn-cli inspect shows; weights alone need no --cell and no sizes';
it.each([
  ['rnn/Wx', [3, 2], '[2, 3]', 'it is transposed: PyTorch keeps [outputs, inputs]; try --framework torch'],
  ['d/Wo', [4, 3], '[3, 4]', 'it is transposed: PyTorch keeps [outputs, inputs]; try --framework torch'],
  ['d/Wo', [3, 7], '[3, 4]', 'the file fits K = 7 (here 4): give the network that size, or weights of this one'],
  ['d/Wo', [5, 7], '[3, 4]', 'the file fits M = 5 (here 3), K = 7 (here 4): give the network that size, or weights of this one'],
  ['d/Wo', [12], '[3, 4]', USUAL],
  ['rnn/Wh', [3, 3, 1], '[3, 3]', USUAL],
])('one of another shape is refused with what would fit: %s %j', (name, found, expected, fix) => {
  expect(check({ ...RIGHT, [name]: array(...found) })).toMatchObject({
    code: 'E_WEIGHT_SHAPE',
    where: name,
    expected,
    found: `[${found.join(', ')}]`,
    fix,
  });
});
