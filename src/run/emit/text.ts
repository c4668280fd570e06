import { RnnError } from '../../errors.js';
import type { ScriptCall } from '../../layers/facets.js';
import { type AnyLayer, getLayerKind } from '../../layers/index.js';
import type { DimShape } from '../../layers/layer.js';
import { castText } from '../../layers/python.js';
import type { LayerShapes } from '../../model/shapes.js';
import { type FloatArray, formatShape, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import type { DrawnSource } from './drawn.js';

/** What a script in any of the three languages is made from: layers, weights, X. */
export interface ScriptSource {
  /** the library of its arrays */
  readonly lib: 'np' | 'torch' | 'keras.ops';
  readonly layers: readonly LayerShapes[];
  readonly weights: Weights;
  /** shapes of the inputs */
  readonly sizes: ReadonlyMap<string, DimShape>;
  /** the first is x */
  readonly inputs: readonly { readonly name: string; readonly x: Tensor }[];
  /** names of the network's outputs; with several, y is a list */
  readonly outputs: readonly string[];
  /** how the script draws weights and X; null: it contains the numbers */
  readonly drawn: DrawnSource | null;
  /** which steps of x are real [N, T]; absent: all */
  readonly mask?: Uint8Array;
  /** initial states of recurrent layers, by direction, then state */
  readonly initialStates?: ReadonlyMap<string, readonly Tensor[]>;
}

/** @returns E_EMIT (unsupported) */
export function cannotEmit(what: string, fix: string): RnnError {
  return new RnnError('unsupported', 'E_EMIT', `--emit does not support ${what}`, { where: '--emit', found: what, fix });
}

/** Python that decodes one array from base64 of little-endian float32. */
export function arrayText({ shape, data }: { readonly shape: readonly number[]; readonly data: FloatArray }): string {
  const floats = Float32Array.from(data);
  const bytes = Buffer.alloc(floats.length * 4);
  floats.forEach((v, k) => {
    bytes.writeFloatLE(v, k * 4);
  });
  return `array(${JSON.stringify(bytes.toString('base64'))}, ${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}

/** Puts an operand of a product in brackets if it is a sum or a product. */
export function bracketed(expression: string): string {
  return /^\w+(\([^()]*\))?$/.test(expression) ? expression : `(${expression})`;
}

/** Python functions that the expressions of the layers call. */
export function helpersOf(layers: readonly LayerShapes[], target: 'numpy' | 'torch' | 'keras'): string {
  const withInner = (layer: AnyLayer): AnyLayer[] => [layer, ...('layer' in layer ? withInner(layer.layer as AnyLayer) : [])];
  const all = layers.flatMap(({ layer }) => withInner(layer as AnyLayer));
  return [...new Set(all.map(layer => getLayerKind(layer.kind).scripts?.[target]?.helpers ?? ''))].join('\n\n');
}

/** @throws RnnError E_EMIT if something reads a further output of the layer, or the layer has initial states */
export function checkOutputs(layer: AnyLayer, { wantsOthers, states }: Given): void {
  // the second output of an attention layer, its scores, is part of its expression
  if (layer.kind === 'op' || 'scores' in layer) return;
  const what = wantsOthers ? 'further outputs' : 'initial states';
  if (wantsOthers || states) throw cannotEmit(`${what} of ${layer.kind}`, 'take --emit keras, or convert the network to .onnx');
}

/** Variable names in a script: x is the input (x1, x2 if there are several), v1 the first layer's output, v1_h one of its states. */
export function valueNames({ layers, inputs }: ScriptSource): Map<string, string> {
  return new Map([
    ...inputs.map(({ name }, i): [string, string] => [name, inputs.length === 1 ? 'x' : `x${i + 1}`]),
    ...layers.flatMap(({ layer, others }, i) => [
      [layer.name, `v${i + 1}`] as [string, string],
      ...others.map(({ suffix }): [string, string] => [`${layer.name}/${suffix}`, `v${i + 1}_${suffix.replace(/\W/g, '_')}`]),
    ]),
  ]);
}

/** `x = …` for each input. */
export function inputLines(source: ScriptSource, written: (array: string) => string): string[] {
  const names = valueNames(source);
  return source.inputs.map(({ name, x }) => `${names.get(name)} = ${castText(written(arrayText(x)), 'f32', typeOf(x), source.lib)}`);
}

function typeOf({ kind }: Tensor): ScriptCall['types'][number] {
  return kind === 'int' ? 'i64' : kind === 'bool' ? 'bool' : 'f32';
}

/** The value of y; a list if there are several outputs. */
export function outputText(source: ScriptSource, written: (value: string) => string): string {
  const values = source.outputs.map(value => written(valueNames(source).get(value)!));
  return values.length === 1 ? values[0] : `[${values.join(', ')}]`;
}

/** What a call of a layer is given beside its inputs, and whether any of its further outputs is read. */
export interface Given {
  readonly states?: readonly string[];
  readonly mask?: string;
  /** whether the padding mask of the input reaches this layer */
  readonly padded: boolean;
  readonly wantsOthers: boolean;
  /** types of the inputs; only operators have inputs that are not real numbers */
  readonly types: ScriptCall['types'];
}

/** What the expression of a layer is written from, beside its weights. */
export function callOf({ inputs: shapes, output, others }: LayerShapes, inputs: readonly string[], { types, wantsOthers }: Given) {
  return { inputs, shapes, types, output, others: others.map(other => other.shape), wantsOthers };
}

/** `v1 = …` for each layer that is read, in order; `v1, v1_h, v1_c = …` if its states are read. */
export function assignments(
  source: ScriptSource,
  layers: readonly LayerShapes[],
  text: (layer: LayerShapes, inputs: readonly string[], value: string, given: Given) => string,
): string[] {
  const names = valueNames(source);
  const padded = paddedValues(source, layers);
  const read = new Set([...layers.flatMap(({ layer }) => [...layer.inputs, ...(layer.states ?? [])]), ...source.outputs]);
  const types = new Map(source.inputs.map(({ name, x }) => [name, typeOf(x)]));
  const lines = layers.map(shapes => {
    const { layer, others } = shapes;
    const value = names.get(layer.name)!;
    const suffixed = others.map(({ suffix }) => `${layer.name}/${suffix}`);
    const wantsOthers = suffixed.some(other => read.has(other));
    const kind = getLayerKind(layer.kind);
    const takesAny = layer.kind === 'op' || layer.kind === 'embedding' || kind.movesNumbers === true;
    const own = layer.inputs.map(name => types.get(name)!);
    const inputs = layer.inputs.map((name, i) => (takesAny ? names.get(name)! : castText(names.get(name)!, own[i], 'f32', source.lib)));
    types.set(layer.name, kind.scripts?.numpy?.type?.(layer, own) ?? (kind.movesNumbers ? own[0] : 'f32'));
    for (const other of suffixed) types.set(other, layer.kind === 'op' && layer.op === 'TopK' ? 'i64' : types.get(layer.name)!);
    const given = {
      states: layer.states?.map(name => names.get(name)!) ?? source.initialStates?.get(layer.name)?.map(arrayText),
      padded: padded.has(layer.inputs[0]),
      mask: typeof layer.mask === 'string' ? names.get(layer.mask)! : undefined,
      wantsOthers,
      types: own,
    };
    const left = wantsOthers ? [value, ...suffixed.map(other => names.get(other)!)] : [value];
    return { left, line: `${left.join(', ')} = ${text(shapes, inputs, value, given)}` };
  });
  return needed(lines, source.outputs.map(output => names.get(output)!).join(' '));
}

/** Drops lines whose values are not read: sizes are written as numbers, so values that only serve to compute sizes are not needed. */
function needed(lines: readonly { readonly left: readonly string[]; readonly line: string }[], outputs: string): string[] {
  const kept: string[] = [];
  const words = new Set(outputs.split(' '));
  for (const { left, line } of [...lines].reverse()) {
    if (!left.some(name => words.has(name))) continue;
    kept.unshift(line);
    for (const word of line.match(/\bv\d+\w*/g)!) words.add(word);
  }
  return kept;
}

/** Values that carry the mask of the input. */
function paddedValues({ mask, inputs }: ScriptSource, layers: readonly LayerShapes[]): ReadonlySet<string> {
  const padded = new Set(mask ? [inputs[0].name] : []);
  for (const { layer } of layers) if (padded.has(layer.inputs[0]) && getLayerKind(layer.kind).passesMask?.(layer)) padded.add(layer.name);
  return padded;
}

/** `mask = …` [N, T], if there is padding. */
export function maskLine({ mask, inputs }: ScriptSource, written: (array: string) => string): string[] {
  if (!mask) return [];
  const shape = inputs[0].x.shape.slice(0, 2);
  return [`mask = ${written(`${arrayText({ shape, data: Float32Array.from(mask) })} > 0`)}`];
}

/** The first comment of a script: what it computes, and for which x. */
export function header(title: string, inputs: ScriptSource['inputs']): string {
  return `# ${title}\n# x ${inputs.map(({ x }) => formatShape(x.shape)).join(', ')}; weights and input are those of the run that printed this, exactly (float32)\n`;
}

/** The Python functions that the body calls, directly or through each other. */
export function helpersFor(body: string, helpers: string): string {
  const functions = helpers
    .trim()
    .split(/\n+(?=def )/)
    .map(text => ({ text, name: /^def (\w+)/.exec(text)![1] }));
  const used = new Set<string>();
  const visit = (text: string) => {
    for (const f of functions) {
      if (used.has(f.name) || !new RegExp(`(?<![\\w.])${f.name}\\b`).test(text)) continue;
      used.add(f.name);
      visit(f.text);
    }
  };
  visit(body);
  const kept = functions.filter(f => used.has(f.name)).map(f => `\n\n${f.text}\n`);
  return kept.length > 0 ? `${kept.join('')}\n` : '';
}
