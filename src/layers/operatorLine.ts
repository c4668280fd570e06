import type { ActivationSpec } from '../activations/activation.js';
import type { OperatorSpec } from './operatorFields.js';
import type { ValueType } from './operatorTypes.js';
import { pythonText } from './python.js';

/** What a line of Python is written from. Sizes are numbers: a script holds its input. */
export interface Line {
  readonly lib: 'np' | 'keras.ops' | 'torch';
  readonly layer: OperatorSpec;
  /** Python of the operands; in `arrays` plain numbers are written as arrays where PyTorch requires that */
  readonly all: readonly string[];
  readonly arrays: readonly string[];
  /** of the operands, as they are read */
  readonly types: readonly ValueType[];
  readonly shapes: readonly (readonly number[])[];
  /** of what it gives */
  readonly outputs: readonly (readonly number[])[];
  /** the numbers of an operand where they are known; undefined where they are not, or there is none */
  numbers(i: number): readonly number[] | undefined;
  activation(spec: ActivationSpec, x: string): string;
}

/**
 * A line, or its text: $0 is the first operand, @0 the same as an array, $* are all with commas, LIB the library, {axis=-1} an attribute with its
 * default, {shape} what it gives. @returns undefined where it cannot be written
 */
export type Rule = string | ((line: Line) => string | undefined);

export const attribute = ({ layer }: Line, name: string, otherwise: number): number => Number(layer.attributes[name] ?? otherwise);
export const truth = (value: boolean): string => (value ? 'True' : 'False');
export const keepdims = (line: Line): string => truth(attribute(line, 'keepdims', 1) === 1);
export const counted = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
export const axisOf = (line: Line, otherwise: number, rank = line.shapes[0].length): number =>
  counted(attribute(line, 'axis', otherwise), rank);
export const upFrom = (first: number, rank: number): number[] => Array.from({ length: rank - first }, (_, i) => first + i);

/**
 * A rule's text with its placeholders replaced: LIB the library, $0 an input,
 * @0 the same as an array, $* and
 * @* all of them, {name=otherwise} an attribute, {shape} the shape of the output.
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
