import type { ActivationSpec } from '../../activations/activation.js';
import { formatActivation, getActivation } from '../../activations/index.js';
import { RnnError } from '../../errors.js';
import type { LayerShapes } from '../../model/shapes.js';
import { type FloatArray, formatShape, type Tensor } from '../../tensor/tensor.js';
import type { Weights } from '../../weights/weights.js';
import type { Prepared } from '../prepare.js';
import { kerasScript } from './keras.js';
import { numpyScript } from './numpy.js';
import { torchScript } from './torch.js';

export type EmitTarget = 'keras' | 'torch' | 'numpy';

/** What a script is written from: the layers, their weights, X. */
export interface ScriptSource {
  readonly layers: readonly LayerShapes[];
  readonly weights: Weights;
  readonly x: Tensor;
  readonly inputName: string;
  readonly output: string;
}

/**
 * A Python script with the same weights and input that computes the same y, up to the rounding of float32.
 * @throws RnnError E_EMIT (unsupported) naming what the target has not
 */
export function emitScript({ network, weights, input, graphInputs }: Prepared, target: EmitTarget): string {
  if (graphInputs) throw cannotEmit('a graph that is no chain of layers', 'convert it with ONNX Runtime');
  if (input.mask || input.initialStates) throw cannotEmit('padding or initial states', 'drop --lengths, --mask, --h0 and --c0');
  if (network.model.layers.some(l => l.kind === 'masking' || (l.kind === 'embedding' && l.maskZero)))
    throw cannotEmit('masking', 'leave the masking out');
  const source = { layers: network.shapes.layers, weights, x: input.x, inputName: network.model.input.name, output: network.model.output };
  switch (target) {
    case 'numpy':
      return numpyScript(source);
    case 'torch':
      return torchScript(source, network);
    case 'keras':
      return kerasScript(source, network);
  }
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
