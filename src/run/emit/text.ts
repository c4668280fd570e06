import type { ActivationSpec } from '../../activations/activation.js';
import { formatActivation, getActivation } from '../../activations/index.js';
import { RnnError } from '../../errors.js';
import type { LayerShapes } from '../../model/shapes.js';
import { type FloatArray, formatShape, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';

/** What the three scripts share. */

/** What a script is written from: the layers, their weights, X. */
export interface ScriptSource {
  readonly layers: readonly LayerShapes[];
  readonly weights: Weights;
  readonly x: Tensor;
  readonly inputName: string;
  readonly output: string;
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

/** Names of values in a script: v0 is the input, v1 the first layer's output. */
export function valueNames({ layers, inputName }: ScriptSource): Map<string, string> {
  return new Map([[inputName, 'x'], ...layers.map((l, i): [string, string] => [l.layer.name, `v${i + 1}`])]);
}

export function header(title: string, x: Tensor): string {
  return `# ${title}\n# x ${formatShape(x.shape)}; weights and input are those of the run that printed this, exactly (float32)\n`;
}
