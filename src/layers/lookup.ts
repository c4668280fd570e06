import { RnnError } from '../errors.js';
import { unknownName } from '../registry.js';
import type { LayerBase, LayerContext, LayerResult, Value, WholeKind } from './layer.js';

/** Look-up of kinds by name, for layers that contain layers. Provided by index.ts, which they cannot import without a cycle. */

/** Any layer of a spec, for code that treats all kinds alike. */
export type AnyLayer = LayerBase & { readonly kind: string };
export type AnyLayerKind = WholeKind<AnyLayer>;

let names: readonly string[] = [];
let make: (name: string) => AnyLayerKind;
const made = new Map<string, AnyLayerKind>();

/** Called once, by index.ts. @param kindOf makes the kind of a name; in the packed command line, it loads what describes it */
export function provideKinds(known: readonly string[], kindOf: (name: string) => AnyLayerKind): void {
  names = known;
  make = kindOf;
}

/** The names of all kinds. */
export function layerNames(): readonly string[] {
  return names;
}

/** All kinds. What needs one should ask for it by its name: a small command would take longer to load them all than for everything else. */
export function layerKinds(): AnyLayerKind[] {
  return names.map(getLayerKind);
}

/** The kind of that name, if there is one. */
export function findLayerKind(name: string): AnyLayerKind | undefined {
  if (!made.has(name) && names.includes(name)) made.set(name, make(name));
  return made.get(name);
}

/** @throws RnnError E_UNKNOWN_LAYER_KIND */
export function getLayerKind(name: string): AnyLayerKind {
  const kind = findLayerKind(name);
  if (!kind) throw unknownName('layer kind', name, names);
  return kind;
}

/** Computes the layer's outputs. The first gets the mask of the first input if it has the same steps. @throws RnnError E_MASK */
export function layerOutputs(layer: AnyLayer, inputs: readonly Value[], context: LayerContext): LayerResult {
  const kind = getLayerKind(layer.kind);
  const [first] = inputs;
  if (first?.mask && readsMask(layer) && first.mask.length !== first.tensor.shape[0] * first.tensor.shape[1]) throw otherSteps(layer);
  const result = kind.apply(layer, inputs, context);
  return first?.mask && kind.passesMask?.(layer) ? { ...result, mask: first.mask } : result;
}

/** Whether the layer's result depends on masked steps. */
export function readsMask(layer: AnyLayer): boolean {
  if ('returnSequences' in layer || /attention$|^bidirectional$|^concatenate$/.test(layer.kind)) return true;
  return ('useMask' in layer && layer.useMask === true) || ('kerasClass' in layer && layer.kerasClass === 'Softmax');
}

/** The error for a mask over other axes than the layer's steps: that of an Embedding of [N, S, T] masks T inside each of S steps, not S. */
export function otherSteps(layer: AnyLayer): RnnError {
  return new RnnError('unsupported', 'E_MASK', `the mask that reaches ${layer.kind} is not one of its steps`, {
    where: 'mask',
    expected: 'a mask [N, T] of the steps that the layer reads',
    found: 'a mask of other axes, such as that of an embedding of [N, T, S], or of steps outside TimeDistributed',
    fix: 'leave the masking out',
  });
}
