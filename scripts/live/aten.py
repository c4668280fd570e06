"""Records programs of torch.export of one line each, with what PyTorch gives for it: every rule of src/conventions/pt2, with arguments that are not
the usual ones. python3 scripts/live/aten.py > __tests__/reference/atenPrograms.json

x and y are floats [2, 3, 4], w [4, 3, 3] and v [4] numbers of the module, i whole numbers [2, 3] of it.
"""

import io
import json
import sys
import zipfile

import torch

LINES = """
torch.where(x > 0.2, x, y)
(x >= y) & (x < 1.5) | (x == y)
(x <= y) ^ (x != 0.5)
torch.maximum(x, y) - torch.minimum(x, v)
torch.add(x, y, alpha=-2.5)
torch.sub(x, y, alpha=3)
1.5 - x
2.0 ** x
torch.div(x, 0.3, rounding_mode='floor')
torch.div(x, 0.3, rounding_mode='trunc')
torch.floor_divide(i, -3)
torch.div(i, -3, rounding_mode='trunc')
torch.remainder(i, -4)
torch.fmod(x, 0.7)
torch.frac(x * 3)
x.mean((0, -1), keepdim=True)
x.sum(1)
x.prod(-1, keepdim=True)
x.amax((0, 2)) - x.amin((0, 2))
x.max(1)[0] + x.max(1)[1]
x.min(-1, keepdim=True)[0] * x.min(-1, keepdim=True)[1]
x.argmax(1) - x.argmin(1)
x.argmax(0, keepdim=True)
torch.softmax(x, 1) + torch.log_softmax(x, 0)
x.masked_fill(y > 0, -7.0)
(x > 0).to(torch.int64).sum(-1)
(x * 3).to(torch.int32).to(torch.float32) / 2
(i > 1).to(torch.float32) * 0.5
~(x > 0)
i & 3
i | 5
i ^ 6
~i
x * n + i.sum()
torch.where(mask, x, y)
x.masked_fill(mask, 2.0)
(~mask | (x > 0)) & mask
mask.sum(1) * n
i // 2 * x[:, :, 0]
torch.div(x.argmax(1), 2, rounding_mode='trunc') + 0.5
7 - i
i ** 2
2 ** i
x.expand(5, 2, 3, 4)[3]
x[:, :1].expand(-1, 3, -1)
torch.broadcast_to(v, (2, 3, 4)) * x
torch.split(x, [1, 3], -1)[1]
torch.split(x, 3, 2)[1]
torch.chunk(x, 2, 1)[1]
torch.tensor_split(x, 3, 2)[0]
torch.tensor_split(x, (1, -1), 2)[1]
torch.tensor_split(x, (2, 9), 2)[1]
torch.tensor_split(x, (-1, 1), 2)[1]
torch.nn.functional.silu(x)
torch.nn.functional.elu(x, alpha=0.3)
torch.nn.functional.leaky_relu(x, 0.2)
torch.nn.functional.hardtanh(x, -0.4, 0.9)
torch.clamp(x, -0.3, 0.8)
torch.clamp(x, min=-0.3)
torch.clamp(x, max=0.6)
torch.clamp(x, y - 0.5, y + 0.5)
torch.clamp_min(x, 0.1) + torch.clamp_max(x, 0.1)
torch.nn.functional.prelu(x, q1)
torch.nn.functional.prelu(x, q)
torch.addcmul(x, y, y, value=-0.5)
torch.addcdiv(x, y, y * y + 1, value=2)
torch.nn.functional.rms_norm(x, (4,), v, 0.1)
torch.nn.functional.rms_norm(x, (3, 4))
torch._weight_norm(w, g, 0)
torch.nn.functional.gelu(x) - torch.nn.functional.gelu(x, approximate='tanh')
torch.nn.functional.softplus(x, 2.0)
torch.nn.functional.softplus(x, 2.0, 1.0)
torch.nn.functional.softplus(x)
torch.nn.functional.rrelu(x, 0.1, 0.5)
torch.lerp(x, y, 0.3)
torch.lerp(x, y, v)
torch.nn.functional.bilinear(x, y, ww, b5)
torch.nn.functional.bilinear(x, y, ww)
torch._trilinear(x.reshape(6, 4), ww, y.reshape(6, 4), [1, 3], [0], [1, 2], [2, 3])
torch._trilinear(x[0], y[1], v, [1], [0], [0, 1], [0], 0)
torch.nn.functional.conv1d(x, w, b4, 1, 1)
torch.nn.functional.conv1d(x, w, None, 2, 2, 2)
torch.nn.functional.conv1d(x, w, b4, padding='same')
torch.nn.functional.conv1d(x, w2, b4, padding='same')
torch.nn.functional.conv1d(x, wg, None, 1, 1, 1, 3)
torch.nn.functional.conv1d(x, w, padding='valid')
torch.nn.functional.conv1d(x.transpose(1, 2), w4, b5, 1, 2).transpose(1, 2)
torch.nn.functional.conv2d(x.unsqueeze(1), k2, b2, (1, 2), (1, 0))
torch.nn.functional.conv2d(x.unsqueeze(1).permute(0, 2, 3, 1).permute(0, 3, 1, 2), k2, None, 1, (2, 1)).permute(0, 2, 3, 1)
torch.nn.functional.conv2d(x.unsqueeze(-1).permute(0, 3, 1, 2), k2, b2, (1, 2)).permute(0, 2, 3, 1)
torch.nn.functional.conv_transpose1d(x, wt, b2, 2, 1, 1)
torch.nn.functional.conv_transpose1d(x, wt, None, 1, 0, 0, 1, 2)
torch.nn.functional.conv_transpose2d(x.unsqueeze(1), kt, b2, (2, 1), 0, (1, 0))
torch.nn.functional.max_pool1d(x, 2, 1, 1)
torch.nn.functional.max_pool1d(x, 2, 1, 0, 2)
torch.nn.functional.max_pool2d(x, (2, 3), (1, 2), (0, 1))
torch.nn.functional.avg_pool2d(x, (1, 2), 1, (0, 1), True, False)
torch.nn.functional.avg_pool1d(x[0], 3, 2, 1)
torch.nn.functional.max_pool1d(x[1], 2)
torch.nn.functional.max_pool1d(x, 3, 2, 0, 1, True)
torch.nn.functional.max_pool2d(x.unsqueeze(1), (2, 3))
torch.nn.functional.avg_pool1d(x, 3, 2, 1)
torch.nn.functional.avg_pool1d(x, 3, 2, 1, False, False)
torch.nn.functional.avg_pool1d(x, 3, 2, 0, True)
torch.nn.functional.avg_pool2d(x.unsqueeze(1), 2, 1, (0, 1))
torch.nn.functional.pad(x, (1, 2))
torch.nn.functional.pad(x, (1, 0, 0, 2), value=0.5)
torch.nn.functional.pad(x, (2, 1), 'reflect')
torch.nn.functional.pad(x, (2, 1), 'replicate')
torch.nn.functional.pad(x, (2, 1), 'circular')
torch.nn.functional.pad(x, (-1, 2))
torch.nn.functional.adaptive_avg_pool1d(x, 3)
torch.nn.functional.adaptive_avg_pool1d(x, 1)
torch.nn.functional.adaptive_max_pool1d(x, 3)
torch.nn.functional.adaptive_avg_pool2d(x, (2, 3))
torch.nn.functional.batch_norm(x, m3, s3, g3, b3, False, 0.1, 0.01)
torch.nn.functional.batch_norm(x, m3, s3)
torch.nn.functional.layer_norm(x, (4,), v, v - 1, 0.1)
torch.nn.functional.layer_norm(x, (3, 4))
torch.nn.functional.group_norm(torch.cat([x, y], 1), 2, g6, None, 0.1)
torch.nn.functional.instance_norm(x, weight=g3, bias=b3, eps=0.1)
torch.nn.functional.interpolate(x, 7)
torch.nn.functional.interpolate(x, scale_factor=2.0)
torch.nn.functional.interpolate(x, 7, mode='linear')
torch.nn.functional.interpolate(x, 7, mode='linear', align_corners=True)
torch.nn.functional.interpolate(x.unsqueeze(1), (5, 3), mode='bilinear')
torch.nn.functional.interpolate(x.unsqueeze(1), (5, 6), mode='bilinear', align_corners=True)
torch.nn.functional.interpolate(x.unsqueeze(1), (5, 6), mode='bicubic')
torch.nn.functional.interpolate(x.unsqueeze(1), (2, 3))
torch.ones_like(x) * 2 + torch.full((4,), 0.5) + torch.full_like(y, -1.5)
torch.where(torch.full((3, 4), True), x, y) + torch.where(torch.full((4,), False, dtype=torch.bool), x, 0.5)
x.new_full((3, 1), 2.5) * x + x.new_ones(4)
torch.topk(x, 2, 1)[0]
torch.topk(x, 2, -1, False)[1]
torch.einsum('nij,nkj->nik', x, y)
torch.einsum('...i,...j->...ij', x, v)
torch.einsum('n i j , n i j -> n', x, y)
torch.einsum('...ij,...j->...', x, y[:, 0])
torch.gather(x, 2, ix)
torch.gather(x, 1, ix[:, :2])
torch.index_select(x, -1, i1)
x.repeat(1, 2, 1)
x.repeat(2, 1, 1, 2)
torch.nn.functional.scaled_dot_product_attention(x, y, y)
torch.nn.functional.scaled_dot_product_attention(x, y, x, scale=0.3)
torch.nn.functional.scaled_dot_product_attention(x, y, x, is_causal=True)
torch.nn.functional.scaled_dot_product_attention(x, y[:, :2], x[:, :2], is_causal=True)
torch.nn.functional.scaled_dot_product_attention(x, y, x, attn_mask=m33)
torch.nn.functional.scaled_dot_product_attention(x, y, x, attn_mask=m33 > 0)
y[:, :1].expand_as(x) * x
torch.arange(2, 14, 3) * x
torch.arange(4, dtype=torch.float32) + x
torch.eye(3, 4) * x
torch.cumsum(x, 1) + torch.cumsum(x, -1)
torch.sort(x, 1)[0] + torch.sort(x, -1, True)[1]
torch.argsort(x, 1, descending=True)
torch.median(x, 1)[0]
torch.median(x, -1, keepdim=True)[1]
torch.kthvalue(x, 3, -1)[0]
torch.kthvalue(x, 2, 1, True)[1]
torch.scatter(x, 2, ix, y)
torch.scatter(x, 1, ix[:, :2], 9.0)
torch.scatter_add(x, 2, ix, y)
torch.cdist(x, y)
torch.mv(x[0], v)
torch.dot(x[0, 1], v)
torch.nn.functional.one_hot(i, 5)
torch.bucketize(x, edges)
torch.bucketize(x, edges, right=True)
torch.searchsorted(edges, x)
x.unfold(2, 3, 1)
x.unfold(1, 2, 1)
torch.logcumsumexp(x, 1)
torch.cumprod(x, -1)
x[i1b]
x[:, :, i1]
x[i1b, i1c]
x[:, 1:, ::2]
x[:, -2:-1]
x[0]
x[:, -1]
x[:, 1, -1]
x.unbind(1)[2]
x.narrow(2, 1, 2)
x.narrow(2, -3, 2)
torch.repeat_interleave(x, 2, 1)
torch.nn.functional.pixel_shuffle(torch.cat([x, y], 2).reshape(1, 12, 2, 2)[:, :8], 2)
torch.logsumexp(x, (1, 2))
torch.logsumexp(x, -1, True)
torch.cosine_similarity(x, y)
torch.cosine_similarity(x, y, -1, 0.5)
torch.hstack([x, y])
torch.hstack([v, v * 2])
torch.vstack([v, v * 2])
torch.vstack([x, y])
torch.column_stack([v, v * 2])
torch.dstack([v, v * 2])
torch.dstack([x[0], y[0]])
torch.dstack([x, y])
torch.diag_embed(x)
torch.meshgrid(v, b5, indexing='ij')[1] * 2
torch.broadcast_tensors(x, v)[1] - y
torch.index_add(x, 2, i1, y[:, :, :3])
torch.index_copy(x, 1, i1b, y[:, :2])
torch.index_fill(x, -1, i1, 3.0)
torch.take_along_dim(x, ix, 2)
x.tile(2)
x.tile(2, 1, 1, 2)
x.mT @ y
x.mH @ y
torch.norm(x)
torch.norm(x, 1, (1, 2), True)
torch.linalg.vector_norm(x, 1, (0, 2))
torch.linalg.vector_norm(x, dim=1, keepdim=True)
torch.linalg.norm(x)
torch.dist(x, y)
torch.dist(x, y, 1)
torch.nn.functional.pairwise_distance(x, y)
torch.nn.functional.pairwise_distance(x, y, 1, 0.5, True)
torch.cummax(x, 1)[0] + torch.cummax(x, 1)[1]
torch.cummin(x, -1)[0] - torch.cummin(x, -1)[1]
torch.var(x)
torch.var(x, 1, unbiased=False)
torch.var(x, (0, 2), correction=2)
torch.std(x, -1, keepdim=True)
torch.std_mean(x, 1)[0] + torch.std_mean(x, 1)[1]
torch.var_mean(x, (1, 2))[1]
torch.count_nonzero(torch.relu(x))
torch.count_nonzero(torch.relu(x), 1)
torch.xlogy(torch.relu(x), y.abs() + 0.1)
torch.special.expit(x)
torch.logit(torch.sigmoid(x))
torch.heaviside(torch.relu(x), y)
torch.chain_matmul(x[0], y[1].mT, x[1])
torch.linalg.multi_dot([x[0], y[1].mT, x[1]])
torch.addmm(m33, x[0], y[0].mT, beta=0.5, alpha=2.0)
torch.baddbmm(m33.expand(2, 3, 3), x, y.mT, beta=-1, alpha=0.25)
torch.bmm(x, y.mT)
torch.nn.functional.linear(x, wl)
torch.nn.functional.linear(x, wl, b5)
torch.nn.functional.embedding(i, wl)
x.view(2, 12)
x.reshape(2, -1, 2)
x.reshape(3, 8)
x.transpose(1, -1)
torch.swapaxes(x, 0, 1)
x[0].t()
x.permute(2, 0, 1)
x.unflatten(2, (2, 2))
x.unflatten(1, (-1, 1))
x.flatten(1)
x.flatten(0, 1)
torch.flatten(x)
x[:, :1].squeeze()
x[:, :1].squeeze(1)
x.squeeze(1)
x.unsqueeze(-1) * 2
x.unsqueeze(1) * y.unsqueeze(2)
torch.cat([x, y], -2)
torch.cat([x, y])
torch.stack([x, y], -1)
torch.stack([x, y], 1)
torch.stack([x, y])
torch.fft.fft(x).abs()
torch.fft.fft(x, 6, 1).imag
torch.fft.fft(x, 2).real
torch.fft.fft(x, norm='ortho').imag
torch.fft.ifft(torch.fft.fft(x), norm='ortho').real
torch.fft.ifft(torch.fft.fft(x, norm='forward'), norm='forward').real
torch.fft.rfft(x).imag
torch.fft.rfft(x, 7, -1).real
torch.fft.irfft(torch.fft.rfft(x))
torch.fft.irfft(torch.fft.rfft(x), 5)
torch.fft.irfft(torch.fft.rfft(x, norm='ortho'), 4, norm='ortho')
torch.view_as_real(torch.fft.fft(x) * torch.fft.fft(y))
torch.view_as_real(torch.fft.fft(x) * y)
torch.view_as_real(torch.fft.fft(x) + torch.fft.fft(y))
torch.view_as_real(torch.fft.fft(x) - torch.fft.fft(y))
torch.view_as_real(-torch.fft.fft(x))
torch.view_as_real(torch.fft.fft(x).conj() * torch.fft.fft(y))
torch.view_as_complex(x.reshape(2, 3, 2, 2)).abs()
torch.stft(x.reshape(2, 12), 4, 2, window=v, return_complex=True).abs()
torch.stft(x.reshape(2, 12), 6, 3, 4, window=v, center=False, return_complex=True).abs()
torch.stft(x.reshape(2, 12), 4, center=True, pad_mode='constant', return_complex=True).abs()
torch.stft(x.reshape(2, 12), 4, onesided=False, return_complex=True).real
torch.hann_window(4) * x
torch.hann_window(4, periodic=False) * x + torch.blackman_window(4)
torch.isclose(x, y, 0.5, 0.1)
torch.logical_xor(x > 0, y > 0)
torch.logical_not(x > 0) | torch.logical_and(x > 1, y > 0)
torch.nn.functional.glu(x, -1)
torch.nn.functional.celu(x, 0.4)
torch.nn.functional.threshold(x, 0.2, -3.0)
torch.any(x > 1, 1)
torch.all(x > -1.9, -1, True)
torch.quantile(x, 0.3, 1)
torch.quantile(x, 0.7, -1, True, interpolation='lower')
torch.quantile(x, 0.4, 2, interpolation='midpoint')
torch.quantile(x, 0.4, 2, interpolation='nearest')
torch.diagonal(x, 1, 1, 2)
torch.diff(x, 2, 2)
torch.flip(x, (0, -1))
torch.rot90(x, -1, (1, 2))
torch.roll(x, (1, -2), (1, 2))
torch.roll(x, 5)
torch.movedim(x, (0, 1), (-1, 0))
torch.triu(x, 1) + torch.tril(x, -1)
torch.kron(x[0], y[1])
torch.outer(v, b5)
torch.tensordot(x, y, dims=([1, 2], [1, 2]))
torch.sinc(x) + torch.rsqrt(x.abs() + 1) + torch.square(y)
x.clone().mul_(2).add_(y)
write_row(x)
write_columns(x, y)
write_from(x)
write_masked(x, y)
write_zero(x)
write_fill(x)
write_copy(x, y)
""".strip().split("\n")


def write_row(x):
    a = x.clone()
    a[:, 1] = 3.0
    return a * 2


def write_columns(x, y):
    a = x.clone()
    a[:, :, 1:3] = y[:, :, :2]
    return a


def write_from(x):
    a = x.clone()
    a[:, -2:] *= 0.5
    return a + x


def write_masked(x, y):
    a = x.clone()
    a[y > 0] = -1.0
    return a


def write_zero(x):
    a = x.clone()
    a[:, :, -1].zero_()
    return a


def write_fill(x):
    a = x.clone()
    a[1:].fill_(0.25)
    return a


def write_copy(x, y):
    a = x.clone()
    a[:, :, 3] = y[:, :, 0]
    return a


def numbers(*shape, times=7, by=11):
    n = 1
    for size in shape:
        n *= size
    return ((torch.arange(n) * times) % by).to(torch.float32).reshape(shape) / 8 - 0.625


CONSTANTS = {
    "w": numbers(4, 3, 3), "w2": numbers(4, 3, 2), "wg": numbers(6, 1, 3), "w4": numbers(5, 4, 3), "wt": numbers(3, 2, 3), "wl": numbers(5, 4, by=13),
    "k2": numbers(2, 1, 2, 3), "kt": numbers(1, 2, 2, 3), "ww": numbers(5, 4, 4, by=13), "v": numbers(4) + 0.1, "g": numbers(4, 1, 1) + 1, "q": numbers(3) + 0.05, "q1": numbers(1) + 0.8,
    "b4": numbers(4), "b5": numbers(5), "b2": numbers(2), "m3": numbers(3), "s3": numbers(3) ** 2 + 0.5, "g3": numbers(3) + 1, "b3": numbers(3) * 2, "g6": numbers(6) + 1,
    "m33": numbers(3, 3), "edges": torch.tensor([-0.5, 0.25, 0.5, 1.0]),
    "i": torch.tensor([[3, 0, 2], [1, 4, 2]]), "ix": torch.tensor([[[0, 1, 3], [2, 2, 0], [1, 0, 1]], [[1, 2, 0], [0, 0, 1], [2, 1, 2]]]) % 3,
    "n": torch.tensor(3), "mask": torch.arange(24).reshape(2, 3, 4) % 3 == 1,
    "i1": torch.tensor([2, 0, 3]), "i1b": torch.tensor([1, 0]), "i1c": torch.tensor([2, 1]),
}
X = torch.sin(torch.arange(24) * 2.3 + 1).reshape(2, 3, 4) * 2
Y = torch.cos(torch.arange(24) * 1.7).reshape(2, 3, 4) * 1.5
X, Y = [torch.round(t * 1024) / 1024 for t in (X, Y)]


def module(line):
    body = compile(line, "line", "eval")
    names = [name for name in CONSTANTS if name in body.co_names]

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name in names:
                self.register_buffer(name, CONSTANTS[name])

        def forward(self, x, y):
            # noqa: S307: the lines above
            return eval(body, {**globals(), "x": x, "y": y, **{name: getattr(self, name) for name in names}})

    return Line().eval(), names


def described(t):
    return {"shape": list(t.shape), "data": [float(f"{v:.8g}") for v in t.to(torch.float64).flatten().tolist()]}


def short(program, constants):
    """What a reader of programs looks at: inputs, buffers and output by their names."""
    graph = program["graph_module"]["graph"]
    signature = program["graph_module"]["signature"]
    values = {name: [t["dtype"], [size["as_int"] for size in t["sizes"]]] for name, t in graph["tensor_values"].items()}
    nodes = []
    for node in graph["nodes"]:
        inputs = [{"name": given["name"], "arg": given["arg"]} for given in node["inputs"]]
        nodes.append({"target": node["target"], "inputs": inputs, "outputs": node["outputs"]})
    given = [next(iter(spec.values())) for spec in signature["input_specs"]]
    buffers = {one["arg"]["name"]: one["buffer_name"] for one in given if "buffer_name" in one}
    others = {one["arg"]["name"]: one["tensor_constant_name"] for one in given if "tensor_constant_name" in one}
    own = {name: described(constants[constant]) for name, constant in others.items()}
    inputs = [one["arg"]["as_tensor"]["name"] for one in given if "as_tensor" in one["arg"]]
    output = signature["output_specs"][0]["user_output"]["arg"]["as_tensor"]["name"]
    return {"nodes": nodes, "values": values, "inputs": inputs, "buffers": buffers, "constants": own, "output": output}


def record(line):
    net, names = module(line)
    wanted = net(X, Y)
    program = torch.export.export(net, (X, Y))
    file = io.BytesIO()
    torch.export.save(program, file)
    with zipfile.ZipFile(file) as archive:
        name = next(n for n in archive.namelist() if n.endswith("models/model.json"))
        written = json.loads(archive.read(name))
    values = [float(f"{v:.8g}") if v == v and abs(v) != float("inf") else str(v) for v in wanted.to(torch.float64).flatten().tolist()]
    return {"line": line, **short(written, program.constants), "shape": list(wanted.shape), "y": values}


def main():
    torch.manual_seed(0)
    cases = []
    for line in LINES:
        try:
            cases.append(record(line.strip()))
        except Exception as error:
            print(f"{line}: {type(error).__name__} {str(error)[:200]}", file=sys.stderr)
    constants = {name: described(t) for name, t in CONSTANTS.items()}
    inputs = {"x": X.flatten().tolist(), "y": Y.flatten().tolist()}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    print(f'{{"torch":"{torch.__version__.split("+")[0]}","inputs":{json.dumps(inputs)},"constants":{json.dumps(constants)},"cases":[\n{lines}\n]}}')


main()
