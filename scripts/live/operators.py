"""Every operator of keras.ops that a recurrent network may contain, with arguments drawn anew: name -> function of (d, x, y).

x and y are floats [N, T, D]. What gives whole numbers or truth values is an output as it is.
"""

import numpy as np
from keras import ops


def one_number():
    """Functions of one number, where they are defined."""
    plain = "abs negative exp exp2 expm1 sin cos sinh cosh tanh arctan arcsinh sign floor ceil round trunc square cbrt sinc signbit isnan isinf isfinite isposinf isneginf deg2rad rad2deg logical_not nan_to_num identity copy isreal"
    nn = "relu relu6 sigmoid sparse_sigmoid softplus softsign silu swish log_sigmoid hard_sigmoid hard_silu hard_swish hard_tanh tanh_shrink sparse_plus selu mish squareplus soft_shrink hard_shrink elu celu gelu leaky_relu softmax log_softmax sparsemax"
    table = {name: (lambda f: lambda d, x, y: f(x))(getattr(ops, name)) for name in (plain + " " + nn + " erf").split() if hasattr(ops, name)}
    inside = lambda x: ops.tanh(x) * 0.9
    above = lambda x: ops.abs(x) + 0.3
    for name in "arcsin arccos arctanh".split():
        table[name] = (lambda f: lambda d, x, y: f(inside(x)))(getattr(ops, name))
    for name in "log log1p log2 log10 sqrt rsqrt reciprocal".split():
        table[name] = (lambda f: lambda d, x, y: f(above(x)))(getattr(ops, name))
    table["arccosh"] = lambda d, x, y: ops.arccosh(above(x) + 1.0)
    table["tan"] = lambda d, x, y: ops.tan(inside(x))
    table["angle"] = lambda d, x, y: ops.angle(x)
    table["real"] = lambda d, x, y: ops.real(x)
    table["conj"] = lambda d, x, y: ops.conj(x)
    table["soft_shrink_by"] = lambda d, x, y: ops.soft_shrink(x, threshold=0.2)
    table["threshold"] = lambda d, x, y: ops.threshold(x, 0.2, -1.0)
    table["celu_by"] = lambda d, x, y: ops.celu(x, alpha=0.7)
    table["gelu_exact"] = lambda d, x, y: ops.gelu(x, approximate=False)
    table["clip"] = lambda d, x, y: ops.clip(x, -0.5, d.one([0.2, 0.9]))
    table["round_to"] = lambda d, x, y: ops.round(x * 10.0, decimals=d.one([0, 1, 2]))
    table["glu"] = lambda d, x, y: ops.glu(ops.concatenate([x, y], axis=d.one([1, 2])), axis=-1) if x.shape[2] % 2 == 0 else ops.glu(ops.concatenate([x, y], axis=-1))
    table["stop_gradient"] = lambda d, x, y: ops.stop_gradient(x)
    table["cast_int"] = lambda d, x, y: ops.cast(x * 3.0, d.one(["int32", "bool", "float16", "int64"]))
    table["count_nonzero"] = lambda d, x, y: ops.count_nonzero(x, axis=d.one([-1, 1, (1, 2)]))
    table["saturate_cast"] = lambda d, x, y: ops.saturate_cast(x * 200.0, "int8")
    table["heaviside"] = lambda d, x, y: ops.heaviside(x, 0.5)
    table["bitwise_invert"] = lambda d, x, y: ops.bitwise_invert(ops.cast(x * 9.0, "int32"))
    return table


def two_numbers():
    plain = "add subtract multiply maximum minimum arctan2 hypot logaddexp logaddexp2 greater greater_equal less less_equal equal not_equal logical_and logical_or logical_xor heaviside fmax fmin isclose".split()
    table = {name: (lambda f: lambda d, x, y: f(x, d.one([y, y[..., :1], y[:, :1], 0.5])))(getattr(ops, name)) for name in plain if hasattr(ops, name)}
    for name in "divide true_divide floor_divide mod fmod divide_no_nan".split():
        if hasattr(ops, name):
            table[name] = (lambda f: lambda d, x, y: f(x, ops.where(y > 0, y + 0.5, y - 0.5)))(getattr(ops, name))
    table["power"] = lambda d, x, y: ops.power(ops.abs(x) + 0.2, y)
    for name in "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift left_shift right_shift".split():
        if hasattr(ops, name):
            table[name] = (lambda f: lambda d, x, y: f(ops.cast(ops.abs(x) * 9.0 + 1.0, "int32"), ops.cast(ops.abs(y) * 3.0 + 1.0, "int32")))(getattr(ops, name))
    table["where"] = lambda d, x, y: ops.where(x > y, x, d.one([y, 0.0, 1]))
    table["select"] = lambda d, x, y: ops.select([x > 0.5, y > 0.0], [x, y], default=d.one([0, -1.0]))
    table["ldexp"] = lambda d, x, y: ops.ldexp(x, ops.cast(y * 2.0, "int32"))
    return table


def along_axes():
    def over(name, **options):
        f = getattr(ops, name)
        return lambda d, x, y: f(x, axis=d.one([-1, 1, 2, (1, 2), [1]] if not options.get("single") else [-1, 1, 2]), keepdims=d.bool())

    table = {name: over(name) for name in "mean sum max min amax amin prod var std any all ptp nansum nanmean nanmax nanmin nanprod nanvar nanstd median logsumexp".split() if hasattr(ops, name)}
    table |= {name: over(name, single=True) for name in "argmax argmin nanargmax nanargmin".split() if hasattr(ops, name)}
    for name in "cumsum cumprod nancumsum nancumprod softmax log_softmax sort argsort flip diff".split():
        if hasattr(ops, name):
            table[f"{name}_axis"] = (lambda f: lambda d, x, y: f(x, axis=d.one([-1, 1, 2])))(getattr(ops, name))
    table["quantile"] = lambda d, x, y: ops.quantile(x, d.one([0.3, 0.75]), axis=d.one([-1, 1]), keepdims=d.bool())
    table["percentile"] = lambda d, x, y: ops.percentile(x, d.one([30, 75]), axis=-1) if hasattr(ops, "percentile") else x
    table["average_weights"] = lambda d, x, y: ops.average(x, axis=1, weights=np.linspace(0.5, 2, x.shape[1]).astype("float32"))
    table["norm"] = lambda d, x, y: ops.norm(x, ord=d.one([None, 1, 2, 3]), axis=d.one([-1, 1]), keepdims=d.bool())
    table["normalize"] = lambda d, x, y: ops.normalize(x, axis=d.one([-1, 1]), order=d.one([1, 2, 3]))
    table["logsumexp_all"] = lambda d, x, y: ops.logsumexp(x, axis=(1, 2), keepdims=d.bool())
    table["moments"] = lambda d, x, y: ops.moments(x, axes=d.one([[1], [1, 2]]), keepdims=d.bool())
    table["trapezoid"] = lambda d, x, y: ops.trapezoid(x, dx=d.one([1.0, 0.5]), axis=-1)
    table["trace"] = lambda d, x, y: ops.trace(x, axis1=1, axis2=2)
    table["diagonal"] = lambda d, x, y: ops.diagonal(x, offset=d.one([0, 1]), axis1=1, axis2=2)
    table["layer_normalization"] = lambda d, x, y: ops.layer_normalization(x, axis=d.one([-1, [1, 2]])) if hasattr(ops, "layer_normalization") else x
    table["rms_normalization"] = lambda d, x, y: ops.rms_normalization(x, axis=-1) if hasattr(ops, "rms_normalization") else x
    table["batch_normalization"] = lambda d, x, y: ops.batch_normalization(x, np.full(x.shape[-1], 0.3, "float32"), np.full(x.shape[-1], 1.7, "float32"), axis=-1)
    table["top_k"] = lambda d, x, y: ops.top_k(x, d.int(1, x.shape[-1]))[d.int(0, 1)]
    table["one_hot"] = lambda d, x, y: ops.one_hot(ops.argmax(x, axis=-1), x.shape[-1], axis=d.one([-1, 1]))
    table["multi_hot"] = lambda d, x, y: ops.multi_hot(ops.argmax(x, axis=-1), x.shape[-1])
    table["argpartition"] = lambda d, x, y: ops.sum(ops.cast(ops.argpartition(x, 1, axis=-1), "float32"), axis=-1)
    table["searchsorted"] = lambda d, x, y: ops.searchsorted(np.array([-1.0, 0.0, 0.7], "float32"), x[0, 0]) if False else ops.digitize(x, np.array([-1.0, 0.0, 0.7], "float32"))
    return table


def moving():
    rank3 = lambda d: tuple([0, *[int(a) for a in d.rng.permutation([1, 2])]])
    table = {
        "concatenate": lambda d, x, y: ops.concatenate([x, y, x], axis=d.one([-1, 1, 2])),
        "stack": lambda d, x, y: ops.stack([x, y], axis=d.one([1, -1, 2, 0])),
        "append": lambda d, x, y: ops.append(x, y, axis=d.one([1, 2])),
        "hstack": lambda d, x, y: ops.hstack([x, y]),
        "vstack": lambda d, x, y: ops.vstack([x, y]),
        "dstack": lambda d, x, y: ops.dstack([x, y]) if hasattr(ops, "dstack") else x,
        "unstack": lambda d, x, y: ops.unstack(x, axis=d.one([1, 2]))[0],
        "split": lambda d, x, y: ops.split(x, d.one([[1], x.shape[2]]), axis=2)[0],
        "array_split": lambda d, x, y: ops.array_split(x, 2, axis=2)[d.int(0, 1)],
        "hsplit": lambda d, x, y: ops.hsplit(x, [1])[0] if hasattr(ops, "hsplit") else x,
        "dsplit": lambda d, x, y: ops.dsplit(x, [1])[0] if hasattr(ops, "dsplit") else x,
        "expand_dims": lambda d, x, y: ops.expand_dims(x, d.one([1, -1, (1, 2), 0])),
        "squeeze": lambda d, x, y: ops.squeeze(x[:, :1], d.one([1, [1]])),
        "squeeze_all": lambda d, x, y: ops.squeeze(x[:, :1, :1], (1, 2)),
        "reshape": lambda d, x, y: ops.reshape(x, d.one([(-1, x.shape[1] * x.shape[2]), (-1, x.shape[2], x.shape[1]), (-1, x.shape[2])])),
        "ravel": lambda d, x, y: ops.ravel(x),
        "transpose": lambda d, x, y: ops.transpose(x, d.one([rank3(d), (2, 0, 1)])),
        "transpose_all": lambda d, x, y: ops.transpose(x),
        "swapaxes": lambda d, x, y: ops.swapaxes(x, d.one([1, -1]), 2 if d.bool() else 1),
        "moveaxis": lambda d, x, y: ops.moveaxis(x, 1, -1),
        "moveaxis_lists": lambda d, x, y: ops.moveaxis(x, [1, 2], [2, 1]),
        "flip": lambda d, x, y: ops.flip(x, axis=d.one([1, (1, 2), -1])),
        "fliplr": lambda d, x, y: ops.fliplr(x) if hasattr(ops, "fliplr") else x,
        "flipud": lambda d, x, y: ops.flipud(x) if hasattr(ops, "flipud") else x,
        "rot90": lambda d, x, y: ops.rot90(x, k=d.int(0, 3), axes=(1, 2)),
        "roll": lambda d, x, y: ops.roll(x, d.one([1, -2]), axis=d.one([1, 2])),
        "repeat": lambda d, x, y: ops.repeat(x, d.int(1, 3), axis=d.one([1, 2])),
        "tile": lambda d, x, y: ops.tile(x, d.one([[1, 2, 1], [1, 1, 3], [2, 1]])),
        "pad": lambda d, x, y: ops.pad(x, [[0, 0], [1, 1], [0, 1]], mode=d.one(["constant", "reflect", "symmetric"])),
        "pad_value": lambda d, x, y: ops.pad(x, [[0, 0], [1, 2], [0, 0]], constant_values=2.5),
        "broadcast_to": lambda d, x, y: ops.broadcast_to(x[:1, :1], (2, 3, x.shape[2])),
        "take": lambda d, x, y: ops.take(x, d.one([0, [0, 1], -1, [[0, 1], [1, 0]]]), axis=d.one([1, 2])),
        "take_along_axis": lambda d, x, y: ops.take_along_axis(x, ops.argsort(y, axis=-1), axis=-1),
        "tril": lambda d, x, y: ops.tril(x, k=d.int(-1, 1)),
        "triu": lambda d, x, y: ops.triu(x, k=d.int(-1, 1)),
        "slice_steps": lambda d, x, y: x[:, ::d.one([1, 2, -1]), d.int(0, x.shape[2] - 1)],
        "ellipsis": lambda d, x, y: x[..., None, -1],
        "none": lambda d, x, y: x[:, None, 1:],
        "full_like": lambda d, x, y: ops.full_like(x, 1.5) + x,
        "ones_like": lambda d, x, y: ops.ones_like(x) + x,
        "zeros_like": lambda d, x, y: ops.zeros_like(x) + x,
        "shape_free": lambda d, x, y: ops.ones_like(x[..., 0], dtype="int32"),
    }
    return table


def segments(d, x):
    """Rows of the same number, which may be said or not."""
    rows = ops.transpose(x, (1, 0, 2))[..., :1, :]
    ids = np.sort(d.rng.integers(0, 3, size=x.shape[1])).astype("int32")
    f = d.one([f for f in (getattr(ops, name, None) for name in ("segment_sum", "segment_max", "segment_min", "segment_prod")) if f])
    ids = np.unique(ids, return_inverse=True)[1].astype("int32").reshape(-1)
    return f(rows[:, 0], ids, **d.one([{}, {"sorted": True}, {"num_segments": 4}]))


def products():
    table = {
        "matmul": lambda d, x, y: ops.matmul(x, ops.transpose(y, (0, 2, 1))),
        "matmul_operator": lambda d, x, y: x @ ops.swapaxes(y, 1, 2),
        "dot": lambda d, x, y: ops.dot(x, d.rng.normal(size=(x.shape[2], 3)).astype("float32")),
        "einsum": lambda d, x, y: ops.einsum(d.one(["btd,bsd->bts", "btd,bsd->bst", "btd,btd->bt", "...d,...d->..."]), x, y),
        "einsum_one": lambda d, x, y: ops.einsum(d.one(["btd->bdt", "btd->bd", "btd->b"]), x),
        "inner": lambda d, x, y: ops.inner(x, d.rng.normal(size=(3, x.shape[2])).astype("float32")),
        "outer": lambda d, x, y: ops.outer(x[0, 0], y[0, 0]),
        "tensordot": lambda d, x, y: ops.tensordot(x, d.rng.normal(size=(x.shape[2], 3)).astype("float32"), axes=d.one([1, [[2], [0]]])),
        "vdot": lambda d, x, y: ops.vdot(x, y),
        "cross": lambda d, x, y: ops.cross(ops.tile(x[..., :1], (1, 1, 3)) * 2.0, ops.concatenate([y[..., :1], x[..., :1], y[..., :1]], axis=-1)),
        "dot_product_attention": lambda d, x, y: ops.dot_product_attention(x[:, :, None], y[:, :, None], x[:, :, None], is_causal=d.bool()),
        "max_pool": lambda d, x, y: ops.max_pool(x, d.int(1, 2), strides=d.one([None, 1, 2]), padding=d.one(["valid", "same"])),
        "average_pool": lambda d, x, y: ops.average_pool(x, d.int(1, 2), strides=d.one([None, 1, 2]), padding=d.one(["valid", "same"])),
        "conv": lambda d, x, y: ops.conv(x, d.rng.normal(size=(2, x.shape[2], 3)).astype("float32"), strides=d.int(1, 2), padding=d.one(["valid", "same"])),
        "depthwise_conv": lambda d, x, y: ops.depthwise_conv(x, d.rng.normal(size=(2, x.shape[2], 2)).astype("float32"), padding=d.one(["valid", "same"])),
        "separable_conv": lambda d, x, y: ops.separable_conv(x, d.rng.normal(size=(2, x.shape[2], 1)).astype("float32"), d.rng.normal(size=(1, x.shape[2], 3)).astype("float32"), padding="same"),
        "extract_sequences": lambda d, x, y: ops.extract_sequences(x, d.int(1, 2), d.int(1, 2)),
        "adaptive_average_pool": lambda d, x, y: ops.adaptive_average_pool(x, (d.int(1, x.shape[1]),), data_format="channels_last"),
        "adaptive_max_pool": lambda d, x, y: ops.adaptive_max_pool(x, (d.int(1, x.shape[2]),), data_format="channels_first"),
        "segment": lambda d, x, y: segments(d, x),
        "isin": lambda d, x, y: ops.isin(ops.round(x), np.array([1.0, -1.0], "float32"), invert=d.bool()) if hasattr(ops, "isin") else x,
        "cdist": lambda d, x, y: ops.cdist(x, y) if hasattr(ops, "cdist") else x,
        "array": lambda d, x, y: ops.array(x * 3.0, dtype="int32"),
        "cosine": lambda d, x, y: ops.sum(ops.normalize(x) * ops.normalize(y), axis=-1),
        "huber": lambda d, x, y: ops.where(ops.abs(x - y) < 1.0, 0.5 * (x - y) ** 2, ops.abs(x - y) - 0.5),
        "rsub": lambda d, x, y: 1 - x, "rdiv": lambda d, x, y: 1 / (ops.abs(x) + 1), "rpow": lambda d, x, y: 2**x, "rfloordiv": lambda d, x, y: 3 // (ops.abs(x) + 0.7), "rmod": lambda d, x, y: 3 % (ops.abs(x) + 0.7),
        "invert": lambda d, x, y: ~(x > 0), "bools": lambda d, x, y: (x > 0) & (y > 0) | (x < -1) ^ (y < -1), "ge": lambda d, x, y: (x >= y) * 1.0 if False else ops.cast(x >= y, "float32") * 2,
    }
    return table


OPERATORS = {**one_number(), **two_numbers(), **along_axes(), **moving(), **products()}
