import { isRecurrent, type LayerSpec, type ModelSpec } from '../../model/spec.js';
import { mistake, type Scenario, type Way } from '../mistake.js';
import { bypass } from './heads.js';

/** An omitted layer, or an omitted operand of a sum. */

/** Layers without effect, and those whose omission has a code of its own. */
const OTHERS = /dropout|^(activation|batchnorm|layernorm|embedding|masking|dense|maxpool|avgpool|last)|pool\dd$/;

/** Whether a layer joins two values (a sum, a product …): without it, one of them remains. */
const isJoined = (l: LayerSpec) => l.inputs.length === 2 && l.inputs[0] !== l.inputs[1];

function waysOf(l: LayerSpec, model: ModelSpec): Way[] {
  const { name, inputs } = l;
  const left = (change: (s: Scenario) => ModelSpec, why: string): Way => ({
    ...{ layer: name, rare: true, why },
    change: s => ({ ...s, model: change(s) }),
  });
  if (isJoined(l))
    return inputs.map((value, i) =>
      left(s => bypass(s.model, name, value), `${inputs[1 - i]} is not joined to ${value}: ${name} is left out.`),
    );
  const isInner = l.kind === 'dense' && name !== model.output;
  if (inputs.length !== 1 || (OTHERS.test(l.kind) && !isInner)) return [];
  return [left(s => bypass(s.model, name), `${name} is left out: what it reads goes to the next layer as it is.`)];
}

export const layerLeftOut = mistake('layer-left-out', 'a layer is left out', ['alone'], {
  why: 'A layer is left out, or of two values that are joined (a residual connection, positions) one is missing.',
  numpy: 'out = hs + hs2                # ← both summands',
  keras: 'x = Add()([x, h])             # ← both',
  torch: 'out = x + out                 # ← both',
  example: { layers: 'rnn:3+seq,rnn:3,dense:1', N: 2, T: 3, D: 3 },
  variants: ({ model }) => model.layers.filter(l => !(isRecurrent(l) && !l.returnSequences)).flatMap(l => waysOf(l, model)),
});
