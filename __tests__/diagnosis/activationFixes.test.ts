import { runCompare } from '../../src/run/compare.js';
import { runForward } from '../../src/run/forward.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';

/** A network in PyTorch whose y has another activation: the repair is PyTorch, and gives the function that the network has. */
const folder = temporaryFolder();
const sizes = { N: 4, T: 6, D: 3, seed: '42', framework: 'torch' as const };

it.each([
  ['rnn:5,dense:2', 'rnn:5@relu,dense:2', "nn.RNN(D, M, nonlinearity='relu')"],
  ['rnn:5@relu,dense:2', 'rnn:5,dense:2', "nn.RNN(D, M, nonlinearity='tanh')"],
  ['rnn:5,dense:2@relu', 'rnn:5,dense:2', 'y = fc(h)'],
  ['rnn:5,dense:2', 'rnn:5,dense:2@elu', 'y = F.elu(fc(h), 1)'],
  ['rnn:5,dense:2', 'rnn:5,dense:2@gelu', 'y = F.gelu(fc(h))'],
  ['lstm:5,dense:2', 'lstm:5@relu,dense:2', 'g = torch.relu(a_g)'],
  ['conv:4x3,rnn:5', 'conv:4x3@sigmoid,rnn:5', 'y = torch.sigmoid(conv(x))'],
])('y of %s beside %s', async (theirs, layers, fix) => {
  const { tensors } = await runForward({ ...sizes, layers: theirs });
  const against = folder.write('y.npy', await bytesOf('npy', { y: tensors.y }));
  const { explanations } = await runCompare({ ...sizes, layers, against });
  expect(explanations[0]).toMatchObject({ code: expect.stringMatching(/^activation:/), fix });
});
