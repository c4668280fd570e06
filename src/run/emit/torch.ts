import { getCell, rowOf } from '../../cells/index.js';
import { torch } from '../../conventions/torch/torch.js';
import type { ScriptCall } from '../../layers/facets.js';
import { getLayerKind } from '../../layers/index.js';
import { pythonText } from '../../layers/python.js';
import { inferShapes, type LayerShapes } from '../../model/shapes.js';
import { isRecurrent, type ModelSpec, type RecurrentSpec, SPEC_SCHEMA } from '../../model/spec.js';
import type { Weights } from '../../weights/weights.js';
import { adapted } from '../convertTarget.js';
import type { Network } from '../network/network.js';
import { torchActivation } from './activations.js';
import { type DrawnSource, drawnHeader } from './drawn.js';
import { masksReaching } from './masks.js';
import {
  arrayText,
  assignments,
  callOf,
  cannotEmit,
  checkOutputs,
  type Given,
  header,
  helpersFor,
  helpersOf,
  inputLines,
  maskLine,
  outputText,
  type ScriptSource,
} from './text.js';

/** PyTorch's own modules, with the same weights. */
const PRELUDE = `import base64
import numpy as np
import torch
`;

const HELPERS = `
def array(text, *shape):
    return torch.tensor(np.frombuffer(base64.b64decode(text), "<f4").reshape(shape))


def load(module, state):
    module.load_state_dict(state)
    return module


def softmax(x):
    return torch.softmax(x, -1)


def run(module, x, sequences):
    out, h = module(x)
    h = h[0] if isinstance(h, tuple) else h
    return out if sequences else torch.cat(list(h), -1)


def run_from(module, x, sequences, *states):
    n = 2 if isinstance(module, torch.nn.LSTM) else 1
    start = tuple(torch.stack(states[i::n]) for i in range(n if states else 0))
    out, final = module(x, (start if n == 2 else start[0]) if states else None)
    final = final if n == 2 else (final,)
    y = out if sequences else torch.cat(list(final[0]), -1)
    return y, *(state[way] for way in range(len(final[0])) for state in final)


def one_way(module, way):
    own = {torch.nn.LSTM: "proj_size", torch.nn.RNN: "nonlinearity"}.get(type(module))
    options = {own: getattr(module, own)} if own else {}
    one = type(module)(module.input_size, module.hidden_size, batch_first=True, bias=module.bias, **options)
    return load(one, {k.replace("_reverse", ""): v for k, v in module.state_dict().items() if k.endswith("_reverse") == way})


def masked(module, x, mask, sequences, zeroed, *states):
    n = 2 if isinstance(module, torch.nn.LSTM) else 1
    widths = (module.proj_size or module.hidden_size, module.hidden_size)[:n]
    ys, final = [], []
    for way in (False, True)[:1 + module.bidirectional]:
        one, turned = one_way(module, way), (lambda v: v.flip(1)) if way else (lambda v: v)
        start = states[n:] if way else states[:n]
        state = tuple(s[None] for s in start) if states else tuple(torch.zeros(1, len(x), w) for w in widths)
        xs, steps, shown, out = turned(x), turned(mask), torch.zeros(()), []
        for t in range(x.shape[1]):
            y, new = one(xs[:, t:t + 1], state if n == 2 else state[0])
            m = steps[:, t, None]
            shown = torch.where(m, y[:, 0], torch.zeros(()) if zeroed else shown)
            state = tuple(torch.where(m, a, b) for a, b in zip(new if n == 2 else (new,), state))
            out.append(shown)
        ys.append(turned(torch.stack(out, 1)) if sequences else shown)
        final += [s[0] for s in state]
    return torch.cat(ys, -1), *final

`;

/** A script that computes y with PyTorch modules. @throws RnnError E_EMIT */
export function torchScript(source: ScriptSource, network: Network): string {
  const { weights, model } = adapted({ ...network, weights: source.weights }, 'torch');
  const shapes = inferShapes(model, source.sizes);
  if (source.drawn) return drawnTorchScript(source, source.drawn);
  const masks = masksReaching(source, 'torch');
  const lines = [
    ...inputLines(source, array => array),
    ...maskLine(source, array => array),
    ...assignments(source, shapes.layers, (layer, inputs, _value, given) => {
      const real = masks.get(layer.layer.name);
      if (isRecurrent(layer.layer)) return recurrentText(layer.layer, layer, inputs[0], weights, given, real?.[0]);
      checkOutputs(layer.layer, given);
      return layerText(layer, { ...callOf(layer, inputs, given), masks: real }, weights);
    }),
  ];
  const run = withoutGradients(lines, source);
  return `${header('y in PyTorch', source.inputs)}${PRELUDE}${helpersFor(run, HELPERS + helpersOf(shapes.layers, 'torch'))}\n${run}`;
}

/** Modules draw when they are constructed: all of them in order, then X. */
function drawnTorchScript(source: ScriptSource, drawn: DrawnSource): string {
  const modules: string[] = [];
  const lines = assignments(source, source.layers, (shapes, inputs, value, given) => {
    const module = value.replace('v', 'm');
    const constructed = moduleText(shapes);
    if (constructed !== null) modules.push(`${module} = ${constructed}`);
    return isRecurrent(shapes.layer)
      ? recurrentText(shapes.layer, shapes, inputs[0], { module }, given)
      : layerText(shapes, callOf(shapes, inputs, given), { module });
  });
  const run = withoutGradients(lines, source);
  const x = drawn.numpyInput ? [...drawn.x, 'x = torch.tensor(x, dtype=torch.float32)'] : drawn.x;
  const imports = `${drawn.numpyInput ? 'import numpy as np\n' : ''}import torch\n`;
  return `${drawnHeader('y in PyTorch', drawn)}${imports}${helpersFor(run, HELPERS + helpersOf(source.layers, 'torch'))}\n${[drawn.seeding, ...modules, ...x].join('\n')}\n${run}`;
}

function withoutGradients(lines: readonly string[], source: ScriptSource): string {
  const body = [...lines, `y = ${outputText(source, value => value)}`];
  const shown = source.outputs.length === 1 ? 'y.numpy()' : '[t.numpy() for t in y]';
  return `with torch.no_grad():\n${body.map(line => `    ${line}`).join('\n')}\nprint(${shown})\n`;
}

/** The constructor of a layer that draws weights; null if it has no parameters. */
function moduleText(shapes: LayerShapes): string | null {
  const { layer, inputs } = shapes;
  if (isRecurrent(layer)) return recurrentModule(layer, shapes);
  if (layer.kind === 'dense') return `torch.nn.Linear(${inputs[0].at(-1)!.size}, ${layer.units}${layer.useBias ? '' : ', bias=False'})`;
  return layer.kind === 'embedding' ? `torch.nn.Embedding(${layer.tokens}, ${layer.units})` : null;
}

/** The weights to include, or the name of the module that has drawn its own. */
type Source = Weights | { readonly module: string };

/** Initial and final states are [N, M] per direction here; the module stacks them to [directions, N, M]. */
function recurrentText(
  layer: RecurrentSpec,
  shapes: LayerShapes,
  x: string,
  from: Source,
  { states, wantsOthers }: Given,
  mask?: string,
): string {
  const module = 'module' in from ? from.module : `load(${recurrentModule(layer, shapes)}, ${stateText(layer, shapes, from)})`;
  if (mask !== undefined) {
    const [sequences, zeroed] = [layer.returnSequences, layer.zeroOutputForMask].map(pythonText);
    return `masked(${[module, x, mask, sequences, zeroed, ...(states ?? [])].join(', ')})${wantsOthers ? '' : '[0]'}`;
  }
  const call = [module, x, pythonText(layer.returnSequences), ...(states ?? [])].join(', ');
  return wantsOthers ? `run_from(${call})` : states ? `run_from(${call})[0]` : `run(${call})`;
}

function layerText({ layer }: LayerShapes, call: Omit<ScriptCall, 'activation' | 'weight'>, from: Source): string {
  const own = (name: string) => ('module' in from ? undefined : from.get(`${layer.shares ?? layer.name}/${name}`));
  const [x] = call.inputs;
  if ('module' in from && layer.kind === 'dense') return torchActivation(layer.activation, `${from.module}(${x})`);
  if ('module' in from && layer.kind === 'embedding') return `${from.module}(${x}.long())`;
  const script = getLayerKind(layer.kind).scripts?.torch;
  if (script) {
    const weight = (name: string) => (own(name) ? arrayText(own(name)!) : undefined);
    return script.expression(layer, { ...call, weight, activation: torchActivation });
  }
  throw cannotEmit(layer.kind, 'leave it out');
}

/** The state dict of one module, with the names of `torch.nn`. */
function stateText(layer: RecurrentSpec, { inputs: [input] }: LayerShapes, weights: Weights): string {
  const single = { ...layer, name: layer.shares ?? layer.name, shares: undefined, states: undefined, mask: undefined, inputs: ['input'] };
  const model: ModelSpec = {
    schema: SPEC_SCHEMA,
    name: 'layer',
    functional: false,
    input: { name: 'input', batch: null, timesteps: null, features: input[2].size },
    layers: [single],
    output: single.name,
  };
  const state = [...torch.fromWeights(inferShapes(model), weights)].map(
    ([name, t]) => `${JSON.stringify(name.replace(/^rnn\./, ''))}: ${arrayText(t)}`,
  );
  return `{${state.join(', ')}}`;
}

function recurrentModule(layer: RecurrentSpec, { inputs: [input] }: LayerShapes): string {
  const options = [
    'batch_first=True',
    ...(layer.bidirectional ? ['bidirectional=True'] : []),
    ...(layer.useBias ? [] : ['bias=False']),
    ...(layer.projection === null ? [] : [`proj_size=${layer.projection}`]),
    ...(layer.kind === 'rnn' && layer.activation === 'relu' ? ['nonlinearity="relu"'] : []),
  ];
  const op = rowOf(getCell(layer.kind), 'torch').className;
  return `torch.nn.${op}(${input[2].size}, ${layer.units}, ${options.join(', ')})`;
}
