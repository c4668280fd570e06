import type { ForwardRequest } from '../../src/run/request.js';
import { initializers } from '../../src/weights/initializers/index.js';

type Target = 'torch' | 'keras' | 'numpy';

/** Runs that are scripts by themselves: the script draws what the run drew. */
export const DRAWN: Readonly<Record<Target, readonly ForwardRequest[]>> = {
  torch: [
    { rng: 'torch', seed: '0', N: 4 },
    { rng: 'torch', seed: '3', layers: 'lstm:4+seq,dense:2', T: 10, D: 3, N: 2 },
    { rng: 'torch', seed: '-3', layers: 'lstm:4+seq,dropout:0.3,bigru:3,dense:2@softmax', T: 10, D: 3, N: 2 },
    { rng: 'torch', seed: '7', layers: 'embedding:9x3,lstm:6+proj=2+nobias,dense:2', T: 4, N: 3 },
    { rng: 'torch', inputRng: 'pcg64', seed: '5', layers: 'rnn:4@relu+seq,avgpool,dense:3@sigmoid', T: 10, D: 2, N: 2 },
    { rng: 'torch', inputRng: 'keras', seed: '5', cell: 'gru', N: 2 },
    { rng: 'torch', seed: '5', layers: 'dense:4@relu+nobias,dense:2', T: 10, D: 3, N: 2 },
  ],
  keras: [
    { rng: 'keras', seed: '42', N: 4, layers: 'bilstm:4+seq,dropout:0.4,gru:3,dense:2@softmax', D: 3, T: 10 },
    { rng: 'keras', seed: '1', N: 2, layers: 'embedding:5x3,rnn:3,dense:2', T: 4 },
  ],
  numpy: [
    { rng: 'numpy', seed: '3', cell: 'lstm', N: 2 },
    { rng: 'numpy', seed: '3', cell: 'gru', N: 2, init: 'keras' },
    { rng: 'pcg64', seed: '123456789012345678901234567890', layers: 'bigru:4+seq,maxpool,dense:2', T: 10, D: 2, N: 2 },
    { rng: 'pcg64', inputRng: 'numpy', seed: '8', layers: 'embedding:9x3,bilstm:4+sum,dense:2@softmax', T: 4, N: 3 },
    { rng: 'numpy', inputRng: 'pcg64', seed: '8', layers: 'gru:5+resetbefore+nobias,dense:4,dense:2', T: 10, D: 3, N: 3 },
    { rng: 'numpy', seed: ' 8 ', init: 'torch', layers: 'embedding:9x3,gru:4,dense:2', T: 4, N: 3 },
    ...initializers.map(
      ({ name }, i): ForwardRequest => ({
        rng: i % 2 ? 'numpy' : 'pcg64',
        seed: String(i),
        init: name,
        layers: 'lstm:4,dense:2',
        D: 3,
        T: 10,
        N: 2,
      }),
    ),
  ],
};
