import { isKeras1, modernArrays } from '../../src/conventions/keras/oldWeights.js';
import { tensor } from '../../src/tensor/tensor.js';

/** Nine arrays of the shapes [2, 2], [2, 2], [2], three times: a GRU of Keras 1, or three SimpleRNNs of a model inside the model. */
const shapes = [[2, 2], [2, 2], [2]];
const arrays = (names: (i: number) => string) =>
  Array.from({ length: 9 }, (_, i) => {
    const shape = shapes[i % 3];
    return {
      name: names(i),
      tensor: tensor(
        shape,
        Float32Array.from({ length: shape[0] * (shape[1] ?? 1) }, (_, k) => i + k),
      ),
    };
  });
const ROLES = ['kernel', 'recurrent_kernel', 'bias'];

it.each([
  ['Keras 1', (i: number) => `gru_1_${'WUb'[i % 3]}_${'zrh'[Math.floor(i / 3)]}`, true],
  ['a list without names', (i: number) => `arr_${i}`, true],
  ['Keras 3', (i: number) => `rnn_${Math.floor(i / 3)}/simple_rnn_cell/${ROLES[i % 3]}`, false],
  ['Keras 2', (i: number) => `rnn_${Math.floor(i / 3)}/${ROLES[i % 3]}:0`, false],
])('nine arrays with the names of %s are one layer or three', (_, names, isOld) => {
  const given = arrays(names);
  expect(isKeras1(given)).toBe(isOld);
  expect(modernArrays(given).length).toBe(isOld ? 3 : 9);
});

it('a separable convolution has three arrays that fit together as those of cuDNN do, and stays what it is', () => {
  const given = [[3, 4, 1], [1, 4, 8], [8]].map((shape, i) => ({
    name: `arr_${i}`,
    tensor: tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1))),
  }));
  expect(modernArrays(given)).toEqual(given);
});
