import { RnnError } from '../../errors.js';
import { getLayerKind } from '../../layers/index.js';
import type { DimShape } from '../../layers/layer.js';
import type { LayerShapes, ModelShapes } from '../../model/shapes.js';

/** The shape of each value in Keras' symbolic call, by name: this is what a summary shows, and not always the shape of y. */
export type Symbolic = ReadonlyMap<string, DimShape>;

export function symbolicShapes({ layers, values }: ModelShapes): Symbolic {
  const symbolic = new Map(values);
  for (const shapes of layers) {
    const inputs = shapes.layer.inputs.map(name => symbolic.get(name)!);
    outputsOf(shapes, inputs).forEach((shape, i) => {
      symbolic.set(i === 0 ? shapes.layer.name : `${shapes.layer.name}/${shapes.others[i - 1].suffix}`, shape);
    });
  }
  return symbolic;
}

function outputsOf(shapes: LayerShapes, inputs: readonly DimShape[]): readonly DimShape[] {
  const { layer, output, others, symbols } = shapes;
  const kind = getLayerKind(layer.kind);
  const own = [output, ...others.map(o => o.shape)];
  const isOwn = inputs.every((shape, i) => shape === shapes.inputs[i]);
  const outputs = isOwn
    ? own
    : (computed(() => [
        kind.outputShape(layer, inputs, symbols),
        ...(kind.otherOutputs?.(layer, inputs, symbols) ?? []).map(o => o.shape),
      ]) ?? own);
  if (ELEMENTWISE.has(layer.kind)) return [batchOfMerge(outputs[0], inputs)];
  return (kind.keras?.shownShapes?.(layer, outputs, inputs) ?? outputs).slice(0, outputs.length);
}

const ELEMENTWISE: ReadonlySet<string> = new Set(['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum']);

/** The batch size after a merge: a constant such as a position table [1, T, D] fixes it, here to 1. */
function batchOfMerge([N, ...rest]: DimShape, inputs: readonly DimShape[]): DimShape {
  const [size = null, ...others] = new Set(inputs.map(([batch]) => batch?.size ?? null).filter(n => n !== null));
  return [{ ...N, size: others.length > 0 ? null : size }, ...rest];
}

/** Undefined if the layer does not accept such an input; Keras would not run it either. */
function computed<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof RnnError) return undefined;
    throw error;
  }
}
