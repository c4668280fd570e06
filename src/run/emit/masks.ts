import { escapeText } from '../../escape.js';
import { getLayerKind, readsMask } from '../../layers/index.js';
import { carriesMask } from '../../model/masks.js';
import { isRecurrent } from '../../model/spec.js';
import { cannotEmit, type ScriptSource, valueNames } from './text.js';

/** Masks in scripts that write out their loops. */
const NAMES = { numpy: 'NumPy', torch: 'PyTorch' } as const;

export type MasksReaching = ReadonlyMap<string, readonly (string | undefined)[]>;

/**
 * For each layer that a mask reaches, the Python of its inputs' masks. @throws RnnError E_EMIT if masks meet in a layer that has no rule
 * for them
 */
export function masksReaching(source: ScriptSource, target: 'numpy' | 'torch'): MasksReaching {
  const names = valueNames(source);
  const carried = new Map(source.mask ? [[source.inputs[0].name, 'mask']] : []);
  const reaching = new Map<string, readonly (string | undefined)[]>();
  for (const { layer, inputs: shapes } of source.layers) {
    const masks = layer.inputs.map(name => carried.get(name));
    const given = masks.find(mask => mask !== undefined);
    const kind = getLayerKind(layer.kind);
    const script = kind.scripts?.[target];
    const named = typeof layer.mask === 'string' ? truthOf(layer.mask, source, names) : undefined;
    const read = layer.mask === undefined ? masks : [named, ...masks.slice(1)];
    if (script?.jointMask && read.some(mask => mask !== undefined)) {
      const inputs = layer.inputs.map(name => names.get(name)!);
      const joint = script.jointMask(layer as never, read, { inputs, shapes });
      if (script.readsMasks) reaching.set(layer.name, read);
      if (joint !== undefined) carried.set(layer.name, / [|&] /.test(joint) ? `(${joint})` : joint);
      continue;
    }
    const isRead = kind.givesMask || carriesMask(layer) || readsMask(layer);
    const isJoint = (layer.inputs.length > 1 && isRead) || layer.kind === 'eachstep' || layer.kind === 'allsteps';
    // a layer at each step receives a mask only to pass it on
    const takesOne = layer.inputs.length === 1 && (isRecurrent(layer) || script?.readsMasks || layer.kind === 'dense');
    if ((named !== undefined && !takesOne) || (given !== undefined && isJoint))
      throw cannotEmit(
        `masks as ${escapeText(layer.name, 40)} takes them in ${NAMES[target]}`,
        'take --emit keras, or convert the network to .onnx',
      );
    const taken = layer.mask === null ? undefined : (named ?? given);
    if (taken !== undefined) {
      if (!isRecurrent(layer) && readsMask(layer) && !script?.readsMasks)
        throw cannotEmit(`padding before ${layer.kind} in ${NAMES[target]}`, 'take --emit keras');
      if (isRecurrent(layer) && layer.unroll && layer.bidirectional) throw cannotEmit('padding of an unrolled loop', 'take --emit keras');
      reaching.set(layer.name, [taken]);
    }
    const own = script?.mask?.(layer, names.get(layer.inputs[0])!, given);
    const after = kind.givesMask ? own : carriesMask(layer) ? (named ?? given) : undefined;
    if (after !== undefined) carried.set(layer.name, after.includes(' & ') && after !== given ? `(${after})` : after);
  }
  return reaching;
}

/** The Python of a mask; an input is written as numbers, so it is compared with 0. */
function truthOf(value: string, { inputs }: ScriptSource, names: ReadonlyMap<string, string>): string | undefined {
  const name = names.get(value);
  return inputs.some(input => input.name === value) ? `(${name} != 0)` : name;
}
