"""Random networks of the installed Keras, with its own answers: python make.py FOLDER SEED FROM COUNT [KIND…]

Writes NAME.keras, NAME.h5 (where Keras can), NAME.json with NAME.weights.h5, NAME.x.npz (inputs by name), NAME.summary, and prints a line of
JSON for each. Every case has its own generator, seeded by SEED and its number, so that one case can be made again alone. Kinds are the
functions below whose name ends in _net.
"""

import base64
import contextlib
import io
import json
import logging
import os
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import keras
import encodings_of_numbers
import images
import numpy as np
import operators
import wired
from keras import layers as L

POLICIES = ["mixed_float16", "mixed_bfloat16", "float16", "float64", "float64"]
ACTIVATIONS = ["linear", "relu", "tanh", "sigmoid", "elu", "softplus", "gelu", "silu", "softmax", "hard_sigmoid", "leaky_relu"]


class Draw:
    """A generator with the choices that layers need."""

    def __init__(self, seed, number):
        self.rng = np.random.default_rng([seed, number])
        self.number, self.kinds = number, ["one"]

    def int(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def bool(self, share=0.5):
        return bool(self.rng.random() < share)

    def one(self, values):
        return values[self.int(0, len(values) - 1)]

    def act(self):
        return self.one(ACTIVATIONS)

    def sizes(self, count, low, high):
        return tuple(self.int(low, high) for _ in range(count))


# Layers by the rank of what they read; each gives a layer for an input of shape (without the batch), or None where it does not fit.


def conv(d, shape, rank, cls):
    size = d.sizes(rank, 1, 3)
    room = shape[1:] if (first := d.bool(0.15)) else shape[:-1]
    strides, dilation = (1,) * rank, (1,) * rank
    if d.bool(0.4):
        strides = d.sizes(rank, 1, 3) if cls not in (L.SeparableConv1D, L.SeparableConv2D, L.DepthwiseConv1D, L.DepthwiseConv2D) else (d.int(1, 3),) * rank
    elif d.bool(0.4):
        dilation = d.sizes(rank, 1, 3) if cls in (L.Conv1D, L.Conv2D) else (d.int(1, 2),) * rank
    if first:
        dilation = (1,) * rank
    padding = d.one(["valid", "same"] + (["causal"] if rank == 1 and cls in (L.Conv1D, L.SeparableConv1D) else []))
    if any((k - 1) * q + 1 > n for k, q, n in zip(size, dilation, room)):
        padding = "same"
    options = dict(kernel_size=size, strides=strides, padding=padding, dilation_rate=dilation, activation=d.act(), use_bias=d.bool(0.8))
    options["data_format"] = "channels_first" if first else "channels_last"
    channels = shape[0] if first else shape[-1]
    if cls in (L.DepthwiseConv1D, L.DepthwiseConv2D):
        return cls(depth_multiplier=d.int(1, 3), **options)
    if cls in (L.SeparableConv1D, L.SeparableConv2D):
        return cls(filters=d.int(1, 6), depth_multiplier=d.int(1, 3), **options)
    groups = d.one([g for g in range(1, channels + 1) if channels % g == 0]) if not first else 1
    return cls(filters=groups * d.int(1, 3), groups=groups, **options)


def transpose(d, shape, rank, cls):
    strides = d.sizes(rank, 1, 3)
    return cls(d.int(1, 5), d.sizes(rank, 1, 4), strides=strides, padding=d.one(["valid", "same"]), activation=d.act(), use_bias=d.bool(0.8))


def pool(d, shape, rank, cls):
    size = d.sizes(rank, 1, 3)
    padding = d.one(["valid", "same"])
    first = d.bool(0.2)
    room = shape[1:] if first else shape[:-1]
    if any(k > n for k, n in zip(size, room)):
        padding = "same"
    return cls(size, strides=d.one([None, d.sizes(rank, 1, 3)]), padding=padding, data_format="channels_first" if first else "channels_last")


def global_pool(d, shape, cls):
    return cls(keepdims=d.bool(0.4), data_format=d.one(["channels_last", "channels_last", "channels_first"]))


def crop(d, shape, rank):
    pairs = []
    for n in shape[:-1]:
        before = d.int(0, min(2, n - 1))
        pairs.append((before, d.int(0, min(2, n - 1 - before))))
    return L.Cropping1D(pairs[0]) if rank == 1 else L.Cropping2D(tuple(pairs))


def pad(d, shape, rank):
    pairs = tuple((d.int(0, 2), d.int(0, 3)) for _ in range(rank))
    return L.ZeroPadding1D(pairs[0]) if rank == 1 else L.ZeroPadding2D(pairs, data_format=d.one(["channels_last", "channels_first"]))


def some_axes(d, shape):
    rank = len(shape)
    return sorted(d.rng.choice(np.arange(1, rank + 1), size=d.int(1, rank), replace=False).tolist())


def reshaped(d, shape):
    n = int(np.prod(shape))
    a = d.one([k for k in range(1, n + 1) if n % k == 0])
    return L.Reshape(d.one([(a, n // a), (-1, a), (n // a, -1), (a, 1, n // a), shape[::-1]]))


def normalised(d, shape):
    axes = some_axes(d, shape)
    count = [shape[a - 1] for a in axes]
    if d.bool(0.3):
        layer = L.Normalization(axis=axes if d.bool() else axes[0])
        return layer
    mean, variance = d.rng.normal(size=count), d.rng.uniform(0.1, 2, size=count)
    if d.bool(0.3):
        return L.Normalization(axis=None, mean=float(mean.flat[0]), variance=float(variance.flat[0]), invert=d.bool(0.3))
    return L.Normalization(axis=axes, mean=mean.tolist(), variance=variance.tolist(), invert=d.bool(0.3))


def grouped(d, shape):
    axis = d.one([-1, -1, 1])
    channels = shape[-1] if axis == -1 else shape[0]
    groups = d.one([-1] + [g for g in range(1, channels + 1) if channels % g == 0])
    return L.GroupNormalization(groups, axis=axis, epsilon=d.one([1e-3, 1e-5]), center=d.bool(0.8), scale=d.bool(0.8))


def einsum(d, shape):
    out = d.int(1, 5)
    if len(shape) == 1:
        equation, output, bias = "ab,bc->ac", out, "c"
    elif len(shape) == 2:
        equation, output, bias = d.one([
            ("abc,cd->abd", (None, out), "d"),
            ("abc,cde->abde", (None, out, 2), "de"),
            ("abc,bcd->ad", out, "d"),
            ("abc,bd->adc", (out, shape[1]), "d"),
            ("...x,xy->...y", (out,), "y"),
        ])
    else:
        equation, output, bias = d.one([("abcd,de->abce", (None, None, out), "e"), ("abcd,cde->abe", (None, out), "e"), ("...x,xy->...y", (out,), "y")])
    return L.EinsumDense(equation, output_shape=output, activation=d.act(), bias_axes=d.one([None, bias]))


def inactive(d, shape):
    same = [L.Dropout(0.3), L.GaussianDropout(0.2), L.GaussianNoise(0.5), L.AlphaDropout(0.1), L.ActivityRegularization(0.1), L.Identity()]
    if len(shape) == 2:
        same.append(L.SpatialDropout1D(0.2))
    if len(shape) == 3:
        same.append(L.SpatialDropout2D(0.2))
    return d.one(same)


def activation(d, shape):
    shared = some_axes(d, shape) if d.bool() else None
    axis = d.int(1, len(shape))
    return d.one([
        L.Activation(d.act()),
        L.ReLU(max_value=d.one([None, 1.5]), negative_slope=d.one([0.0, 0.1]), threshold=d.one([0.0, 0.4])),
        L.LeakyReLU(negative_slope=d.one([0.3, 0.05])),
        L.ELU(alpha=d.one([1.0, 0.4])),
        L.PReLU(shared_axes=shared),
        L.Softmax(axis=d.one([-1, axis, some_axes(d, shape)])),
    ])


def normalisation(d, shape):
    axes = some_axes(d, shape)
    trailing = list(range(d.int(1, len(shape)), len(shape) + 1))
    return d.one([
        lambda: L.BatchNormalization(axis=d.one([-1, d.int(1, len(shape))]), epsilon=d.one([1e-3, 1e-5]), center=d.bool(0.8), scale=d.bool(0.8)),
        lambda: L.LayerNormalization(axis=d.one([-1, axes]), epsilon=d.one([1e-3, 1e-6]), center=d.bool(0.8), scale=d.bool(0.8)),
        lambda: L.RMSNormalization(axis=d.one([-1, trailing]), epsilon=d.one([1e-6, 1e-3])),
        lambda: L.UnitNormalization(axis=d.one([-1, axes])),
        lambda: grouped(d, shape),
        lambda: normalised(d, shape),
        lambda: L.Rescaling(d.one([0.5, -2.0]), offset=d.one([0.0, 1.5])),
    ])()


STATE_FUNCTIONS = ["tanh", "tanh", "relu", "sigmoid", "softsign", "softmax", "log_softmax", "sparsemax"]
GATE_FUNCTIONS = ["sigmoid", "sigmoid", "hard_sigmoid", "softmax", "sparsemax"]


def cell(d, units, kind=None):
    kind = kind or d.one(["rnn", "lstm", "gru"])
    options = dict(activation=d.one(STATE_FUNCTIONS), use_bias=d.bool(0.8))
    if kind == "rnn":
        return L.SimpleRNNCell(units, **options)
    options["recurrent_activation"] = d.one(GATE_FUNCTIONS)
    return L.LSTMCell(units, **options) if kind == "lstm" else L.GRUCell(units, reset_after=d.bool(), **options)


def recurrent(d, shape):
    sequences, back = d.bool(), d.bool(0.2)
    rest = dict(return_sequences=sequences, go_backwards=back)
    pick = d.int(0, 3)
    if pick == 0:
        cells = [cell(d, d.int(1, 5)) for _ in range(d.int(1, 3))]
        return L.RNN(cells if len(cells) > 1 or d.bool() else cells[0], **rest)
    if pick == 1:
        return L.RNN(cell(d, d.int(1, 5)), **rest)
    options = dict(activation=d.one(STATE_FUNCTIONS), use_bias=d.bool(0.8), **rest)
    kind = d.one([L.SimpleRNN, L.LSTM, L.GRU])
    if kind is not L.SimpleRNN:
        options["recurrent_activation"] = d.one(GATE_FUNCTIONS)
    if kind is L.GRU:
        options["reset_after"] = d.bool()
    return kind(d.int(1, 6), **options)


def both_ways(d, shape):
    sequences, units = d.bool(), d.int(1, 5)
    mode = d.one(["concat", "sum", "mul", "ave"])
    kinds = [L.SimpleRNN, L.LSTM, L.GRU]
    if d.bool(0.3):
        return L.Bidirectional(L.RNN(cell(d, units), return_sequences=sequences), merge_mode=mode)
    forward = d.one(kinds)(units, return_sequences=sequences, activation=d.one(STATE_FUNCTIONS))
    if d.bool(0.4):
        backward = d.one(kinds)(units, return_sequences=sequences, go_backwards=True, activation=d.one(STATE_FUNCTIONS))
        return L.Bidirectional(forward, backward_layer=backward, merge_mode=mode)
    return L.Bidirectional(forward, merge_mode=mode)


def conv_lstm(d, shape):
    rank = len(shape) - 2
    size = d.sizes(rank, 1, 3)
    strides = d.sizes(rank, 1, 2) if d.bool(0.4) else (1,) * rank
    dilation = d.sizes(rank, 1, 2) if strides == (1,) * rank and d.bool(0.3) else (1,) * rank
    padding = d.one(["valid", "same"])
    if any((k - 1) * q + 1 > n for k, q, n in zip(size, dilation, shape[1:-1])):
        padding = "same"
    return (L.ConvLSTM1D if rank == 1 else L.ConvLSTM2D)(
        d.int(1, 4), size, strides=strides, padding=padding, dilation_rate=dilation, activation=d.one(STATE_FUNCTIONS),
        recurrent_activation=d.one(GATE_FUNCTIONS), use_bias=d.bool(0.8), return_sequences=d.bool(), go_backwards=d.bool(0.2))


def odd(d, layer):
    """The same layer with what changes nothing at inference: regularisers, constraints, initialisers, dropout, a name."""
    config = layer.get_config()
    if "layer" in config or "cell" in config or "forward_layer" in config:
        return layer
    objects = {
        "regularizer": lambda: d.one([keras.regularizers.L2(0.01), keras.regularizers.L1L2(0.1, 0.2), keras.regularizers.OrthogonalRegularizer(0.01)]),
        "constraint": lambda: d.one([keras.constraints.MaxNorm(2.0), keras.constraints.NonNeg(), keras.constraints.UnitNorm(axis=0)]),
        "initializer": lambda: d.one([keras.initializers.RandomUniform(-0.1, 0.1, seed=3), keras.initializers.HeNormal(), keras.initializers.Constant(0.3)]),
    }
    for key in list(config):
        kind = key.rsplit("_", 1)[-1]
        if kind in objects and d.bool(0.4) and not key.startswith(("recurrent_initializer", "moving")):
            config[key] = keras.saving.serialize_keras_object(objects[kind]())
        if key in ("dropout", "recurrent_dropout") and d.bool(0.3):
            config[key] = 0.25
        if key == "unroll" and d.bool(0.2):
            config[key] = True
        if key == "trainable" and d.bool(0.1):
            config[key] = False
    config["name"] = d.one([config["name"], f"my layer-{d.int(1, 999)}", f"lstm_{d.int(5, 99)}"]).replace(" ", "_")
    return type(layer).from_config(config)


def any_layer(d, shape):
    """A layer that reads this shape (without the batch)."""
    layer = plain_layer(d, shape)
    return odd(d, layer) if d.bool(0.25) else layer


def plain_layer(d, shape):
    rank = len(shape)
    makers = [lambda: L.Dense(d.int(1, 6), activation=d.act(), use_bias=d.bool(0.8)), lambda: inactive(d, shape), lambda: activation(d, shape),
              lambda: normalisation(d, shape), lambda: L.Flatten(data_format=d.one(["channels_last", "channels_first"])), lambda: reshaped(d, shape),
              lambda: L.Permute(tuple(int(a) for a in d.rng.permutation(np.arange(1, rank + 1)))), lambda: einsum(d, shape)]
    if rank == 1:
        makers += [lambda: L.RepeatVector(d.int(1, 4))]
    if rank == 2:
        makers += [lambda: conv(d, shape, 1, d.one([L.Conv1D, L.Conv1D, L.SeparableConv1D, L.DepthwiseConv1D])),
                   lambda: transpose(d, shape, 1, L.Conv1DTranspose),
                   lambda: pool(d, shape, 1, d.one([L.MaxPooling1D, L.AveragePooling1D])),
                   lambda: global_pool(d, shape, d.one([L.GlobalMaxPooling1D, L.GlobalAveragePooling1D])),
                   lambda: d.one([crop, pad])(d, shape, 1), lambda: L.UpSampling1D(d.int(1, 3)), lambda: recurrent(d, shape), lambda: both_ways(d, shape)]
    if rank == 3:
        makers += [lambda: conv(d, shape, 2, d.one([L.Conv2D, L.Conv2D, L.SeparableConv2D, L.DepthwiseConv2D])),
                   lambda: transpose(d, shape, 2, L.Conv2DTranspose),
                   lambda: pool(d, shape, 2, d.one([L.MaxPooling2D, L.AveragePooling2D])),
                   lambda: global_pool(d, shape, d.one([L.GlobalMaxPooling2D, L.GlobalAveragePooling2D])),
                   lambda: d.one([crop, pad])(d, shape, 2), lambda: L.UpSampling2D(d.sizes(2, 1, 3))]
    if rank in (3, 4):
        makers += [lambda: conv_lstm(d, shape)] * 2
    if rank >= 2:
        makers += [lambda: L.TimeDistributed(any_layer(d, shape[1:]))] * 2
    return d.one(makers)()


def chain_net(d):
    """Layers one after the other."""
    rank = d.int(1, 4)
    x = inputs = keras.Input(d.sizes(rank, 2, 7 if rank < 4 else 4))
    tries = 0
    wanted, count = d.one([1, 1, 2, 3]), 0
    while count < wanted and tries < 12:
        tries += 1
        shape = tuple(x.shape[1:])
        if not shape or np.prod(shape) > 600:
            break
        try:
            x = any_layer(d, shape)(x)
            count += 1
        except Exception:  # options that do not fit this shape: others are drawn
            continue
    if count == 0:
        x = L.Dense(2)(x)
    return keras.Model(inputs, x) if d.bool() else keras.Sequential([inputs, *keras.Model(inputs, x).layers[1:]])


def grid_net(d):
    """ConvLSTM over rows or images, with masks, states given and taken, both ways."""
    rank = d.int(1, 2)
    shape = (d.int(2, 4), *d.sizes(rank, 3, 4), d.int(1, 3))
    x = inputs = keras.Input(shape)
    if d.bool(0.4):
        x = L.TimeDistributed(L.Dense(d.int(1, 3)))(x)
    if d.bool(0.3):
        x = L.Masking(0.0)(x) if rank == 0 else x
    layer = conv_lstm(d, tuple(x.shape[1:]))
    if d.bool(0.3):
        config = layer.get_config()
        config["go_backwards"] = False
        layer = L.Bidirectional(type(layer).from_config(config), merge_mode=d.one(["concat", "sum", "mul", "ave", None]))
        x = keras.tree.flatten(layer(x))
        return keras.Model(inputs, x if len(x) > 1 else x[0])
    if d.bool(0.4):
        config = layer.get_config() | {"return_state": True}
        y, h, c = type(layer).from_config(config)(x)
        other = type(layer).from_config(config | {"name": "second", "strides": (1,) * rank, "padding": "same"})
        if d.bool() and not layer.return_sequences:
            return keras.Model(inputs, [y, h, c])
        if tuple(h.shape[1:-1]) == tuple(shape[1:-1]) and layer.data_format == "channels_last":
            y = other(x, initial_state=[h, c])[0]
        return keras.Model(inputs, [y, c])
    x = layer(x)
    return keras.Model(inputs, x)


def masked_net(d):
    """A mask from an Embedding or Masking, and layers that pass it, use it or end it."""
    T = d.int(2, 6)
    if d.bool():
        x = inputs = keras.Input((T,), dtype="int32")
        x = L.Embedding(d.int(3, 9), d.int(1, 5), mask_zero=True)(x)
    else:
        x = inputs = keras.Input((T, d.int(1, 4)))
        x = L.Masking(0.0)(x)
    for _ in range(d.int(1, 3)):
        shape = tuple(x.shape[1:])
        if len(shape) != 2:
            break
        layer = d.one([
            lambda: L.Dense(d.int(1, 5), activation="tanh"), lambda: inactive(d, shape), lambda: L.Activation("tanh"), lambda: L.LayerNormalization(),
            lambda: L.BatchNormalization(), lambda: L.RMSNormalization(), lambda: L.UnitNormalization(), lambda: L.Rescaling(2.0), lambda: L.PReLU(), lambda: L.LeakyReLU(),
            lambda: L.Conv1D(d.int(1, 4), 2, padding="same"), lambda: L.MaxPooling1D(1), lambda: L.GlobalAveragePooling1D(), lambda: L.GlobalMaxPooling1D(),
            lambda: L.TimeDistributed(L.Dense(2)), lambda: L.TimeDistributed(L.LayerNormalization()), lambda: L.EinsumDense("abc,cd->abd", (None, 3)), lambda: L.GroupNormalization(-1),
            lambda: L.Permute((1, 2)), lambda: L.ZeroPadding1D(1), lambda: recurrent(d, shape), lambda: both_ways(d, shape),
        ])()
        x = layer(x)
    return keras.Model(inputs, x)


def operator_net(d):
    """One operator after the other of the list, between inputs or after a layer."""
    shape = (d.int(2, 4), d.int(2, 4))
    x, y = keras.Input(shape, name="x"), keras.Input(shape, name="y")
    names = list(operators.OPERATORS)
    name = names[(d.number // len(d.kinds)) % len(names)]
    a = L.Dense(shape[1], activation="tanh")(x) if d.bool(0.3) else x
    out = keras.tree.flatten(operators.OPERATORS[name](d, a, y))
    return keras.Model([x, y], [*out, L.Add()([x, y])])


def signal_net(d):
    """Spectra of signals, perhaps read by a recurrent layer."""
    x = inputs = keras.Input((d.int(12, 20), d.int(1, 3)))
    length = d.int(3, 8)
    mode = d.one(["log", "magnitude", "psd", "real", "imag", "angle", "stft"])
    x = L.STFTSpectrogram(
        mode, length, d.one([None, d.int(1, length)]), d.one([None, 8, 9]), window=None, scaling=None, padding=d.one(["valid", "same"]), expand_dims=d.bool(0.4))(x)
    if len(x.shape) == 3 and d.bool():
        x = L.LSTM(d.int(1, 4))(x)
    return keras.Model(inputs, x)


def encoding_net(d):
    """One layer after the other that makes places of whole numbers."""
    table = encodings_of_numbers.LAYERS
    shape = (d.int(1, 4),)
    x, y = keras.Input(shape, dtype="int32", name="x"), keras.Input(shape, dtype="int32", name="y")
    out = table[list(table)[(d.number // len(d.kinds)) % len(table)]](d, x, y)
    return keras.Model([x, y], [out, L.Embedding(3, 2)(y)])


def image_net(d):
    """One layer or operator after the other that changes images, then perhaps a layer that computes with them."""
    name = list(images.LAYERS)[(d.number // len(d.kinds)) % len(images.LAYERS)]
    x = inputs = keras.Input((d.int(2, 9), d.int(2, 9), d.one([1, 2, 3])), dtype="uint8" if name.startswith("uint8") else None)
    y = keras.tree.flatten(images.LAYERS[name](d, x))
    if d.bool(0.3) and len(y[0].shape) == 4 and "int" not in str(y[0].dtype):
        y[0] = L.Conv2D(2, 1)(y[0])
    if name.startswith("uint8") and d.bool(0.3) and len(y[0].shape) == 4:
        y[0] = L.Rescaling(1 / 255.0)(y[0])
    sequential = d.bool(0.3) and len(y) == 1
    model = keras.Model(inputs, y if len(y) > 1 else y[0])
    return keras.Sequential([inputs, *model.layers[1:]]) if sequential and all(isinstance(v, keras.Layer) for v in model.layers) else model


def wired_net(d):
    return wired.wired_net(d, sys.modules[__name__])


def decoder_net(d):
    return wired.decoder_net(d, sys.modules[__name__])


def nested_net(d):
    return wired.nested_net(d, sys.modules[__name__])


KINDS = {name[: -len("_net")]: f for name, f in list(globals().items()) if name.endswith("_net")}


def randomised(d, model):
    """Random numbers in every weight: constant ones hide mistakes."""
    for w in model.weights:
        shape = w.shape
        if "seed" in w.name:
            continue
        if str(w.dtype).startswith(("int", "uint")):
            continue
        if "variance" in w.name or "stddev" in w.name:
            w.assign(d.rng.uniform(0.3, 2, size=shape))
        else:
            w.assign(d.rng.normal(size=shape) * (0.7 if len(shape) > 1 else 0.4))
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def inputs_of(d, model, N):
    arrays = {}
    for tensor in model.inputs:
        shape = (N, *[n or d.int(2, 6) for n in tensor.shape[1:]])
        name = tensor._keras_history.operation.name
        if str(tensor.dtype) == "uint8":
            arrays[name] = d.rng.integers(0, 256, size=shape).astype("uint8")
        elif "int" in str(tensor.dtype):
            arrays[name] = d.rng.integers(0, 3, size=shape).astype("int32")
        else:
            x = d.rng.normal(size=shape).astype("float32")
            if len(shape) == 3:
                x[d.rng.random(shape[:2]) < 0.3] = 0
            arrays[name] = x
    return arrays


def run(model, x):
    y = model(list(x.values()) if len(x) > 1 else next(iter(x.values())), training=False)
    return [np.asarray(keras.ops.convert_to_numpy(v)).astype("<f8") for v in keras.tree.flatten(y)]


def unsteadiness(model, x, ys):
    """How far Keras' own y moves, relative to its largest number, once x is another in its last digit."""
    if any(getattr(layer, "stateful", False) for layer in model._flatten_layers()):
        return 0.0
    nudged = {n: v if v.dtype.kind in "iu" else np.where(v == 0, v, np.nextafter(v, np.float32(9))) for n, v in x.items()}
    moved = [np.abs(a - b).max() / max(np.abs(b).max(), 1e-30) for a, b in zip(run(model, nudged), ys) if b.size and np.isfinite(b).all()]
    return float(max([0.0, *moved]))


def summary(model):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        model.summary(line_length=80)
    return out.getvalue()


def check_convolutions(model):
    """oneDNN in TensorFlow 2.21 convolves one channel of width 3 in steps of (1, 2) wrongly: its y is no judge."""
    for layer in model._flatten_layers():
        if tuple(getattr(layer, "strides", ())) == (1, 2) and any(1 in w.shape[2:3] for w in layer.weights if len(w.shape) == 4):
            raise ValueError("one channel in steps of (1, 2), which TensorFlow's oneDNN convolves wrongly")


def make(folder, seed, number, kinds):
    d = Draw(seed, number)
    kind = kinds[number % len(kinds)]
    d.kinds = kinds
    # without a sweep of the whole memory, which takes longer than everything else
    keras.utils.clear_session(free_memory=False)
    policy = d.one(POLICIES) if d.bool(0.1) else "float32"
    keras.config.set_dtype_policy(policy)
    model = KINDS[kind](d)
    randomised(d, model)
    check_convolutions(model)
    x = inputs_of(d, model, d.int(1, 4))
    y = run(model, x)
    name = f"{kind}_{number}"
    path = os.path.join(folder, name)
    model.save(path + ".keras")
    try:
        model.save(path + ".h5")
    except Exception:  # not every network has the old form, and what was written of it is none
        with contextlib.suppress(FileNotFoundError):
            os.remove(path + ".h5")
    with open(path + ".json", "w") as f:
        f.write(model.to_json())
    model.save_weights(path + ".weights.h5")
    # a vocabulary that was adapted stands in a .keras alone
    if any(hasattr(layer, "input_vocabulary") and layer.input_vocabulary is None for layer in model._flatten_layers()):
        for other in [".h5", ".json"]:
            with contextlib.suppress(FileNotFoundError):
                os.remove(path + other)
    np.savez(path + ".x.npz", **x)
    with open(path + ".summary", "w") as f:
        # as the file says it: calls of its layers in other models are not in it
        f.write(summary(keras.models.load_model(path + ".keras", compile=False)))
    return {
        "live": "case", "name": name, "number": number, "policy": policy, "layers": [type(v).__name__ for v in model.layers], "parameters": int(model.count_params()),
        "x": [{"name": n, "dtype": str(v.dtype), "shape": v.shape, "data": base64.b64encode(v.tobytes()).decode()} for n, v in x.items()],
        "y": [base64.b64encode(v.tobytes()).decode() for v in y], "unsteadiness": unsteadiness(model, x, y),
    }


def main(folder, seed, first, count, *kinds):
    os.makedirs(folder, exist_ok=True)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    say = lambda line: print(json.dumps(line), flush=True)
    skipped = []
    for number in range(int(first), int(first) + int(count)):
        try:
            say(make(folder, int(seed), number, list(kinds) or list(KINDS)))
        except Exception as error:  # what Keras itself cannot build or run is no case
            skipped.append(f"{number}: {type(error).__name__} {str(error).strip().splitlines()[0][:100] if str(error).strip() else ''}")
    say({"live": "about", "keras": keras.__version__, "backend": keras.backend.backend(), "skipped": skipped})


if __name__ == "__main__":
    main(*sys.argv[1:])
