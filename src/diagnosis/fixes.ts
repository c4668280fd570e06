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

export function inCell(fix: Fix, kind: Kind | undefined): Fix {
  if (kind === undefined || !LAYERS[kind]) return fix;
  const step = STEPS[kind];
  const twoStates = kind === 'lstm';
  const { numpy, keras, torch } = fix;
  return {
    ...(numpy && { numpy: statesOf(step ? numpy.replace(STEP, step) : numpy, twoStates) }),
    ...(keras && { keras: keras.replace(/\b(SimpleRNN|LSTM)\(/g, `${LAYERS[kind]}(`) }),
    ...(torch && {
      torch: (twoStates ? torch.replace('out, h_n = ', 'out, (h_n, c_n) = ') : torch)
        .replace(/\bnn\.RNN\(/g, `nn.${MODULES[kind]}(`)
        .replace(kind === 'rnn' ? '' : ", nonlinearity='tanh'", ''),
    }),
  };
}

function statesOf(code: string, two: boolean): string {
  return two ? code.replace(/\bh = (np\.zeros\(.*?\)\)?)(?= |\n|$)/g, 'h, c = $1, $1') : code;
}

/** In the reader's language where there is such a repair. */
export function fixIn(fixes: Fix, language: keyof Fix): string {
  return fixes[language] ?? fixes.numpy ?? Object.values(fixes)[0] ?? '';
}
