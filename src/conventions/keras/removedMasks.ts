import { type Json, list } from '../../layers/kerasConfig.js';

/**
 * MultiHeadAttention of Keras 3 removes the masks from the tensors it reads: any layer that runs after it and reads them sees no mask, unless it is
 * passed as an argument. So the second block of a Transformer has no mask. Keras' own order of calls decides what runs after it.
 */
export interface OrderedCall {
  /** 'layer|call' */
  readonly key: string;
  readonly layer: string;
  /** keys of the calls it reads, in the order of its arguments */
  readonly reads: readonly string[];
}

/** Changes the layers of the calls, by the value each gives. @param outputs keys of the calls that the model's outputs are */
export function removeReadMasks(
  layers: Json[],
  calls: readonly OrderedCall[],
  outputs: readonly string[],
  valueGiven: (key: string) => string | undefined,
): void {
  if (!hasMasks(layers) || layers.filter(l => l.kind === 'multiheadattention').length < 2) return;
  const byName = new Map(layers.map(l => [String(l.name), l]));
  const taken = new Set<string>();
  for (const { key } of inKerasOrder(calls, outputs)) {
    const layer = byName.get(valueGiven(key) ?? '');
    if (!layer) continue;
    const inputs = list(layer.inputs).map(String);
    layer.inputs = inputs.map(value => (taken.has(sameTensor(value, byName)) ? bare(value, layers) : value));
    if (layer.kind === 'multiheadattention' && layer.keyHeads === undefined)
      for (const value of inputs) taken.add(sameTensor(value, byName));
  }
}

/** Whether a layer computes a mask from its input. */
export function hasMasks(layers: readonly Json[]): boolean {
  return layers.some(l => l.kind === 'masking' || (l.kind === 'embedding' && l.maskZero === true));
}

/** Layers without effect at inference return their input tensor itself. */
function sameTensor(value: string, byName: ReadonlyMap<string, Json>): string {
  const layer = byName.get(value);
  return layer?.kind === 'dropout' ? sameTensor(String(list(layer.inputs)[0]), byName) : value;
}

/** Adds a value without the mask. @returns its name */
function bare(value: string, layers: Json[]): string {
  const name = `${value} without mask`;
  if (!layers.some(l => l.name === name)) {
    const at = layers.findIndex(l => value === l.name || value.startsWith(`${l.name}/`));
    layers.splice(at + 1, 0, { kind: 'op', name, op: 'Identity', inputs: [value] });
  }
  return name;
}

/** Sorts calls as Keras does: by depth (number of calls to an output), the deepest first; within a depth in the post-order of a walk back from the outputs. */
function inKerasOrder(calls: readonly OrderedCall[], outputs: readonly string[]): OrderedCall[] {
  const byKey = new Map(calls.map(call => [call.key, call]));
  const finished = new Set<OrderedCall>();
  const visit = (key: string): void => {
    const call = byKey.get(key);
    if (!call || finished.has(call)) return;
    for (const read of call.reads) visit(read);
    finished.add(call);
  };
  for (const key of outputs) visit(key);
  const depths = new Map<OrderedCall, number>();
  const ofLayer = new Map<string, number>();
  for (const call of [...finished].reverse()) {
    const depth = Math.max(depths.get(call) ?? 0, ofLayer.get(call.layer) ?? 0);
    ofLayer.set(call.layer, depth);
    depths.set(call, depth);
    for (const read of call.reads) {
      const parent = byKey.get(read);
      if (parent) depths.set(parent, Math.max(depth + 1, depths.get(parent) ?? 0));
    }
  }
  return [...depths].sort((a, b) => b[1] - a[1]).map(([call]) => call);
}
