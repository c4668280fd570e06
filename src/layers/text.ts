import { RnnError } from '../errors.js';
import { inBoth } from './facets.js';
import { checkOption } from './kerasConfig.js';
import type { LayerBase, LayerKind } from './layer.js';

/**
 * Text to token numbers (Keras TextVectorization, StringLookup). No text is read here: x must already hold the token numbers [N, T], and is
 * passed on unchanged.
 */
export interface TextSpec extends LayerBase {
  readonly kind: 'text';
  readonly kerasClass: string;
  /** T, if the layer truncates and pads every text to a fixed length */
  readonly length: number | null;
}

const CLASSES = ['TextVectorization', 'StringLookup'];

/** Options with the one value that gives token numbers [N, T]. */
const ONLY = { output_mode: ['int'], ragged: [false], sparse: [false], invert: [false] };

export const text: LayerKind<TextSpec> = {
  name: 'text',
  tokens: 'read',
  movesNumbers: true,
  reads: 'anything',
  kerasClass: layer => layer.kerasClass,
  stepwise: () => true,
  passesMask: () => true,
  fields: { kerasClass: { type: 'choice', choices: CLASSES, default: CLASSES[0] }, length: { type: 'size', default: null } },
  keras: {
    classes: Object.fromEntries(
      CLASSES.map(kerasClass => [
        kerasClass,
        config => {
          for (const [option, allowed] of Object.entries(ONLY)) checkOption(config, option, allowed);
          return { kerasClass, length: config.output_sequence_length ?? null };
        },
      ]),
    ),
    config({ kerasClass }) {
      throw new RnnError('unsupported', 'E_CONVERT_LAYER', `${kerasClass} reads text, and its vocabulary cannot be converted`, {
        expected: 'a network that begins with token numbers',
        found: kerasClass,
      });
    },
  },
  onnx: (_layer, { inputs: [x] }) => x,
  scripts: inBoth((_library, _layer, { inputs: [x] }) => x),
  apply: (_layer, [{ tensor, kind }]) => (kind === undefined ? { tensor } : { tensor, kind }),
};
