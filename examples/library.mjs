// The library instead of the command line: the same questions, the same answers, as objects.
import { fileURLToPath } from 'node:url';
import { compare, forward, RnnError, shapes } from '@rnn-cli/cli';

const folder = fileURLToPath(new URL('tutorial/', import.meta.url));
const network = { weights: `${folder}w.npz`, input: `${folder}x.npy` };

const { totals, layers } = await shapes({ cell: 'lstm', T: 10, D: 3, M: [5], K: 2 });
console.log(`${totals.params} parameters, ${totals.macsPerSample} multiply-adds; ${layers.map(layer => layer.name).join(', ')}`);

const { shape, tensors } = await forward(network);
console.log(
  `y [${shape}] in a ${tensors.y.data.constructor.name}: ${Array.from(tensors.y.data.slice(0, 2), x => x.toFixed(5)).join(' ')} …`,
);

const { equal, explanations } = await compare({ ...network, against: `${folder}leaky.npy` });
console.log(equal ? 'same' : `different: ${explanations[0].code}, ${explanations[0].verdict}`);

try {
  await shapes({ layers: 'lstm:4+last,gru:3', D: 2 });
} catch (error) {
  if (!(error instanceof RnnError)) throw error;
  console.log(`${error.code}, exit ${error.exit}`);
}
