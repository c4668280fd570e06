/** Python that several layers with windows share. */

/** The values of each window: [N, …S, C] -> [N, …O, …k, C]. */
export const NUMPY_WINDOWS = `
def windows(x, sizes, strides, dilation, padding, fill=0.0):
    for i, (k, s, d) in enumerate(zip(sizes, strides, dilation)):
        a, L, r = i + 1, x.shape[i + 1], (k - 1) * d + 1
        n = (L - r) // s + 1 if padding == "valid" else -(-L // s)
        extra = 0 if padding == "valid" else r - 1 if padding == "causal" else max(0, (n - 1) * s + r - L)
        before = extra if padding == "causal" else extra // 2
        x = np.pad(x, [(before, extra - before) if axis == a else (0, 0) for axis in range(x.ndim)], constant_values=fill)
        x = np.moveaxis(np.take(x, np.arange(n)[:, None] * s + np.arange(k) * d, a), a + 1, -2)
    return x
`;

/** Pads [N, C, …S] as TensorFlow does. */
export const TORCH_PADDING = `
def padded(x, sizes, strides, dilation, padding, value=0.0):
    pads = []
    for L, k, s, d in zip(x.shape[2:], sizes, strides, dilation):
        r = (k - 1) * d + 1
        extra = 0 if padding == "valid" else r - 1 if padding == "causal" else max(0, (-(-L // s) - 1) * s + r - L)
        before = extra if padding == "causal" else extra // 2
        pads = [before, extra - before] + pads
    return torch.nn.functional.pad(x, pads, value=value)
`;
