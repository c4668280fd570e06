import * as all from './all.js';
import { NO_COST } from './dims.js';
import type { WholeKind } from './layer.js';
import { type AnyLayer, type AnyLayerKind, provideKinds } from './lookup.js';
import { computed } from './nodes.js';
import { recurrentKinds } from './recurrent.js';

export {
  type AnyLayer,
  type AnyLayerKind,
  findLayerKind,
  getLayerKind,
  layerKinds,
  layerNames,
  layerOutputs,
  otherSteps,
  readsMask,
} from './lookup.js';

// the kinds of all.ts, and one for each cell
const described: Readonly<Record<string, unknown>> = all;
provideKinds([...Object.keys(all), ...Object.keys(recurrentKinds)], name => complete(recurrentKinds[name] ?? described[name]));

/** Adds the defaults of a kind. The kind becomes the prototype instead of being copied, because the packed command line loads its parts on first use. */
function complete(described: unknown): AnyLayerKind {
  const kind = described as WholeKind<AnyLayer>;
  const usual: Partial<AnyLayerKind> = { weightShapes: () => [], outputShape: (_layer, [input]) => input, cost: () => NO_COST };
  const ofNodes: Partial<AnyLayerKind> = {
    apply: (layer, inputs, context) => computed(kind.nodes!, layer, inputs, context),
    onnx: (layer, call) => kind.nodes!(layer, call),
  };
  if ('nodes' in kind) Object.assign(usual, ofNodes);
  return Object.assign(Object.create(kind as object), Object.fromEntries(Object.entries(usual).filter(([key]) => !(key in kind))));
}
