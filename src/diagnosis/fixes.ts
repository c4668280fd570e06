import { formatActivation } from '../activations/index.js';
import { isRecurrent, type LayerSpec, type RecurrentSpec } from '../model/spec.js';
import type { Fix } from './hypothesis.js';

/**
 * Repairs are written for the simple recurrence. Here they become those of the reader's own cell: its step, its states, its layer. `z` and `a`, `u`
 * are the sums of all gates, what is made of them is a function of the reader's.
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

/** out[:, -1] holds one step of the backward direction: the last states of both are in h_n. What is said not to do stays. */
function lastOfBoth({ bidirectional, returnSequences }: Layer, torch: string): string {
  if (bidirectional === null || returnSequences) return torch;
  const both = 'torch.cat([h_n[-2], h_n[-1]], -1)';
  return torch.replace(/^[^#\n]*/gm, code => code.replaceAll('out[:, -1]', both).replaceAll('fc(h_n[-1])', `fc(${both})`));
}

function statesOf(code: string, two: boolean): string {
  return two ? code.replace(/\bh = (np\.zeros\(.*?\)\)?)(?= |\n|$)/g, 'h, c = $1, $1') : code;
}

/** What the dense layer reads of [N, T, M], by what stands between it and the last recurrent layer; `h` where a loop over the steps does it. */
const TAKEN: Readonly<Record<string, { readonly numpy: string; readonly torch: string; readonly loop?: true }>> = {
  every: { numpy: 'hs', torch: 'out', loop: true },
  maxpool: { numpy: 'hs.max(axis=1)', torch: 'out.max(dim=1).values' },
  avgpool: { numpy: 'hs.mean(axis=1)', torch: 'out.mean(dim=1)' },
  flatten: { numpy: 'hs.reshape(N, -1)', torch: 'out.flatten(1)' },
};

/** What follows the dense layer. */
const BEHIND: Readonly<Record<string, { readonly numpy: string; readonly torch: string }>> = {
  softmax: { numpy: 'softmax(@)', torch: 'torch.softmax(@, dim=-1)' },
  sigmoid: { numpy: '1 / (1 + np.exp(-(@)))', torch: 'torch.sigmoid(@)' },
  tanh: { numpy: 'np.tanh(@)', torch: 'torch.tanh(@)' },
  relu: { numpy: 'np.maximum(0, @)', torch: 'torch.relu(@)' },
};

/**
 * Repairs of the dense layer are written for one without an activation on the last step. Here they read and end as the network's own does; what
 * a comment says not to do stays.
 */
export function inHead(fix: Fix, layers: readonly LayerSpec[], head: LayerSpec | undefined): Fix {
  const taken = TAKEN[takenOf(layers, head)];
  const behind = head?.kind === 'dense' ? BEHIND[formatActivation(head.activation)] : undefined;
  const code = (text: string, change: (code: string) => string) => text.replace(/^[^#\n]*/gm, change);
  const numpy = (line: string) => {
    const every = (h: string, layer: string, sample: string) => (h === 'h' ? h : `hs${layer}${sample === 'n' ? '[n]' : ''}`);
    // a loop over the samples has the h of one
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

/** The one layer between them, or 'every' where there is none and the last recurrent layer gives every step. */
function takenOf(layers: readonly LayerSpec[], head: LayerSpec | undefined): string {
  const last = layers.findLastIndex(isRecurrent);
  const below = layers.filter((l, i) => i > last && l !== head && l.kind !== 'dropout');
  const [only] = below;
  const cell = layers[last];
  if (!head || !cell || !isRecurrent(cell) || !cell.returnSequences || below.length > 1) return '';
  return only?.kind ?? 'every';
}

/** In the reader's language where there is such a repair. */
export function fixIn(fixes: Fix, language: keyof Fix): string {
  return fixes[language] ?? fixes.numpy ?? Object.values(fixes)[0] ?? '';
}
