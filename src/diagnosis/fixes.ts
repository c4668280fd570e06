import { formatActivation } from '../activations/index.js';
import { isRecurrent, type LayerSpec, type RecurrentSpec } from '../model/spec.js';
import type { Fix } from './hypothesis.js';

/**
 * Fixes are written for a simple RNN. Here they are adapted to the reader's own cell: its step, its states, its layer. `z` and `a`, `u` are
 * the sums of all gates, to which a function of the reader's code applies the equations.
 */
type Kind = RecurrentSpec['kind'];

const STEP = /h = np\.tanh\((x\[[^\]]*\]) @ Wx \+ h @ Wh \+ bh\)/g;
const STEPS: Partial<Record<Kind, string>> = {
  lstm: 'z = $1 @ Wx + h @ Wh + bh; h, c = gates(z, c)',
  gru: 'a = $1 @ Wx + b; u = h @ Wh + b2; h = gates(a, u, h)',
};
const LAYERS: Partial<Record<Kind, string>> = { rnn: 'SimpleRNN', lstm: 'LSTM', gru: 'GRU' };
const MODULES: Partial<Record<Kind, string>> = { rnn: 'RNN', lstm: 'LSTM', gru: 'GRU' };

type Layer = Pick<RecurrentSpec, 'kind' | 'bidirectional' | 'returnSequences'>;

export function inCell(fix: Fix, layer: Layer | undefined): Fix {
  if (layer === undefined || !LAYERS[layer.kind]) return fix;
  const { kind } = layer;
  const step = STEPS[kind];
  const twoStates = kind === 'lstm';
  const { numpy, keras, torch } = fix;
  return {
    ...(numpy && { numpy: statesOf(step ? numpy.replace(STEP, step) : numpy, twoStates) }),
    ...(keras && { keras: bothWays(layer, keras.replace(/\b(SimpleRNN|LSTM)\(/g, `${LAYERS[kind]}(`)) }),
    ...(torch && {
      torch: lastOfBoth(layer, twoStates ? torch.replace('out, h_n = ', 'out, (h_n, c_n) = ') : torch)
        .replace(/\bnn\.RNN\(/g, `nn.${MODULES[kind]}(`)
        .replace(kind === 'rnn' ? '' : ", nonlinearity='tanh'", ''),
    }),
  };
}

function bothWays({ bidirectional }: Layer, keras: string): string {
  if (bidirectional === null || /Bidirectional|return_state|Cell\(/.test(keras)) return keras;
  return keras.replace(/\b(?:SimpleRNN|LSTM|GRU)\([^()]*\)/g, 'Bidirectional($&)');
}

/**
 * For two directions, out[:, -1] only has one step of the backward direction, so it is replaced by the last states in h_n. Comments, which
 * say what not to do, are kept.
 */
function lastOfBoth({ bidirectional, returnSequences }: Layer, torch: string): string {
  if (bidirectional === null || returnSequences) return torch;
  const both = 'torch.cat([h_n[-2], h_n[-1]], -1)';
  return torch.replace(/^[^#\n]*/gm, code => code.replaceAll('out[:, -1]', both).replaceAll('fc(h_n[-1])', `fc(${both})`));
}

function statesOf(code: string, two: boolean): string {
  return two ? code.replace(/\bh = (np\.zeros\(.*?\)\)?)(?= |\n|$)/g, 'h, c = $1, $1') : code;
}

/**
 * Code for what the dense layer reads from [N, T, M], by the layer between it and the last recurrent layer; `loop`: a loop over the steps
 * reads `h`.
 */
const HEAD_INPUTS: Readonly<Record<string, { readonly numpy: string; readonly torch: string; readonly loop?: true }>> = {
  every: { numpy: 'hs', torch: 'out', loop: true },
  maxpool: { numpy: 'hs.max(axis=1)', torch: 'out.max(dim=1).values' },
  avgpool: { numpy: 'hs.mean(axis=1)', torch: 'out.mean(dim=1)' },
  flatten: { numpy: 'hs.reshape(N, -1)', torch: 'out.flatten(1)' },
};

/** Code for the dense layer's activation; @ is replaced by its sum. */
const HEAD_ACTIVATIONS: Readonly<Record<string, { readonly numpy: string; readonly torch: string }>> = {
  softmax: { numpy: 'softmax(@)', torch: 'torch.softmax(@, dim=-1)' },
  sigmoid: { numpy: '1 / (1 + np.exp(-(@)))', torch: 'torch.sigmoid(@)' },
  tanh: { numpy: 'np.tanh(@)', torch: 'torch.tanh(@)' },
  relu: { numpy: 'np.maximum(0, @)', torch: 'torch.relu(@)' },
};

/**
 * Fixes of the dense layer are written for one without an activation, on the last step. Here they are adapted to the input and activation
 * of the network's own. Comments, which say what not to do, are kept.
 */
export function inHead(fix: Fix, layers: readonly LayerSpec[], head: LayerSpec | undefined): Fix {
  const taken = HEAD_INPUTS[headInputOf(layers, head)];
  const behind = head?.kind === 'dense' ? HEAD_ACTIVATIONS[formatActivation(head.activation)] : undefined;
  const code = (text: string, change: (code: string) => string) => text.replace(/^[^#\n]*/gm, change);
  const numpy = (line: string) => {
    const every = (h: string, layer: string, sample: string) => (h === 'h' ? h : `hs${layer}${sample === 'n' ? '[n]' : ''}`);
    // a loop over the samples has a single h
    const isOfOne = taken?.loop === undefined && line.includes('[n]');
    const read =
      !taken || isOfOne
        ? line
        : line.replace(/\b(?:h|hs(\d?)\[(n|:), -1\])(?= @ Wo \+ bo)/g, (h, layer, sample) =>
            taken.loop ? every(h, layer, sample) : taken.numpy,
          );
    return behind ? read.replace(/(?<== )hs?\d?(?:\[[^\]]*\]|\.\w+\([^)]*\))? @ Wo \+ bo/g, sum => behind.numpy.replace('@', sum)) : read;
  };
  const torch = (line: string) => {
    const last = taken?.loop ? /\bfc\((?:out\[:, -1\]|h_n\[-1\])\)/g : /\bfc\((?:out\[:, -1\]|h_n\[-1\]|h)\)/g;
    const read = taken ? line.replace(last, `fc(${taken.torch})`) : line;
    return behind ? read.replace(/(?<== )fc\([^#\n]*\)(?=\s*$)/g, call => behind.torch.replace('@', call)) : read;
  };
  return { ...fix, ...(fix.numpy && { numpy: code(fix.numpy, numpy) }), ...(fix.torch && { torch: code(fix.torch, torch) }) };
}

/**
 * The kind of the only layer between the last recurrent layer and the head; 'every' if there is none and the recurrent layer returns all
 * steps.
 */
function headInputOf(layers: readonly LayerSpec[], head: LayerSpec | undefined): string {
  const last = layers.findLastIndex(isRecurrent);
  const below = layers.filter((l, i) => i > last && l !== head && l.kind !== 'dropout');
  const [only] = below;
  const cell = layers[last];
  if (!head || !cell || !isRecurrent(cell) || !cell.returnSequences || below.length > 1) return '';
  return only?.kind ?? 'every';
}

/** The fix in the reader's language if there is one, else in another. */
export function fixIn(fixes: Fix, language: keyof Fix): string {
  return fixes[language] ?? fixes.numpy ?? Object.values(fixes)[0] ?? '';
}
