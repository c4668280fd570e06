"""Random PyTorch networks in every form in which people keep them. usage: modules.py FOLDER SEED COUNT [form …]
Each is a chain that a --layers line can say: a state dict needs that line, a program (.pt2, .onnx) does not."""
import json, os, random, sys, warnings

import numpy as np
import torch
from torch import nn

warnings.filterwarnings('ignore')
torch.set_num_threads(1)
ACTIVATIONS = {'relu': nn.ReLU, 'tanh': nn.Tanh, 'sigmoid': nn.Sigmoid, 'silu': nn.SiLU, 'elu': nn.ELU, 'gelu': nn.GELU}


class Chain(nn.Module):
    """conv, recurrent modules, Linears; `line` says the same"""

    def __init__(self, r):
        super().__init__()
        width = self.features = r.randint(2, 5)
        parts = []
        self.conv = self.table = self.norm = None
        if r.random() < 0.2:
            tokens = r.randint(6, 11)
            self.table = nn.Embedding(tokens, width)
            parts.append(f'embedding:{tokens}x{width}')
        if r.random() < 0.3:
            filters, size = r.randint(2, 6), r.choice([1, 3, 5])
            self.after = r.choice(list(ACTIVATIONS))
            self.conv, self.act = nn.Conv1d(width, filters, size, padding='same'), ACTIVATIONS[self.after]()
            parts.append(f'conv:{filters}x{size}@{self.after}+same')
            width = filters
        self.cells = nn.ModuleList()
        for _ in range(r.choice([1, 1, 2])):
            kind, units, depth, both = r.choice(['lstm', 'gru', 'rnn']), r.randint(2, 7), r.choice([1, 1, 2]), r.random() < 0.3
            made = {'lstm': nn.LSTM, 'gru': nn.GRU, 'rnn': nn.RNN}[kind]
            biased = r.random() < 0.8
            options = {'nonlinearity': r.choice(['tanh', 'relu'])} if kind == 'rnn' else {}
            self.cells.append(made(width, units, depth, batch_first=True, bidirectional=both, bias=biased, **options))
            act = '@relu' if options.get('nonlinearity') == 'relu' else ''
            parts += [f"{'bi' if both else ''}{kind}:{units}{act}+seq{'' if biased else '+nobias'}"] * depth
            width = units * (2 if both else 1)
        self.whole = r.random() < 0.4
        if not self.whole:
            parts.append('last')
        if r.random() < 0.3:
            self.norm = nn.LayerNorm(width)
            parts.append('layernorm')
        self.head = nn.ModuleList()
        for i in range(r.choice([1, 1, 2])):
            units = r.randint(1, 5)
            self.head.append(nn.Linear(width, units))
            name = r.choice(list(ACTIVATIONS)) if i == 0 else None
            self.head.append(ACTIVATIONS[name]() if name else nn.Identity())
            parts.append(f"dense:{units}{'@' + name if name else ''}")
            width = units
        self.line = ','.join(parts)

    def forward(self, x):
        if self.table is not None:
            x = self.table(x)
        if self.conv is not None:
            x = self.act(self.conv(x.transpose(1, 2))).transpose(1, 2)
        for cell in self.cells:
            x = cell(x)[0]
        if not self.whole:
            x = x[:, -1]
        if self.norm is not None:
            x = self.norm(x)
        for module in self.head:
            x = module(x)
        return x


def state_dict(model, x, path):
    torch.save(model.state_dict(), path + '.pt')
    return ['--weights', '.pt', '--layers', model.line]


def old_state_dict(model, x, path):
    torch.save(model.state_dict(), path + '.pt', _use_new_zipfile_serialization=False)
    return ['--weights', '.pt', '--layers', model.line]


def checkpoint(model, x, path):
    optimizer = torch.optim.Adam(model.parameters())
    torch.save({'epoch': 3, 'model_state_dict': {f'module.{k}': v for k, v in model.state_dict().items()},
                'optimizer': optimizer.state_dict(), 'loss': torch.tensor(0.5), 'best': np.float64(0.25)}, path + '.pt')
    return ['--weights', '.pt', '--layers', model.line]


def whole(model, x, path):
    torch.save(model, path + '.pt')
    return ['--weights', '.pt', '--layers', model.line]


def safetensors(model, x, path):
    from safetensors.torch import save_file
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path + '.safetensors')
    return ['--weights', '.safetensors', '--layers', model.line]


def program(model, x, path):
    torch.export.save(torch.export.export(model, (x,)), path + '.pt2')
    return ['--model', '.pt2']


def onnx(model, x, path):
    torch.onnx.export(model, (x,), path + '.onnx', dynamo=False, input_names=['x'], output_names=['y'], opset_version=17)
    return ['--model', '.onnx']


def onnx_new(model, x, path):
    torch.onnx.export(model, (x,), path + '.onnx', dynamo=True, input_names=['x'], output_names=['y'], verbose=False)
    return ['--model', '.onnx']


FORMS = {f.__name__: f for f in (state_dict, old_state_dict, checkpoint, whole, safetensors, program, onnx, onnx_new)}


def main(folder, seed, count, *forms):
    os.makedirs(folder, exist_ok=True)
    cases, skipped = [], []
    names = list(forms or FORMS)
    for k in range(int(count)):
        r = random.Random(f'{seed}/{k}')
        torch.manual_seed(1000 * int(seed) + k)
        model = Chain(r).eval()
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(torch.randn_like(p) * 0.6)
        N, T = r.randint(2, 4), r.randint(5, 8)
        x = torch.randint(0, model.table.num_embeddings, (N, T)) if model.table else torch.randn(N, T, model.features)
        form = names[k % len(names)]
        name = f'{form}_{k}'
        path = os.path.join(folder, name)
        try:
            args = FORMS[form](model, x, path)
        except Exception as error:  # an exporter that cannot, a package that is not there
            skipped.append([name, str(error)[:200]])
            continue
        np.save(path + '.x.npy', x.numpy())
        with torch.no_grad():
            y = model(x)
        cases.append({'name': name, 'line': model.line, 'args': args, 'shape': list(y.shape), 'y': y.double().flatten().tolist()})
    with open(os.path.join(folder, 'cases.json'), 'w') as f:
        json.dump({'torch': torch.__version__, 'cases': cases, 'skipped': skipped}, f)


if __name__ == '__main__':
    main(*sys.argv[1:])
