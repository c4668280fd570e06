"""What PyTorch's activation functions give in double precision: python3 make.py > activations.json"""
import json
import torch
import torch.nn.functional as F

x = torch.tensor([-700.0, -100, -30, -8, -5, -3.5, -3, -2, -1, -0.6, -0.5, -0.25, -1e-3, -1e-9, 0, 1e-9, 1e-3, 0.25, 0.5, 0.6, 1, 2, 3, 3.5, 5, 8, 30, 100, 700], dtype=torch.float64)
cases = {
    'tanh': torch.tanh(x), 'sigmoid': torch.sigmoid(x), 'relu': F.relu(x), 'relu6': F.relu6(x), 'elu': F.elu(x), 'selu': F.selu(x),
    'elu alpha=0.3': F.elu(x, 0.3), 'celu': F.celu(x), 'celu alpha=2.5': F.celu(x, 2.5), 'leaky_relu negative_slope=0.01': F.leaky_relu(x),
    'softplus': F.softplus(x, threshold=1000), 'softsign': F.softsign(x), 'silu': F.silu(x), 'hard_silu': F.hardswish(x), 'mish': F.mish(x),
    'gelu': F.gelu(x), 'gelu approximate=true': F.gelu(x, approximate='tanh'), 'gelu_tanh': F.gelu(x, approximate='tanh'),
    'hard_sigmoid': F.hardsigmoid(x), 'hard_tanh': F.hardtanh(x), 'tanh_shrink': F.tanhshrink(x), 'soft_shrink': F.softshrink(x),
    'soft_shrink threshold=2': F.softshrink(x, 2.0), 'hard_shrink': F.hardshrink(x), 'hard_shrink threshold=2': F.hardshrink(x, 2.0),
    'log_sigmoid': F.logsigmoid(x), 'threshold threshold=0.5 default_value=-2': F.threshold(x, 0.5, -2.0), 'exponential': torch.exp(x),
}
rows = torch.tensor([[1.5, -2, 0.25, 3], [-1000, 1000, 999, 0], [0.5, 0.5, 0.5, 0.5]], dtype=torch.float64)
print(json.dumps({
    'version': torch.__version__, 'x': x.tolist(), 'elementwise': {k: v.tolist() for k, v in cases.items()},
    'rows': rows.tolist(), 'softmax': F.softmax(rows, -1).tolist(), 'log_softmax': F.log_softmax(rows, -1).tolist(),
}))
