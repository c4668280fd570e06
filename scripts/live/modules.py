"""Random PyTorch networks in every form in which people keep them. usage: modules.py FOLDER SEED COUNT [form …]
A state dict needs a line of --layers: networks that one can say have it as `line`. Programs (.pt2, .onnx) need none."""
import argparse, collections, json, os, pathlib, random, sys, warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

warnings.filterwarnings('ignore')
torch.set_num_threads(1)
ACTIVATIONS = {'relu': nn.ReLU, 'tanh': nn.Tanh, 'sigmoid': nn.Sigmoid, 'silu': nn.SiLU, 'elu': nn.ELU, 'gelu': nn.GELU}
CELLS = {'lstm': (nn.LSTM, nn.LSTMCell), 'gru': (nn.GRU, nn.GRUCell), 'rnn': (nn.RNN, nn.RNNCell)}


class Chain(nn.Module):
    """embedding, convolutions, recurrent modules, normalisations, Linears; `line` says the same"""

    def __init__(self, r, reparametrised=False):
        super().__init__()
        width = self.features = r.randint(2, 5)
        self.tokens = 0
        parts = []
        self.body = nn.ModuleList()
        if r.random() < 0.2:
            self.tokens = r.randint(6, 11)
            self.body.append(nn.Embedding(self.tokens, width, padding_idx=r.choice([None, 0])))
            parts.append(f'embedding:{self.tokens}x{width}')
        for _ in range(r.choice([0, 0, 0, 1, 1, 2])):
            filters, size, after, normed = r.randint(2, 6), r.choice([1, 3, 5]), r.choice(list(ACTIVATIONS)), r.random() < 0.4
            self.body.append(nn.Conv1d(width, filters, size, padding='same'))
            if normed:
                self.body.append(nn.BatchNorm1d(filters))
            self.body.append(ACTIVATIONS[after]())
            parts += [f'conv:{filters}x{size}+same', 'batchnorm', f'activation@{after}'] if normed else [f'conv:{filters}x{size}@{after}+same']
            width = filters
        for _ in range(r.choice([1, 1, 2])):
            kind, units, depth, both = r.choice(list(CELLS)), r.randint(2, 7), r.choice([1, 1, 2, 3]), r.random() < 0.3
            biased = r.random() < 0.8
            options = {'nonlinearity': r.choice(['tanh', 'relu'])} if kind == 'rnn' else {}
            proj = r.randint(1, units - 1) if kind == 'lstm' and r.random() < 0.2 else 0
            if proj:
                options['proj_size'] = proj
            dropout = r.choice([0.0, 0.3]) if depth > 1 else 0.0
            self.body.append(CELLS[kind][0](width, units, depth, batch_first=True, bidirectional=both, bias=biased, dropout=dropout, **options))
            act = '@relu' if options.get('nonlinearity') == 'relu' else ''
            one = f"{'bi' if both else ''}{kind}:{units}{act}+seq{f'+proj={proj}' if proj else ''}{'' if biased else '+nobias'}"
            parts += [one] * depth
            width = (proj or units) * (2 if both else 1)
        self.whole = r.random() < 0.4
        if not self.whole:
            parts.append('last')
        self.rest = nn.ModuleList()
        if r.random() < 0.3:
            self.rest.append(nn.LayerNorm(width))
            parts.append('layernorm')
        if r.random() < 0.3:
            self.rest.append(nn.Dropout(0.5))
        for i in range(r.choice([1, 1, 2, 3])):
            units = r.randint(1, 5)
            name = r.choice([None, *ACTIVATIONS]) if i == 0 else None
            self.rest += [nn.Linear(width, units), *([ACTIVATIONS[name]()] if name else [])]
            parts.append(f"dense:{units}{'@' + name if name else ''}")
            width = units
        self.line = ','.join(parts)
        if reparametrised:
            self.reparametrise(r)

    def reparametrise(self, r):
        for modules in (self.body, self.rest):
            for i, m in enumerate(modules):
                if isinstance(m, (nn.Linear, nn.Conv1d)) and r.random() < 0.7:
                    modules[i] = r.choice([nn.utils.weight_norm, parametrizations.weight_norm, nn.utils.spectral_norm, parametrizations.spectral_norm])(m)
                elif isinstance(m, nn.RNNBase) and r.random() < 0.3:
                    modules[i] = parametrizations.weight_norm(m, 'weight_hh_l0')

    def forward(self, x):
        for m in self.body:
            if isinstance(m, (nn.Conv1d, nn.BatchNorm1d)):
                x = m(x.transpose(1, 2)).transpose(1, 2)
            else:
                x = m(x)[0] if isinstance(m, nn.RNNBase) else m(x)
        if not self.whole:
            x = x[:, -1]
        for m in self.rest:
            x = m(x)
        return x


class Cells(nn.Module):
    """a loop over an LSTMCell, a GRUCell or an RNNCell"""

    def __init__(self, r):
        super().__init__()
        self.features, self.tokens = r.randint(2, 5), 0
        kind, units, outputs = r.choice(list(CELLS)), r.randint(2, 6), r.randint(1, 4)
        self.cell, self.fc = CELLS[kind][1](self.features, units), nn.Linear(units, outputs)
        self.kind, self.units, self.each = kind, units, r.random() < 0.5
        self.line = f"{kind}:{units}{'+seq' if self.each else ''},dense:{outputs}"

    def forward(self, x):
        h = c = torch.zeros(x.shape[0], self.units)
        steps = []
        for t in range(x.shape[1]):
            if self.kind == 'lstm':
                h, c = self.cell(x[:, t], (h, c))
            else:
                h = self.cell(x[:, t], h)
            steps.append(h)
        return self.fc(torch.stack(steps, 1) if self.each else h)


class Wired(nn.Module):
    """what no line can say: a learned first state, attention, two readers of one layer, an encoder and a decoder"""

    line = None

    def __init__(self, r):
        super().__init__()
        self.features, self.tokens = r.randint(2, 5), 0
        units, outputs = 2 * r.randint(1, 3), r.randint(1, 4)
        self.what = r.choice(['h0', 'mha', 'attention', 'heads', 'seq2seq', 'skip', 'conditioned'])
        self.rnn = nn.GRU(self.features, units, batch_first=True)
        if self.what == 'h0':
            self.h0 = nn.Parameter(torch.randn(1, 1, units))
        if self.what == 'mha':
            self.att = nn.MultiheadAttention(units, 2, batch_first=True)
        if self.what == 'attention':
            self.score = nn.Linear(units, 1)
        if self.what == 'heads':
            self.other = nn.Linear(units, outputs)
        if self.what == 'seq2seq':
            self.decoder = nn.GRU(self.features, units, batch_first=True)
        if self.what == 'conditioned':
            self.first = nn.Linear(self.features, units)
        self.fc = nn.Linear(2 * units if self.what == 'skip' else units, outputs)

    def forward(self, x):
        if self.what == 'h0':
            return self.fc(self.rnn(x, self.h0.expand(-1, x.shape[0], -1).contiguous())[0][:, -1])
        if self.what == 'conditioned':
            return self.fc(self.rnn(x, torch.tanh(self.first(x[:, 0])).unsqueeze(0))[0])
        y, h = self.rnn(x)
        if self.what == 'mha':
            y = self.att(y, y, y)[0]
            return self.fc(y.mean(1))
        if self.what == 'attention':
            return self.fc((torch.softmax(self.score(y), 1) * y).sum(1))
        if self.what == 'heads':
            return self.fc(y[:, -1]) + torch.sigmoid(self.other(y[:, -1]))
        if self.what == 'seq2seq':
            return self.fc(self.decoder(x.flip(1), h)[0])
        return self.fc(torch.cat([y.max(1)[0], y[:, 0]], -1))


def weights(suffix='.pt'):
    return ['--weights', suffix]


def state_dict(model, x, path):
    torch.save(model.state_dict(), path + '.pt')
    return weights()


def old_state_dict(model, x, path):
    torch.save(model.state_dict(), path + '.pt', _use_new_zipfile_serialization=False)
    return weights()


def checkpoint(model, x, path):
    optimizer = torch.optim.Adam(model.parameters())
    model(x).sum().backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    torch.save({'epoch': 3, 'model_state_dict': model.state_dict(), 'optimizer': optimizer.state_dict(), 'loss': torch.tensor(0.5),
                'best': np.float64(0.25), 'history': np.arange(6.0), 'args': argparse.Namespace(lr=0.1, path=pathlib.PurePosixPath('a')),
                'device': torch.device('cpu'), 'rng': torch.get_rng_state()}, path + '.pt')
    return weights()


def lightning(model, x, path):
    optimizer = torch.optim.AdamW(model.parameters())
    torch.save({'epoch': 1, 'global_step': 12, 'pytorch-lightning_version': '2.2.1',
                'state_dict': collections.OrderedDict((f'model.{k}', v) for k, v in model.state_dict().items()),
                'loops': {'fit_loop': {'state_dict': {}}}, 'callbacks': {"ModelCheckpoint{'monitor': 'val'}": {'best_model_score': torch.tensor(0.5), 'best_k_models': {}}},
                'optimizer_states': [optimizer.state_dict()], 'lr_schedulers': [], 'hparams_name': 'kwargs', 'hyper_parameters': {'lr': 0.1, 'hidden': 4}}, path + '.ckpt')
    return weights('.ckpt')


def averaged(model, x, path):
    """the average of the weights beside them: the first are run"""
    torch.save({'model': model.state_dict(), 'ema': {k: v * 0.5 for k, v in model.state_dict().items()}, 'step': 10}, path + '.pt')
    return [f'--weights', '.pt:model']


def data_parallel(model, x, path):
    torch.save({f'module.{k}': v for k, v in model.state_dict().items()}, path + '.pt')
    return weights()


def compiled(model, x, path):
    torch.save({'model': {f'_orig_mod.module.{k}': v for k, v in model.state_dict().items()}}, path + '.pt')
    return weights()


def numpy_dict(model, x, path):
    torch.save({k: v.numpy() for k, v in model.state_dict().items()}, path + '.pt')
    return weights()


def npz(model, x, path):
    np.savez(path + '.npz', **{k: v.numpy() for k, v in model.state_dict().items()})
    return weights('.npz')


def safetensors(model, x, path):
    from safetensors.torch import save_file
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path + '.safetensors')
    return weights('.safetensors')


def whole(model, x, path):
    torch.save(model, path + '.pt')
    return weights()


def old_whole(model, x, path):
    torch.save(model, path + '.pt', _use_new_zipfile_serialization=False)
    return weights()


def whole_checkpoint(model, x, path):
    torch.save({'model': model, 'epoch': 3}, path + '.pt')
    return weights()


def script(model, x, path):
    torch.jit.trace(model, (x,)).save(path + '.pt') if model.line and 'cell' in dir(model) else torch.jit.trace(model, x, check_trace=False).save(path + '.pt')
    return weights()


def frozen(model, x, path):
    torch.jit.freeze(torch.jit.trace(model, (x,), check_trace=False)).save(path + '.pt')
    return weights()


def exported(model, x, strict=False, shapes=None):
    return torch.export.export(model, (x,), strict=strict, dynamic_shapes=shapes)


def program(model, x, path):
    torch.export.save(exported(model, x), path + '.pt2')
    return ['--model', '.pt2']


def program_dynamic(model, x, path):
    torch.export.save(exported(model, x, True, ({0: torch.export.Dim('N')},)), path + '.pt2')
    return ['--model', '.pt2']


def onnx(model, x, path):
    torch.onnx.export(model, (x,), path + '.onnx', dynamo=False, input_names=['x'], output_names=['y'], opset_version=17,
                      dynamic_axes={'x': {0: 'N', 1: 'T'}})
    return ['--model', '.onnx']


def onnx_new(model, x, path):
    torch.onnx.export(model, (x,), path + '.onnx', dynamo=True, input_names=['x'], output_names=['y'], verbose=False)
    return ['--model', '.onnx']


def onnx_dynamic(model, x, path):
    torch.onnx.export(model, (x,), path + '.onnx', dynamo=True, input_names=['x'], output_names=['y'], verbose=False,
                      dynamic_shapes=({0: torch.export.Dim('N'), 1: torch.export.Dim('T')},))
    return ['--model', '.onnx']


FORMS = {f.__name__: f for f in (
    state_dict, old_state_dict, checkpoint, lightning, averaged, data_parallel, compiled, numpy_dict, npz, safetensors, whole, old_whole,
    whole_checkpoint, script, frozen, program, program_dynamic, onnx, onnx_new, onnx_dynamic)}


def drawn(r):
    """Old weight norms make a module whole only when it has run once; a spectral norm changes while it runs in training."""
    kind = r.choice([Chain, Chain, Chain, Cells, Wired, 'norm'])
    return (Chain(r, True) if kind == 'norm' else kind(r)).eval()


def main(folder, seed, count, *forms):
    os.makedirs(folder, exist_ok=True)
    cases, skipped = [], []
    names = list(forms or FORMS)
    for k in range(int(count)):
        r = random.Random(f'{seed}/{k}')
        torch.manual_seed(1000 * int(seed) + k)
        model = drawn(r)
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(torch.randn_like(p) * 0.6)
            for m in model.modules():
                if isinstance(m, nn.BatchNorm1d):
                    m.running_mean.copy_(torch.randn_like(m.running_mean))
                    m.running_var.copy_(torch.rand_like(m.running_var) + 0.5)
        N, T = r.randint(2, 4), r.randint(5, 8)
        x = torch.randint(0, model.tokens, (N, T)) if model.tokens else torch.randn(N, T, model.features)
        form = names[k % len(names)]
        name = f'{form}_{k}'
        path = os.path.join(folder, name)
        try:
            with torch.no_grad():
                model(x)
            model.eval()
            args = FORMS[form](model, x, path)
        except Exception as error:  # an exporter that cannot, a package that is not there
            skipped.append([name, f'{type(error).__name__} {str(error)[:160]}'])
            continue
        np.save(path + '.x.npy', x.numpy())
        with torch.no_grad():
            y = model(x)
        what = getattr(model, 'what', type(model).__name__)
        cases.append({'name': name, 'what': what, 'line': model.line, 'args': args, 'shape': list(y.shape), 'y': y.double().flatten().tolist()})
    with open(os.path.join(folder, 'cases.json'), 'w') as f:
        json.dump({'torch': torch.__version__, 'cases': cases, 'skipped': skipped}, f)


if __name__ == '__main__':
    main(*sys.argv[1:])
