import { RnnError } from '../errors.js';
import { showShape } from './dims.js';
import type { LayerBase, LayerKind } from './layer.js';

/** Repeats one vector per sample: [N, M] -> [N, times, M] (Keras RepeatVector). */
export interface RepeatSpec extends LayerBase {
  readonly kind: 'repeat';
  readonly times: number;
}

export const repeat: LayerKind<RepeatSpec> = {
  name: 'repeat',
  movesNumbers: true,
  grammar: { sizes: { form: 'times', example: '10', fields: ['times'] } },
  kerasClass: () => 'RepeatVector',
  keras: { classes: { RepeatVector: config => ({ times: config.n }) }, config: ({ times }) => ({ n: times }) },
  fields: { times: { type: 'size' } },

  outputShape(layer, [input]) {
    if (input.length !== 2) {
      throw new RnnError('shape', 'E_VECTOR', `needs one vector per sample (N, M) but gets ${showShape(input)}`, {
        expected: '(N, M)',
        found: showShape(input),
        fix: 'let the layer before it return only its last step, or pool over time',
      });
    }
    return [input[0], { symbol: 'R', size: layer.times }, input[1]];
  },

  nodes: ({ name, times }, { builder, inputs: [x] }) => {
    const column = builder.add('Unsqueeze', [x, builder.integers([1])], {}, `${name}/column`);
    return builder.add('Expand', [column, builder.integers([1, times, 1])], {}, name);
  },
  scripts: {
    numpy: { expression: ({ times }, { inputs: [x] }) => `np.repeat(${x}[:, None], ${times}, 1)` },
    torch: { expression: ({ times }, { inputs: [x] }) => `${x}[:, None].repeat(1, ${times}, 1)` },
  },
};
