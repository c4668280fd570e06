"""What scripts in plain NumPy draw for a network: X first, then the weights in rnn-cli's order. Prints numpy_scripts.json."""
import json
import numpy as np

N, T, D, M, K = 2, 3, 3, 4, 2


class Legacy:
    def __init__(self, seed):
        np.random.seed(seed)
    normal = staticmethod(lambda *shape: np.random.randn(*shape))
    uniform = staticmethod(lambda limit, shape: np.random.uniform(-limit, limit, shape))
    integers = staticmethod(lambda high, shape: np.random.randint(0, high, shape))


class Generator:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
    def normal(self, *shape):
        return self.rng.standard_normal(shape)
    def uniform(self, limit, shape):
        return self.rng.uniform(-limit, limit, shape)
    def integers(self, high, shape):
        return self.rng.integers(0, high, shape)


def glorot(source, rows, columns):
    return source.uniform(np.sqrt(6 / (rows + columns)), (rows, columns))


def orthogonal(source, rows, columns):
    q, r = np.linalg.qr(source.normal(max(rows, columns), min(rows, columns)))
    q = q * np.sign(np.diag(r))
    return q.T if rows < columns else q


def keras(source):
    """Bidirectional(LSTM(4)), Dense(2)"""
    w = {}
    for direction in ('forward', 'backward'):
        w[f'lstm_1/{direction}/Wx'] = glorot(source, D, 4 * M)
        w[f'lstm_1/{direction}/Wh'] = orthogonal(source, M, 4 * M)
        w[f'lstm_1/{direction}/bh'] = np.repeat([0.0, 1.0, 0.0, 0.0], M)
    w['dense_1/Wo'] = glorot(source, 2 * M, K)
    w['dense_1/bo'] = np.zeros(K)
    return w


def torch(source):
    """the same network, every weight uniform as PyTorch has it"""
    w = {}
    k = 1 / np.sqrt(M)
    for direction in ('forward', 'backward'):
        w[f'lstm_1/{direction}/Wx'] = source.uniform(k, (D, 4 * M))
        w[f'lstm_1/{direction}/Wh'] = source.uniform(k, (M, 4 * M))
        w[f'lstm_1/{direction}/bh'] = source.uniform(k, (4 * M,))
    k = 1 / np.sqrt(2 * M)
    w['dense_1/Wo'] = source.uniform(k, (2 * M, K))
    w['dense_1/bo'] = source.uniform(k, (K,))
    return w


def record(a):
    return {'shape': list(a.shape), 'data': a.tolist()}


out = {'numpy': np.__version__, 'cases': []}
for rng, source in (('numpy', Legacy), ('pcg64', Generator)):
    for seed in (0, 42):
        for init, weights in (('keras', keras), ('torch', torch)):
            s = source(seed)
            x = s.normal(N, T, D)
            out['cases'].append({'rng': rng, 'seed': seed, 'init': init, 'x': record(x), 'weights': {k: record(v) for k, v in weights(s).items()}})
        out['cases'].append({'rng': rng, 'seed': seed, 'tokens': 11, 'x': record(source(seed).integers(11, (N, T)))})
print(json.dumps(out))
