import { hasMask } from '../../model/masks.js';
import { changeLayer, changeLoop, inEach, inLayers, mistake, recurrentLayers, type Scenario, type Way } from '../mistake.js';
import { pools } from './heads.js';

/** Mistakes with padding: what a masked step outputs, and whether it is run. */

/** Number of real steps of each sample, if the mask is that of padding at the end. */
export function lengthsOf({ input: { x, mask } }: Scenario): number[] | undefined {
  const [N, T] = x.shape;
  if (!mask) return undefined;
  const lengths = Array.from({ length: N }, (_, n) => mask.subarray(n * T, (n + 1) * T).reduce((a, b) => a + b, 0));
  const isBehind = lengths.every((length, n) => mask.subarray(n * T, n * T + length).every(v => v === 1));
  return isBehind ? lengths : undefined;
}

export function withLengths(scenario: Scenario, lengths: readonly number[]): Scenario | undefined {
  const [N, T] = scenario.input.x.shape;
  if (lengths.length !== N) return undefined;
  const mask = Uint8Array.from({ length: N * T }, (_, k) => (k % T < lengths[Math.floor(k / T)] ? 1 : 0));
  return { ...scenario, input: { ...scenario.input, mask } };
}

/** Replaces the length of each sample. */
export function ofLengths(scenario: Scenario, length: (v: number) => number, why: string): Way[] {
  const change = (s: Scenario) => withLengths(s, (lengthsOf(s) ?? []).map(length));
  const lengths = lengthsOf(scenario);
  return lengths?.some(v => length(v) !== v)
    ? [{ change, why, fix: { numpy: 'lengths = np.array([len(s) for s in sequences])   # ← neither - 1 nor + 1' } }]
    : [];
}

function outputVariants(scenario: Scenario, zeroOutputForMask: boolean): Way[] {
  if (!hasMask(scenario)) return [];
  return inEach(
    recurrentLayers(scenario).filter(l => l.zeroOutputForMask !== zeroOutputForMask),
    (s, l) => changeLayer(s, l.name, { zeroOutputForMask }),
  );
}

/** Fix: take the last real step of each sample. */
export const LAST_OF_PACKED = 'y = fc(h_n[-1])               # ← not out[:, -1]: zeros behind the end of a short sequence';

export const maskZeros = mistake('mask-zeros', 'masked steps output zeros', ['often'], {
  why: 'Masked steps output zeros; in the network they repeat the last output. PyTorch (packed sequences) and ONNX give zeros, Keras repeats unless zero_output_for_mask is set.',
  keras: 'SimpleRNN(M, return_sequences=True, zero_output_for_mask=False)',
  numpy: 'hs[n, t] = h                  # ← h as it was, where step t is masked',
  torch: LAST_OF_PACKED,
  example: { layers: 'rnn:2+seq,dense:1', N: 2, T: 3, D: 2, lengths: [3, 2] },
  variants: scenario => outputVariants(scenario, true),
});

export const maskHold = mistake('mask-hold', 'masked steps repeat the last output', [], {
  why: 'Masked steps repeat the last output; in the network they output zeros. Keras repeats, PyTorch (packed sequences) and ONNX give zeros.',
  keras: 'SimpleRNN(M, return_sequences=True, zero_output_for_mask=True)',
  numpy: 'hs[n, t] = 0                  # ← where step t is masked',
  torch: 'out, lengths = pad_packed_sequence(packed_out, batch_first=True)   # zeros behind the end of each sequence',
  example: { layers: 'rnn:2+seq,dense:1', N: 2, T: 3, D: 2, lengths: [3, 2], framework: 'torch' },
  variants: scenario => outputVariants(scenario, false),
});

export const maskIgnored = mistake('mask-ignored', 'padding is run like real steps', [], {
  why: 'The mask is ignored: padded steps are run like real ones, so the state goes on changing after the end of a short sequence.',
  keras: 'model.add(Masking())          # ← before the recurrent layer; or mask=… in the call',
  torch: 'packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)',
  numpy: 'if mask[n, t]: h = np.tanh(x[n,t] @ Wx + h @ Wh + bh)   # ← a masked step keeps h',
  example: { layers: 'rnn:2,dense:1', N: 2, T: 3, D: 2, lengths: [3, 2] },
  variants(scenario) {
    if (!hasMask(scenario)) return [];
    const layers = recurrentLayers(scenario);
    const T = scenario.input.x.shape[1];
    return [
      { change: s => ({ ...s, masks: false }) },
      ...ofLengths(scenario, v => Math.min(T, v + 1), 'Every length is one too large: each short sequence runs one step into its padding.'),
      ...(layers.length > 1 ? layers : []).map(
        (l): Way => ({
          layer: l.name,
          change: inLayers([l.name], s => changeLoop(s, l.name, { unmasked: [0, 1] })),
          why: `${l.name} does not see the mask: it runs padded steps like real ones; the other layers stop.`,
        }),
      ),
      ...pools(scenario)
        .filter(l => l.kind === 'avgpool' && l.useMask)
        .map(
          (l): Way => ({
            layer: l.name,
            change: inLayers([l.name], s => changeLayer(s, l.name, { useMask: false })),
            why: `${l.name} takes the mean over all steps, padded ones too; Keras’ GlobalAveragePooling1D takes it over the real ones.`,
            fix: { numpy: 'y = (hs * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)   # ← not hs.mean(1)' },
          }),
        ),
    ];
  },
});
