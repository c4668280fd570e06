import type { ActivationSpec } from '../../activations/activation.js';
import { formatActivation, getActivation } from '../../activations/index.js';
import { RnnError } from '../../errors.js';
import { type AnyLayer, getLayerKind } from '../../layers/index.js';
import type { LayerShapes } from '../../model/shapes.js';
import { type FloatArray, formatShape, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import type { DrawnSource } from './drawn.js';

/** What a script, in any of the three languages, is written from: the layers, their weights, X. */
export interface ScriptSource {
  readonly layers: readonly LayerShapes[];
  readonly weights: Weights;
  readonly x: Tensor;
  readonly inputName: string;
  readonly output: string;
  /** how the script draws weights and X itself; null: it carries the numbers */
  readonly drawn: DrawnSource | null;
}

export function cannotEmit(what: string, fix: string): RnnError {
  return new RnnError('unsupported', 'E_EMIT', `a script with ${what} is not written`, { where: '--emit', found: what, fix });
}

/** Python that decodes one array: float32, little-endian, base64. */
export function arrayText({ shape, data }: { readonly shape: readonly number[]; readonly data: FloatArray }): string {
  const floats = Float32Array.from(data);
  const bytes = Buffer.alloc(floats.length * 4);
  floats.forEach((v, k) => {
    bytes.writeFloatLE(v, k * 4);
  });
  return `array(${JSON.stringify(bytes.toString('base64'))}, ${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}

/** The name an activation has in a table of Python expressions. @throws RnnError E_EMIT */
export function activationText(spec: ActivationSpec, table: Readonly<Record<string, string>>, target: string): string {
  const { activation, parameters } = getActivation(spec);
  const plain = Object.entries(parameters).every(([key, v]) => v === activation.parameters?.[key]);
  if (plain && Object.hasOwn(table, activation.name)) return table[activation.name];
  throw cannotEmit(`${formatActivation(spec)} in ${target}`, `use one of: ${Object.keys(table).join(', ')}`);
}

/** The activation of an expression; the expression itself where there is none. @throws RnnError E_EMIT */
export function calledText(spec: ActivationSpec, table: Readonly<Record<string, string>>, target: string, x: string): string {
  return getActivation(spec).activation.name === 'linear' ? x : `${activationText(spec, table, target)}(${x})`;
}

/** Functions that the layers' own expressions call. */
export function helpersOf(layers: readonly LayerShapes[], target: 'numpy' | 'torch'): string {
  const withInner = (layer: AnyLayer): AnyLayer[] => [layer, ...('layer' in layer ? withInner(layer.layer as AnyLayer) : [])];
  const all = layers.flatMap(({ layer }) => withInner(layer as AnyLayer));
  return [...new Set(all.map(layer => getLayerKind(layer.kind).scripts?.[target]?.helpers ?? ''))].join('\n\n');
}

/** Names of values in a script: x is the input, v1 the first layer's output. */
export function valueNames({ layers, inputName }: ScriptSource): Map<string, string> {
  return new Map([[inputName, 'x'], ...layers.map((l, i): [string, string] => [l.layer.name, `v${i + 1}`])]);
}

/** `v1 = …` for every layer, in order. */
export function assignments(
  source: ScriptSource,
  layers: readonly LayerShapes[],
  text: (layer: LayerShapes, inputs: readonly string[], value: string) => string,
): string[] {
  const names = valueNames(source);
  return layers.map(shapes => {
    const value = names.get(shapes.layer.name)!;
    const inputs = shapes.layer.inputs.map(name => names.get(name)!);
    return `${value} = ${text(shapes, inputs, value)}`;
  });
}

export function header(title: string, x: Tensor): string {
  return `# ${title}\n# x ${formatShape(x.shape)}; weights and input are those of the run that printed this, exactly (float32)\n`;
}

/** Of a text of Python functions those that the body calls, and those that these call. */
export function helpersFor(body: string, helpers: string): string {
  const functions = helpers
    .trim()
    .split(/\n+(?=def )/)
    .map(text => ({ text, name: /^def (\w+)/.exec(text)![1] }));
  const used = new Set<string>();
  const visit = (text: string) => {
    for (const f of functions) {
      if (used.has(f.name) || !new RegExp(`\\b${f.name}\\b`).test(text)) continue;
      used.add(f.name);
      visit(f.text);
    }
  };
  visit(body);
  const kept = functions.filter(f => used.has(f.name)).map(f => `\n\n${f.text}\n`);
  return kept.length > 0 ? `${kept.join('')}\n` : '';
}
