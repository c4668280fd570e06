import { escapeText } from '../../escape.js';
import { sized } from '../../layers/operatorNumbers.js';
import { hasMask } from '../../model/masks.js';
import { inferShapes } from '../../model/shapes.js';
import { inputsOf, isRecurrent, type ModelSpec, outputsOf } from '../../model/spec.js';
import type { Prepared } from '../prepare.js';
import { type Asked, drawnSource } from './drawn.js';
import { kerasScript } from './keras.js';
import { numpyScript } from './numpy.js';
import type { EmitTarget } from './target.js';
import { cannotEmit } from './text.js';
import { torchScript } from './torch.js';

/**
 * A Python script with the same weights and input that computes the same y, up to float32 rounding. If --rng stands for a script in this
 * language, the emitted script draws weights and input from the seed as that one does.
 * @throws RnnError E_EMIT (unsupported) naming what the target lacks
 */
export function emitScript(prepared: Prepared, target: EmitTarget, asked: Asked = {}): string {
  const { network, weights, input } = prepared;
  const inputs = inputsOf(network.model).map(({ name }, i) => ({ name, x: i === 0 ? input.x : input.others!.get(name)! }));
  // the script contains its input, so every size is a number
  const sizes = new Map(inputs.map(({ name, x }) => [name, x.shape.map(sized)]));
  // a script that draws only has weights and x, layer after layer, so it must be a chain; PyTorch modules that draw know no masks
  const masked = hasMask({ model: network.model, input });
  if (target === 'keras' && masked) checkMasks(network.model);
  const isDrawn = !(input.mask || (masked && target === 'torch')) && !input.initialStates && isChain(network.model);
  const source = {
    lib: ({ numpy: 'np', torch: 'torch', keras: 'keras.ops' } as const)[target],
    layers: inferShapes(network.model, sizes).layers,
    sizes,
    weights,
    inputs,
    outputs: outputsOf(network.model).map(({ value }) => value),
    mask: input.mask,
    initialStates: input.initialStates,
    drawn: isDrawn ? drawnSource(prepared, target, asked) : null,
  };
  switch (target) {
    case 'numpy':
      return numpyScript(source);
    case 'torch':
      return torchScript(source, network);
    case 'keras':
      return kerasScript(source, network);
  }
}

/** Whether the network is a chain: one input, and each layer reads only the output of the one before. */
function isChain(model: ModelSpec): boolean {
  const { input, layers } = model;
  const follows = layers.every(({ inputs, states, mask, shares }, i) => {
    const before = i === 0 ? input.name : layers[i - 1].name;
    return inputs.length === 1 && inputs[0] === before && !states && !mask && shares === undefined;
  });
  return follows && inputsOf(model).length === 1 && outputsOf(model).every(({ value }) => value === layers.at(-1)?.name);
}

/** Keras' own layers pass masks on as before; operators do not. @throws RnnError E_EMIT */
function checkMasks({ layers }: ModelSpec): void {
  // a forward layer repeats its last state at padded steps, so the last step has it
  const repeats = ([name]: readonly string[]) => {
    const layer = layers.find(l => l.name === name);
    return layer && isRecurrent(layer) && !layer.bidirectional && !layer.goBackwards && !layer.zeroOutputForMask;
  };
  const other = layers.find(
    l => ['eachstep', 'allsteps'].includes(l.kind) || (l.kind === 'last' && !repeats(l.inputs)) || ('masks' in l && l.masks === 'all'),
  );
  if (other) throw cannotEmit(`masks as ${escapeText(other.name, 40)} takes them`, 'convert the network to .onnx');
}
