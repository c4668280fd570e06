import type { ElementwiseActivation } from '../../src/activations/activation.js';
import type { Hypothesis } from '../../src/diagnosis/hypothesis.js';
import type { Scenario } from '../../src/diagnosis/scenario.js';
import type { Format } from '../../src/formats/format.js';
import type { Operator } from '../../src/ops/operator.js';

/** What oneFile.test.ts puts into the lists: nothing here is loaded from src/ before the lists are. */
export const bentIdentity: ElementwiseActivation = {
  kind: 'elementwise',
  name: 'bent_identity',
  create: () => x => (Math.sqrt(x * x + 1) - 1) / 2 + x,
};

export const kernelRaised: Hypothesis = {
  name: 'kernel-raised',
  title: 'a tenth is added to every input weight',
  why: 'Every number of Wx is larger by 0.1.',
  fix: { numpy: 'Wx = Wx - 0.1' },
  variants: ({ model }: Scenario) =>
    model.layers
      .filter(({ kind }) => kind === 'rnn')
      .map(({ name }) => ({ code: 'kernel-raised', layer: name, change: (s: Scenario) => raised(s, name) })),
};

function raised(scenario: Scenario, layer: string): Scenario {
  const { changeWeights, mapData } = jest.requireActual('../../src/diagnosis/scenario');
  return changeWeights(scenario, layer, (key: string, t: unknown) => (key === 'Wx' ? mapData(t, (v: number) => v + 0.1) : t));
}

/** NUMS, then N, T and D as a byte each, then float32 */
export const nums: Format = {
  name: 'nums',
  extensions: ['nums'],
  sniff: source => new TextDecoder().decode(source.read(0, Math.min(4, source.size))) === 'NUMS',
  async read(source) {
    const bytes = source.read(0, source.size);
    const data = new Float32Array(bytes.slice(7).buffer);
    const tensors = new Map([['nums', { shape: [...bytes.subarray(4, 7)], data, dtype: 'f32' as const }]]);
    return { format: 'nums', tensors, metadata: new Map(), notes: [] };
  },
};

export const halved: Operator = {
  attributes: [],
  run: ({ inputs: [x] }) => [{ ...x!, data: x!.data.map((v: number) => v / 2) as Float64Array }],
};
