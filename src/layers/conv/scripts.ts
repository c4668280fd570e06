import { channelsLast } from '../channels.js';
import type { Script, ScriptFacet } from '../facets.js';
import { pythonText } from '../python.js';
import { NUMPY_WINDOWS, TORCH_PADDING } from '../window/scripts.js';
import type { ConvSpec } from './spec.js';

const NUMPY = `${NUMPY_WINDOWS}

def conv(x, W, b, strides, dilation, padding, groups):
    x = windows(x, W.shape[:-2], strides, dilation, padding)
    parts = zip(np.split(x, groups, -1), np.split(W, groups, -1))
    return np.concatenate([np.tensordot(X, w, w.ndim - 1) for X, w in parts], -1) + b
`;

const TORCH = `${TORCH_PADDING}

def conv(x, W, b, strides, dilation, padding, groups):
    x = padded(x.movedim(-1, 1), W.shape[:-2], strides, dilation, padding)
    W = W.movedim(-1, 0).movedim(-1, 1)
    run = getattr(torch.nn.functional, f"conv{W.ndim - 2}d")
    return run(x, W, b, strides, 0, dilation, groups).movedim(1, -1)
`;

/** @param move of an axis @param none a bias that is not there */
function written(move: string, none: string): Script<ConvSpec>['expression'] {
  return (layer, { inputs: [input], weight, activation }) => {
    const options = [layer.strides, layer.dilation, layer.padding, layer.groups].map(pythonText).join(', ');
    const y = channelsLast(layer, move, input, x => `conv(${x}, ${weight('W')}, ${weight('b') ?? none}, ${options})`);
    return activation(layer.activation, y);
  };
}

export const scripts: ScriptFacet<ConvSpec> = {
  numpy: { helpers: NUMPY, expression: written('np.moveaxis', '0') },
  torch: { helpers: TORCH, expression: written('torch.movedim', 'None') },
};
