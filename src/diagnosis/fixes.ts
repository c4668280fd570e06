import type { RecurrentSpec } from '../model/spec.js';
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

/** In the reader's language where there is such a repair. */
export function fixIn(fixes: Fix, language: keyof Fix): string {
  return fixes[language] ?? fixes.numpy ?? Object.values(fixes)[0] ?? '';
}
