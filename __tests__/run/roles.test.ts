import type { FileTensor } from '../../src/formats/format.js';
import { describeTensors } from '../../src/run/network/tensorRoles.js';

/** A file of tensors with these names and shapes, whose numbers nobody reads: name -> role and gates. */
function roles(shapes: Record<string, readonly number[]>, framework: 'keras' | 'torch' | 'onnx' | undefined) {
  const tensors = new Map(
    Object.entries(shapes).map(([name, shape]): [string, FileTensor] => [name, { shape, dtype: 'f32', data: new Float32Array(0) }]),
  );
  return Object.fromEntries(
    describeTensors(tensors, null, null, framework).map(({ name, role, gates }) => [name, gates ? [role, gates.join('')] : [role]]),
  );
}

it("of a PyTorch state dict: each of a cell's weights, in both directions, with the gates in PyTorch's order", () => {
  const dict = (G: number) => ({
    'rnn.weight_ih_l0': [G * 3, 2],
    'rnn.weight_hh_l0': [G * 3, 3],
    'rnn.bias_ih_l0': [G * 3],
    'rnn.bias_hh_l0': [G * 3],
    'rnn.weight_hr_l0': [2, 3],
    'rnn.weight_ih_l11_reverse': [G * 3, 2],
    'rnn.weight_hh_l11_reverse': [G * 3, 3],
    'rnn.bias_hh_l11_reverse': [G * 3],
    'rnn.weight_hr_l11_reverse': [2, 3],
    'fc.weight': [2, 3],
    'fc.bias': [2],
    'layer_norm.scale': [2],
    weight_ih_lx: [2, 2],
  });
  const of = (gates?: string) => {
    const row = (role: string) => (gates ? [role, gates] : [role]);
    return {
      'rnn.weight_ih_l0': row('kernel'),
      'rnn.weight_hh_l0': row('recurrentKernel'),
      'rnn.bias_ih_l0': row('bias'),
      'rnn.bias_hh_l0': row('bias'),
      'rnn.weight_hr_l0': ['projection'],
      'rnn.weight_ih_l11_reverse': row('kernel'),
      'rnn.weight_hh_l11_reverse': row('recurrentKernel'),
      'rnn.bias_hh_l11_reverse': row('bias'),
      'rnn.weight_hr_l11_reverse': ['projection'],
      'fc.weight': ['kernel'],
      'fc.bias': ['bias'],
      'layer_norm.scale': [null],
      weight_ih_lx: [null],
    };
  };
  expect(roles(dict(4), 'torch')).toEqual(of('ifgo'));
  expect(roles(dict(3), 'torch')).toEqual(of('rzg'));
  expect(roles(dict(1), 'torch')).toEqual(of());
});

it("of Keras' files, by path in Keras 3, by name in Keras 1 and 2, with the gates in Keras' order", () => {
  const lstm = [
    ['layers/lstm/cell/vars/0', 'layers/lstm/cell/vars/1', 'layers/lstm/cell/vars/2'],
    ['lstm/lstm_cell/kernel:0', 'lstm/lstm_cell/recurrent_kernel:0', 'lstm/lstm_cell/bias:0'],
    ['lstm/kernel', 'lstm/recurrent_kernel', 'lstm/bias'],
  ];
  for (const [kernel, recurrent, bias] of lstm) {
    expect(roles({ [kernel]: [2, 12], [recurrent]: [3, 12], [bias]: [12] }, 'keras')).toEqual({
      [kernel]: ['kernel', 'ifgo'],
      [recurrent]: ['recurrentKernel', 'ifgo'],
      [bias]: ['bias', 'ifgo'],
    });
  }
  expect(roles({ 'layers/gru/cell/vars/0': [2, 9], 'layers/gru/cell/vars/1': [3, 9], 'layers/gru/cell/vars/2': [2, 9] }, 'keras')).toEqual({
    'layers/gru/cell/vars/0': ['kernel', 'zrg'],
    'layers/gru/cell/vars/1': ['recurrentKernel', 'zrg'],
    'layers/gru/cell/vars/2': ['bias', 'zrg'],
  });
  expect(
    roles(
      {
        'layers/simple_rnn/cell/vars/1': [3, 3],
        'layers/dense/vars/0': [3, 2],
        'layers/dense/vars/1': [2],
        'layers/dense/vars/2': [2],
        'layers/embedding/vars/0': [5, 2],
        'layers/embedding_12/vars/0': [5, 2],
        'embedding/embeddings:0': [5, 2],
        'embedding/embeddings': [5, 2],
        'embedding/embeddings_moved': [5, 2],
        'dense/kernel:0': [3, 2],
        'dense/bias:0': [2],
        'my_kernel:0': [3, 2],
        'optimizer/vars/0': [],
        'layers/dropout/seed_generator/vars/0': [2],
      },
      'keras',
    ),
  ).toEqual({
    'layers/simple_rnn/cell/vars/1': ['recurrentKernel'],
    'layers/dense/vars/0': ['kernel'],
    'layers/dense/vars/1': ['bias'],
    'layers/dense/vars/2': [null],
    'layers/embedding/vars/0': ['embeddings'],
    'layers/embedding_12/vars/0': ['embeddings'],
    'embedding/embeddings:0': ['embeddings'],
    'embedding/embeddings': ['embeddings'],
    'embedding/embeddings_moved': [null],
    'dense/kernel:0': ['kernel'],
    'dense/bias:0': ['bias'],
    'my_kernel:0': [null],
    'optimizer/vars/0': [null],
    'layers/dropout/seed_generator/vars/0': [null],
  });
});

it('of our own names, whose gates are those of the width', () => {
  const own = (G: number) => ({
    'l/Wx': [2, G * 3],
    'l/Wh': [3, G * 3],
    'l/bh': [G * 3],
    'l/Wp': [3, 2],
    'l/p': [3, 3],
    'd/Wo': [3, 2],
    'd/bo': [2],
    'e/E': [5, 2],
    'e/Extra': [1],
  });
  const of = (gates: string | null) => {
    const row = (role: string) => (gates ? [role, gates] : [role]);
    return {
      'l/Wx': row('kernel'),
      'l/Wh': row('recurrentKernel'),
      'l/bh': row('bias'),
      'l/Wp': ['projection'],
      'l/p': ['peepholes'],
      'd/Wo': ['kernel'],
      'd/bo': ['bias'],
      'e/E': ['embeddings'],
      'e/Extra': [null],
    };
  };
  expect(roles(own(4), undefined)).toEqual(of('ifgo'));
  expect(roles(own(3), undefined)).toEqual(of('zrg'));
  expect(roles(own(1), undefined)).toEqual(of(null));
  expect(roles(own(7), undefined)).toEqual(of(null));
});

it('a recurrent matrix of other than two axes, or none, tells no gates', () => {
  expect(roles({ 'l/Wx': [2, 12], 'l/Wh': [1, 3, 12] }, undefined)).toEqual({ 'l/Wx': ['kernel'], 'l/Wh': ['recurrentKernel'] });
  expect(roles({ 'l/Wx': [2, 12] }, undefined)).toEqual({ 'l/Wx': ['kernel'] });
});
