import { hasRowFunction } from '../../layers/recurrent.js';
import { changeLoop, type Fix, inLayers, inLoops, mistake, recurrentLayers, type Scenario, type Way } from '../mistake.js';

/** Mistakes with the state between samples and between units. */

const lstms = (scenario: Scenario) => recurrentLayers(scenario).filter(l => l.kind === 'lstm');
const FROM_SECOND = { needs: 'before', from: 1 } as const;

const RESET_BOTH: Fix = { numpy: 'for n in range(N):\n    h, c = np.zeros(M), np.zeros(M)     # ← both, inside the loop over samples' };

export const stateCarry = mistake('state-carry', 'the state is not reset to zero between samples', ['often'], {
  why: 'The hidden state is not reset to zero between samples: sample 2 starts with the last h of sample 1.\nSample 1 has none before it and is right: a test with one sample alone does not show it.',
  numpy:
    'for n in range(N):\n    h = np.zeros(M)          # ← inside the loop over samples\n    for t in range(T): h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)',
  keras: 'model.layers[0].reset_state()   # ← before each new sequence (Keras 2: reset_states); or stateful=False',
  torch: 'out, h_n = rnn(x[n:n+1])        # ← no state of the sample before as second argument',
  example: { layers: 'rnn:3,dense:1', N: 3, T: 2, D: 2 },
  variants(scenario) {
    const [all, some] = [recurrentLayers(scenario), lstms(scenario)];
    const ofH = (why: string) => ({ ...FROM_SECOND, why, fix: RESET_BOTH });
    const hAlone = { carry: { what: 'h', by: 'sample' } } as const;
    return [
      ...inLoops(all, { carry: { what: 'all', by: 'sample' } }, FROM_SECOND),
      ...inLoops(all, { carry: { what: 'all', by: 'step' } }, { needs: 'all', why: ONE_STATE, fix: ONE_STATE_FIX }),
      ...laggedVariants(scenario),
      ...inLoops(
        some,
        hAlone,
        ofH('Of the two states of the LSTM only c is reset to zero between samples; h continues from the sample before.'),
      ),
      ...(some.length > 0 && some.length < all.length ? inLoops(all, hAlone, { ...FROM_SECOND, why: EVERY_H }).slice(0, 1) : []),
    ];
  },
});

const ONE_STATE =
  'All samples of the batch share one hidden state: at every step each sample continues from the state of the sample before it in the batch.\nEach sample needs a row of its own in h [N, M].';
const ONE_STATE_FIX = { numpy: 'h = np.zeros((N, M))     # ← one row a sample\nfor t in range(T): h = np.tanh(x[:,t] @ Wx + h @ Wh + bh)' };
const EVERY_H = 'h of every recurrent layer continues from the sample before; only the c of the LSTM is reset to zero between samples.';

/** A state kept from batch to batch: sample n starts from the final state of sample n − B. */
function laggedVariants(scenario: Scenario): Way[] {
  const N = scenario.input.x.shape[0];
  return Array.from({ length: Math.max(0, Math.min(N - 2, MOST_LAG)) }, (_, k) => k + 2).map(lag => ({
    parameter: lag,
    needs: 'all',
    from: lag,
    change: inLayers(
      recurrentLayers(scenario).map(l => l.name),
      (s, l) => changeLoop(s, l.name, { carry: { what: 'all', by: 'sample', lag } }),
    ),
    why: `The state is kept from batch to batch: sample n starts with the last state of sample n − ${lag}, as in batches of ${lag} that are not reset (stateful=True, or h passed from batch to batch).`,
    fix: {
      numpy: 'h = np.zeros((B, M))          # ← for every batch',
      keras:
        'model.layers[0].reset_state()   # ← between batches, of every recurrent layer (Keras 2: model.reset_states); or stateful=False',
      torch: 'out, h_n = rnn(x_batch)       # ← no h_n of the batch before',
    },
  }));
}

const MOST_LAG = 8;

export const stateCarryCellOnly = mistake('state-carry-c-only', "the LSTM's c is not reset to zero between samples", [], {
  why: 'Of the two states of the LSTM only h is reset to zero between samples; the cell state c continues from the sample before.',
  numpy: 'for n in range(N):\n    h, c = np.zeros(M), np.zeros(M)     # ← both, inside the loop over samples',
  torch: 'h, c = torch.zeros(L, N, M), torch.zeros(L, N, M)   # ← both for every new sequence',
  example: { layers: 'lstm:3,dense:1', N: 3, T: 2, D: 2 },
  variants: scenario => inLoops(lstms(scenario), { carry: { what: 'c', by: 'sample' } }, FROM_SECOND),
});

export const inPlaceUpdate = mistake('in-place-update', 'h is overwritten while it is still being read', ['insideStep'], {
  why: 'h is overwritten unit by unit while it is still being read: unit m of the new h is computed from the new values of units 1 … m−1\ninstead of the h of the step before. The first unit is right in the first step only.',
  numpy:
    'h_new = np.empty(M)\nfor m in range(M): h_new[m] = np.tanh(x[n,t] @ Wx[:,m] + h @ Wh[:,m] + bh[m])\nh = h_new                   # ← only when every unit is done',
  torch: 'h_t_minus_1 = h_t.clone()   # ← a copy: h_t is written to in the next step',
  variants: scenario => {
    const layers = recurrentLayers(scenario).filter(l => l.projection === null && !hasRowFunction(l));
    // followed by pooling, a sequence of equal steps is its last step, which is pool-last
    const pooled = scenario.model.layers.some(l => l.kind === 'maxpool' || l.kind === 'avgpool' || l.kind === 'last');
    const sequences = recurrentLayers(scenario).filter(l => l.returnSequences && !pooled);
    return [
      ...inLoops(layers, { inPlace: true }),
      ...inLoops(
        sequences,
        { aliased: true },
        {
          insideStep: false,
          why: 'The list of outputs holds the same array T times: h is updated in place, so every step shows the last h.',
          fix: {
            numpy: 'outputs.append(h.copy())     # ← a copy of this step',
            torch: 'output.append(h_t[-1].clone())   # ← a copy of this step',
          },
        },
      ),
    ];
  },
});
