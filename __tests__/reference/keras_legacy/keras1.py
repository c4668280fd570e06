"""Files as Keras 1.2 wrote them, and what their networks give by a loop over samples and steps in float64 NumPy that shares nothing with the program.
python3 keras1.py   (NumPy, h5py; Keras 1 itself runs on no Python that is still maintained)"""
import json
import h5py
import numpy as np

rng = np.random.RandomState(7)
draw = lambda *shape: rng.uniform(-0.9, 0.9, shape).astype('f4')
sigmoid = lambda z: np.clip(0.2 * z + 0.5, 0, 1)  # hard_sigmoid of Keras 1


def gates(names, D, M, prefix):
    """per gate W [D, M], U [M, M], b [M], named as Keras 1 names them, in its order"""
    return [(f'{prefix}_{k}_{g}', draw(*s)) for g in names for k, s in (('W', (D, M)), ('U', (M, M)), ('b', (M,)))]


def lstm(x, w, M, backwards=False):
    """x [T, D]; w by the letters of Keras 1"""
    h = c = np.zeros(M)
    out = []
    for t in range(len(x))[::-1 if backwards else 1]:
        z = {g: x[t] @ w['W_' + g].astype('f8') + h @ w['U_' + g].astype('f8') + w['b_' + g].astype('f8') for g in 'icfo'}
        c = sigmoid(z['f']) * c + sigmoid(z['i']) * np.tanh(z['c'])
        h = sigmoid(z['o']) * np.tanh(c)
        out.append(h)
    return np.array(out)


def gru(x, w, M, backwards=False):
    h = np.zeros(M)
    out = []
    for t in range(len(x))[::-1 if backwards else 1]:
        a = {g: x[t] @ w['W_' + g].astype('f8') + w['b_' + g].astype('f8') for g in 'zrh'}
        z = sigmoid(a['z'] + h @ w['U_z'].astype('f8'))
        r = sigmoid(a['r'] + h @ w['U_r'].astype('f8'))
        hh = np.tanh(a['h'] + (r * h) @ w['U_h'].astype('f8'))
        h = z * h + (1 - z) * hh
        out.append(h)
    return np.array(out)


def letters(arrays):
    """lstm_1_W_i -> W_i"""
    return {name[name.rindex('_', 0, name.rindex('_')) + 1:] if name[-2] == '_' and name[-4] == '_' else name[-1]: a for name, a in arrays}


def fused(order, D, M, prefix):
    """consume_less='gpu': W [D, G·M], U, b"""
    return [(f'{prefix}_W', draw(D, len(order) * M)), (f'{prefix}_U', draw(M, len(order) * M)), (f'{prefix}_b', draw(len(order) * M))]


def split(arrays, order, M):
    W, U, b = (a for _, a in arrays)
    return {f'{k}_{g}': a[..., i * M:(i + 1) * M] for k, a in (('W', W), ('U', U), ('b', b)) for i, g in enumerate(order)}


def recurrent(kind, name, M, sequences=False, consume_less='cpu', **more):
    return {'class_name': kind, 'config': dict(name=name, trainable=True, output_dim=M, init='glorot_uniform', inner_init='orthogonal',
            activation='tanh', inner_activation='hard_sigmoid', return_sequences=sequences, go_backwards=False, stateful=False, unroll=False,
            dropout_W=0.0, dropout_U=0.0, consume_less=consume_less, **({'forget_bias_init': 'one'} if kind == 'LSTM' else {}), **more)}


def dense(name, K, activation):
    return {'class_name': 'Dense', 'config': dict(name=name, trainable=True, output_dim=K, input_dim=None, init='glorot_uniform', activation=activation, bias=True)}


def save(name, layers, weights, x, y, whole=True):
    config = {'class_name': 'Sequential', 'config': layers}
    with h5py.File(f'{name}.h5', 'w') as f:
        f.attrs['keras_version'] = b'1.2.2'
        if whole:
            f.attrs['model_config'] = json.dumps(config).encode()
        root = f.create_group('model_weights') if whole else f
        root.attrs['layer_names'] = [n.encode() for n, _ in weights]
        for layer, arrays in weights:
            g = root.create_group(layer)
            g.attrs['weight_names'] = [(n + ':0').encode() for n, _ in arrays]
            for n, a in arrays:
                g.create_dataset(n + ':0', data=a)
    if whole:
        json.dump({**config, 'keras_version': '1.2.2'}, open(f'{name}.json', 'w'))
    np.save(f'{name}_x.npy', x)
    np.save(f'{name}_y.npy', np.array(y))


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


T, D = 6, 4
x = draw(3, T, D)

# two LSTMs, the gates' arrays apart; a Dense in between on every step, which Keras 1 called TimeDistributedDense
w1, w2 = gates('icfo', D, 5, 'lstm_1'), gates('icfo', 2, 3, 'lstm_2')
d1, d2 = [('td_1_W', draw(5, 2)), ('td_1_b', draw(2))], [('dense_1_W', draw(3, 7)), ('dense_1_b', draw(7))]
layers = [recurrent('LSTM', 'lstm_1', 5, True, batch_input_shape=[None, T, D]),
          {'class_name': 'TimeDistributedDense', 'config': dict(name='td_1', output_dim=2, activation='relu', bias=True, input_dim=None)},
          {'class_name': 'Dropout', 'config': dict(name='dropout_1', p=0.5, trainable=True)},
          recurrent('LSTM', 'lstm_2', 3), dense('dense_1', 7, 'softmax')]
y = [softmax(lstm(np.maximum(lstm(s, letters(w1), 5) @ d1[0][1] + d1[1][1], 0), letters(w2), 3)[-1] @ d2[0][1] + d2[1][1]) for s in x]
save('k1_lstm', layers, [('lstm_1', w1), ('td_1', d1), ('dropout_1', []), ('lstm_2', w2), ('dense_1', d2)], x, y)

# token vectors, both directions of a GRU
E = [('embedding_1_W', draw(9, D))]
wf, wb, d = gates('zrh', D, 5, 'forward_gru_1'), gates('zrh', D, 5, 'backward_gru_1'), [('dense_1_W', draw(10, 2)), ('dense_1_b', draw(2))]
layers = [{'class_name': 'Embedding', 'config': dict(name='embedding_1', input_dim=9, output_dim=D, input_length=T, mask_zero=False, batch_input_shape=[None, T])},
          {'class_name': 'Bidirectional', 'config': dict(name='bidirectional_1', merge_mode='concat', layer=recurrent('GRU', 'gru_1', 5))},
          dense('dense_1', 2, 'linear')]
tokens = rng.randint(0, 9, (3, T)).astype('f4')
y = [np.concatenate([gru(E[0][1][s.astype(int)], letters(w), 5, back)[-1] for w, back in ((wf, False), (wb, True))]) @ d[0][1] + d[1][1] for s in tokens]
save('k1_gru', layers, [('embedding_1', E), ('bidirectional_1', wf + wb), ('dense_1', d)], tokens, y)

# one array for all gates
w1, w2, d = fused('ifco', D, 5, 'lstm_1'), fused('zrh', 5, 3, 'gru_1'), [('dense_1_W', draw(3, 2)), ('dense_1_b', draw(2))]
layers = [recurrent('LSTM', 'lstm_1', 5, True, 'gpu', batch_input_shape=[None, T, D]), recurrent('GRU', 'gru_1', 3, False, 'gpu'), dense('dense_1', 2, 'tanh')]
y = [np.tanh(gru(lstm(s, split(w1, 'ifco', 5), 5), split(w2, 'zrh', 3), 3)[-1] @ d[0][1] + d[1][1]) for s in x]
save('k1_gpu', layers, [('lstm_1', w1), ('gru_1', w2), ('dense_1', d)], x, y)

# weights without a description
w, d = gates('zrh', D, 5, 'gru_1'), [('dense_1_W', draw(5, 2)), ('dense_1_b', draw(2))]
y = [gru(s, letters(w), 5)[-1] @ d[0][1] + d[1][1] for s in x]
save('k1_weights', [recurrent('GRU', 'gru_1', 5, batch_input_shape=[None, T, D]), dense('dense_1', 2, 'linear')], [('gru_1', w), ('dense_1', d)], x, y, whole=False)
