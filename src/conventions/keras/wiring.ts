import { RnnError } from '../../errors.js';
import { escapeText, plural } from '../../escape.js';
import type { Json } from '../../layers/kerasConfig.js';
import { withName } from './models.js';

/**
 * A Keras model's wiring as a flat list of layer calls: a layer called twice shares its weights, a nested model is inlined with its name as a prefix
 * (`encoder/lstm`), and states and masks that are passed as arguments are values like any other.
 */
export interface Wired {
  readonly inputs: Json[];
  readonly layers: Json[];
  /** {name, value} */
  readonly outputs: Json[];
  /** values of every call of the model's own layers, by `layer|call` */
  readonly calls: Known;
}

/** Collects errors about layers that cannot be run, instead of throwing them. Such a layer has the kind UNKNOWN and the shapes recorded in the file. */
export interface Blocked {
  readonly errors: RnnError[];
  /** by value */
  readonly shapes: Map<string, readonly unknown[]>;
}

/** Kind of a layer of which only the class is known. */
export const UNKNOWN = 'unknown';

/** The state of collecting calls. */
export interface Wiring {
  readonly layers: Json[];
  readonly blocked?: Blocked;
}

/** The place of a model in the whole: the prefix of its layers' names, that for its first call, and its group in weight files. */
export interface Place {
  readonly prefix: string;
  readonly first: string;
  readonly group: string;
}

/** Values by `layer|call`; a layer's further outputs as far as they exist. */
export type Known = Map<string, readonly string[]>;

/** Returns the value of a tensor in the file. @throws RnnError E_KERAS_OPTION for an output that is not supported */
export function valueAt(known: Known, [layer, call, output]: readonly [string, number, number]): string {
  const values = known.get(`${layer}|${call}`) ?? [];
  if (values[output] !== undefined) return values[output];
  throw new RnnError(
    'unsupported',
    'E_KERAS_OPTION',
    `output ${output} of ${escapeText(layer, 60)} is read, which has ${plural(values.length, 'output')}`,
    {
      where: escapeText(layer, 60),
      expected: 'an output of the layer, or with return_state=True one of its states',
      found: `output ${output}`,
    },
  );
}

/** Runs `body`; if it fails while errors are collected, records the error and returns undefined. */
export function collectingErrors<T>({ blocked }: Wiring, layer: Json, body: () => T): T | undefined {
  try {
    return blocked ? withName(layer, body) : body();
  } catch (error) {
    if (!blocked || !(error instanceof RnnError)) throw error;
    blocked.errors.push(error);
    return undefined;
  }
}

/** The second call of a layer is called `lstm#2`. */
export function callSuffix(call: number): string {
  return call === 0 ? '' : `#${call + 1}`;
}
