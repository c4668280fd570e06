/**
 * Python functions that the lines of operators call, written with what NumPy, PyTorch and keras.ops have in common: LIB is the library, ARRAY
 * makes an array of a list. x [N, C, …S] is an image as in ONNX; a spatial axis is given as (out, window, stride, dilation, before, after).
 */
export const PYTHON = `
def whole_quotient(a, b): return LIB.sign(a) * LIB.sign(b) * (LIB.abs(a) // LIB.abs(b))


def exp_along(x, axis): return LIB.exp(x - LIB.amax(x, axis=axis, keepdims=True))


def softmax_along(x, axis): return exp_along(x, axis) / LIB.sum(exp_along(x, axis), axis=axis, keepdims=True)


def log_softmax_along(x, axis):
    d = x - LIB.amax(x, axis=axis, keepdims=True)
    return d - LIB.log(LIB.sum(LIB.exp(d), axis=axis, keepdims=True))


def log_sum_exp(x, axis, keepdims):
    m = LIB.amax(x, axis=axis, keepdims=True)
    m = LIB.where(LIB.isfinite(m), m, 0.0)
    y = LIB.log(LIB.sum(LIB.exp(x - m), axis=axis, keepdims=True)) + m
    return y if keepdims else LIB.sum(y, axis=axis)


def along(n, axis, rank): return LIB.reshape(LIB.arange(n), [n if a == axis else 1 for a in range(rank)])


def hardmax(x, axis):
    at = LIB.argmax(x, axis=axis, keepdims=True)
    return LIB.where(at == along(x.shape[axis], axis, len(x.shape)), 1.0, 0.0)


def last_argmax(x, axis, keepdims): return x.shape[axis] - 1 - LIB.argmax(LIB.flip(x, (axis,)), axis=axis, keepdims=keepdims)


def one_hot(i, n, off, on, axis):
    at = LIB.reshape(i, (*i.shape[:axis], 1, *i.shape[axis:]))
    return LIB.where(LIB.where(at < 0, at + n, at) == along(n, axis, len(i.shape) + 1), on, off)


def running_sum(x, axis, exclusive, reverse):
    x = LIB.flip(x, (axis,)) if reverse else x
    y = LIB.cumsum(x, axis=axis) - (x if exclusive else 0)
    return LIB.flip(y, (axis,)) if reverse else y


def running_product(x, axis, reverse):
    y = LIB.cumprod(LIB.flip(x, (axis,)) if reverse else x, axis=axis)
    return LIB.flip(y, (axis,)) if reverse else y


def largest(x, k, axis, sign):
    at = picked(sorted_at(sign * x, axis), list(range(k)), axis)
    return along_axis(x, at, axis), at


def taken_along(x, i, axis):
    x = x[tuple(slice(None) if a == axis else slice(n) for a, n in enumerate(i.shape))]
    return along_axis(x, LIB.where(i < 0, i + x.shape[axis], i), axis)


def centred(x, axes): return x - LIB.mean(x, axis=axes, keepdims=True)


def normalised(x, axes, epsilon):
    d = centred(x, axes)
    return d / LIB.sqrt(LIB.mean(d * d, axis=axes, keepdims=True) + epsilon)


def mean_variance_normalised(x, axes):
    d = centred(x, axes)
    return d / (LIB.sqrt(LIB.mean(d * d, axis=axes, keepdims=True)) + 1e-9)


def channels(v, rank): return LIB.reshape(v, (-1, *[1] * (rank - 2)))


def group_normalised(x, groups, epsilon):
    return LIB.reshape(normalised(LIB.reshape(x, (x.shape[0], groups, -1)), (2,), epsilon), tuple(x.shape))


def norm(x, p, axes, keepdims): return LIB.sum(LIB.abs(x) ** p, axis=axes, keepdims=keepdims) ** (1 / p)


def by_norm(x, p, axis):
    n = norm(x, p, (axis,), True)
    return x / LIB.where(n == 0, 1.0, n)


def by_neighbours(x, size, alpha, beta, bias):
    squares = widened(x * x, 1, (size - 1) // 2, size // 2, 0.0)
    around = sum(squares[:, i : i + x.shape[1]] for i in range(size))
    return x / (bias + alpha / size * around) ** beta


def widened(x, axis, before, after, value):
    def border(n): return LIB.full((*x.shape[:axis], n, *x.shape[axis + 1 :]), value)
    return JOIN([border(before), x, border(after)], axis)


def weighed(x, axis, weights): return LIB.moveaxis(LIB.tensordot(x, ARRAY(weights), ([axis], [0])), -1, axis)


def sliding(x, value, axes):
    for a, (out, window, stride, dilation, before, after) in enumerate(axes):
        x = widened(x, 2 + 2 * a, before, after, value)
        x = picked(x, [[o * stride + k * dilation for k in range(window)] for o in range(out)], 2 + 2 * a)
    return x


def window_axes(axes): return tuple(3 + 2 * a for a in range(len(axes)))


def max_pool(x, axes): return LIB.amax(sliding(x, float("-inf"), axes), axis=window_axes(axes))


def lp_pool(x, p, axes): return norm(sliding(x, 0.0, axes), p, window_axes(axes), False)


def average_pool(x, axes, counted):
    y = LIB.sum(sliding(x, 0.0, axes), axis=window_axes(axes))
    for a, ((out, window, stride, dilation, *_), (first, end)) in enumerate(zip(axes, counted)):
        n = [sum(first <= o * stride + k * dilation < end for k in range(window)) for o in range(out)]
        y = y / LIB.reshape(ARRAY([float(v) for v in n]), (-1, *[1] * (len(axes) - 1 - a)))
    return y


def convolved(x, w, groups, axes):
    x = sliding(x, 0.0, axes)
    x = LIB.reshape(x, (x.shape[0], groups, -1, *x.shape[2:]))
    w = LIB.reshape(w, (groups, -1, *w.shape[1:]))
    out, k = "OPQ"[: len(axes)], "kij"[: len(axes)]
    y = LIB.einsum(f"ngc{''.join(map(''.join, zip(out, k)))},gfc{k}->ngf{out}", x, w)
    return LIB.reshape(y, (y.shape[0], -1, *y.shape[3:]))


def spread(x, axis, stride):
    x = widened(LIB.reshape(x, (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :])), axis + 1, 0, stride - 1, 0.0)
    return LIB.reshape(x, (*x.shape[:axis], -1, *x.shape[axis + 2 :]))


def convolved_back(x, w, groups, strides, axes):
    for a, stride in enumerate(strides):
        x = spread(x, 2 + a, stride)
    w = LIB.swapaxes(LIB.reshape(w, (groups, -1, *w.shape[1:])), 1, 2)
    w = LIB.reshape(w, (-1, *w.shape[2:]))
    return convolved(x, LIB.flip(w, tuple(range(2, len(w.shape)))), groups, axes)


def scattered_nd(x, i, updates, join):
    y = np.array(x)
    for at, update in zip(np.asarray(i).reshape(-1, i.shape[-1]), np.asarray(updates).reshape(-1, *y.shape[i.shape[-1] :])):
        y[tuple(at)] = join(y[tuple(at)], update)
    return y


def scattered(x, i, updates, axis, join):
    y, i, updates = np.array(x), np.asarray(i), np.asarray(updates)
    for at in np.ndindex(i.shape):
        to = tuple(i[at] if a == axis else k for a, k in enumerate(at))
        y[to] = join(y[to], updates[at])
    return y


def rows_at(x, i, batch):
    x, i = np.asarray(x), np.asarray(i)
    if batch > 0:
        return np.array([rows_at(*pair, batch - 1) for pair in zip(x, i)])
    return x[tuple(np.moveaxis(i, -1, 0))]


def reversed_steps(x, lengths, time):
    y = np.moveaxis(np.array(x), time, 1)
    for row, n in zip(y, np.asarray(lengths)):
        row[:n] = row[:n][::-1].copy()
    return np.moveaxis(y, 1, time)
`;

/** Functions that the three libraries have under different names. */
export const OWN = {
  np: `
def picked(x, i, axis): return np.take(x, i, axis)


def along_axis(x, i, axis): return np.take_along_axis(x, i, axis)


def sorted_at(x, axis): return np.argsort(x, axis, kind="stable")


def rounded_to_bfloat16(x):
    bits = np.asarray(x, "f4").view("u4").astype("u8")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype("u4").view("f4").astype(float)


def erf(x):
    from math import erf

    return np.vectorize(erf, otypes=[float])(x)
`,
  torch: `
def picked(x, i, axis): return x[(slice(None),) * axis + (torch.as_tensor(i),)]


def along_axis(x, i, axis): return torch.gather(x, axis, i)


def sorted_at(x, axis): return torch.argsort(x, dim=axis, stable=True)


def in_numpy(f, *values): return torch.from_numpy(f(*[v.numpy() if torch.is_tensor(v) else v for v in values]))
`,
  'keras.ops': `
def picked(x, i, axis): return keras.ops.take(x, i, axis)


def along_axis(x, i, axis): return keras.ops.take_along_axis(x, i, axis)


def sorted_at(x, axis): return keras.ops.argsort(x, axis)


def in_numpy(f, *values):
    return keras.ops.convert_to_tensor(f(*[keras.ops.convert_to_numpy(v) if hasattr(v, "shape") else v for v in values]))
`,
};
