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
 * A Python script with the same weights and input that computes the same y, up to the rounding of float32. Where the run is one of
 * the scripts that --rng stands for and the language is its own, that script, which draws them from the seed.
 * @throws RnnError E_EMIT (unsupported) naming what the target lacks
 */
export function emitScript(prepared: Prepared, target: EmitTarget, asked: Asked = {}): string {
  const { network, weights, input } = prepared;
  const inputs = inputsOf(network.model).map(({ name }, i) => ({ name, x: i === 0 ? input.x : input.others!.get(name)! }));
  // the script holds its input: every size is a number
  const sizes = new Map(inputs.map(({ name, x }) => [name, x.shape.map(sized)]));
  // a script of seeds draws the weights and x alone, layer after layer; modules of PyTorch that draw know no masks
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

/** Whether it is a chain: one input, and every layer reads the output of the one before it and nothing else. */
function isChain(model: ModelSpec): boolean {
  const { input, layers } = model;
  const follows = layers.every(({ inputs, states, mask, shares }, i) => {
    const before = i === 0 ? input.name : layers[i - 1].name;
    return inputs.length === 1 && inputs[0] === before && !states && !mask && shares === undefined;
  });
  return follows && inputsOf(model).length === 1 && outputsOf(model).every(({ value }) => value === layers.at(-1)?.name);
}

/** Keras' own layers hand masks on as they did; what is written as operators does not. @throws RnnError E_EMIT */
function checkMasks({ layers }: ModelSpec): void {
  // behind padding a layer that reads forwards repeats its last state: the last step has it
  const repeats = ([name]: readonly string[]) => {
    const layer = layers.find(l => l.name === name);
    return layer && isRecurrent(layer) && !layer.bidirectional && !layer.goBackwards && !layer.zeroOutputForMask;
  };
  const other = layers.find(
    l => ['eachstep', 'allsteps'].includes(l.kind) || (l.kind === 'last' && !repeats(l.inputs)) || ('masks' in l && l.masks === 'all'),
  );
  if (other) throw cannotEmit(`masks as ${escapeText(other.name, 40)} takes them`, 'convert the network to .onnx');
}
