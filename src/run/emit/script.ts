import { escapeText } from '../../escape.js';
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
 * @throws RnnError E_EMIT (unsupported) naming what the target has not
 */
export function emitScript(prepared: Prepared, target: EmitTarget, asked: Asked = {}): string {
  const { network, weights, input, graphInputs } = prepared;
  if (graphInputs) throw cannotEmit('a graph that is no chain of layers', 'convert it with ONNX Runtime');
  checkWiring(network.model);
  if (input.mask || input.initialStates) throw cannotEmit('padding or initial states', 'drop --lengths, --mask, --h0 and --c0');
  if (network.model.layers.some(l => l.kind === 'masking' || (l.kind === 'embedding' && l.maskZero)))
    throw cannotEmit('masking', 'leave the masking out');
  const source = {
    layers: network.shapes.layers,
    weights,
    x: input.x,
    inputName: network.model.input.name,
    output: network.model.output,
    drawn: drawnSource(prepared, target, asked),
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

/** A script is one value after the other, each from whole outputs of layers. */
function checkWiring({ otherInputs, layers, output }: Prepared['network']['model']): void {
  const merges = 'convert the network to .onnx, or take the part that reads one input';
  if (otherInputs) throw cannotEmit('several inputs', merges);
  for (const layer of layers) {
    if (layer.shares !== undefined) throw cannotEmit(`a layer that is called twice (${escapeText(layer.shares, 40)})`, merges);
    if (layer.states) throw cannotEmit(`initial states that the network computes (${escapeText(layer.name, 40)})`, merges);
    if (typeof layer.mask === 'string') throw cannotEmit(`a mask that the network computes (${escapeText(layer.name, 40)})`, merges);
  }
  const values = new Set(layers.map(layer => layer.name));
  const state = [...layers.flatMap(layer => layer.inputs), output].find(name => name.includes('/') && !values.has(name));
  const known = state !== undefined && layers.some(layer => state.startsWith(`${layer.name}/`));
  if (known) throw cannotEmit(`the state ${escapeText(state, 40)} as a value`, merges);
}
