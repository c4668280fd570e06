import type { ActivationSpec } from '../activations/activation.js';
import type { OperatorSpec } from './operatorFields.js';
import type { ValueType } from './operatorTypes.js';
import { pythonText } from './python.js';

/** What a line of Python is written from. All sizes are known numbers, because a script contains its input. */
export interface Line {
  readonly lib: 'np' | 'keras.ops' | 'torch';
  readonly layer: OperatorSpec;
  /** Python of the operands; in `arrays`, plain numbers are arrays, too, as some PyTorch functions require */
  readonly all: readonly string[];
  readonly arrays: readonly string[];
  /** types and shapes of the operands */
  readonly types: readonly ValueType[];
  readonly shapes: readonly (readonly number[])[];
  /** shapes of the outputs */
  readonly outputs: readonly (readonly number[])[];
  /** values of operand i; undefined if they are not known, or there is no such operand */
  numbers(i: number): readonly number[] | undefined;
  activation(spec: ActivationSpec, x: string): string;
}

/**
 * How an operator is written as a line of Python: a template (see `filled`), or a function that returns the line, or undefined if the operator
 * cannot be written.
 */
export type Rule = string | ((line: Line) => string | undefined);

export const attribute = ({ layer }: Line, name: string, otherwise: number): number => Number(layer.attributes[name] ?? otherwise);
export const keepdims = (line: Line): string => pythonText(attribute(line, 'keepdims', 1) === 1);
export const counted = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
export const axisOf = (line: Line, otherwise: number, rank = line.shapes[0].length): number =>
  counted(attribute(line, 'axis', otherwise), rank);
export const upFrom = (first: number, rank: number): number[] => Array.from({ length: rank - first }, (_, i) => first + i);

/**
 * Replaces the placeholders of a template: LIB by the library, $0 by the first operand, `@0` by the same as an array, $* and `@*` by all of
 * them separated by commas, {axis=-1} by an attribute with its default, {shape} by the shape of the output.
 */
export function filled(text: string, { lib, layer, all, arrays, outputs: [output] }: Line): string {
  const at = (texts: readonly string[], i: string) => texts[Number(i)] ?? 'None';
  return text
    .replace(/LIB/g, lib)
    .replace(/\{(\w+)=(.*?)\}/g, (_, name, otherwise) => (name in layer.attributes ? pythonText(layer.attributes[name]) : otherwise))
    .replace('{shape}', pythonText(output))
    .replace(/\$\*/g, () => all.join(', '))
    .replace(/@\*/g, () => arrays.join(', '))
    .replace(/\$(\d)/g, (_, i) => at(all, i))
    .replace(/@(\d)/g, (_, i) => at(arrays, i));
}

export const permuted = ({ lib }: Line, x: string, order: readonly number[]): string =>
  `${lib === 'torch' ? 'torch.permute' : `${lib}.transpose`}(${x}, ${pythonText(order)})`;
