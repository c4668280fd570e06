import { assumptionsOf } from '../../src/conventions/assumed.js';

it.each([
  [{ title: '' }, 'y is the last step of gru'],
  [{ title: '', name: 'gru_1' }, 'y is the last step of gru_1'],
  [{ title: 'encoder' }, 'y is the last step of encoder'],
])('a layer without a name in the file (%j) is called by its kind: %s', (named, what) => {
  const layers = [{ kind: 'gru', units: 5, ...named }];
  expect(assumptionsOf(layers, { task: 'many-to-one', pool: 'last', timesteps: null }, 'torch').map(a => a.what)).toEqual([what]);
});
