import type { GraphBuilder } from '../../formats/onnx/builder.js';
import type { ArrayLibrary } from '../facets.js';
import { pythonText } from '../python.js';

/** Padding and cropping in ONNX and Python. Pads are [before, after] for each axis; negative numbers crop. */

/** The constant that ONNX's Pad reads: before each axis, then after each. */
export function padsConstant(builder: GraphBuilder, pads: readonly (readonly [number, number])[]): string {
  return builder.integers([...pads.map(p => p[0]), ...pads.map(p => p[1])]);
}

/** Python that crops, `x[:, 1:-2]`. @param pads zero or negative */
export function cutText(x: string, pads: readonly (readonly [number, number])[]): string {
  return `${x}[${pads.map(([before, behind]) => `${before === 0 ? '' : -before}:${behind === 0 ? '' : behind}`).join(', ')}]`;
}

/** Python that pads. @param value of the padding; default: 0 */
export function paddedText(library: ArrayLibrary, x: string, pads: readonly (readonly [number, number])[], value?: number): string {
  if (library === 'np') return `np.pad(${x}, ${pythonText(pads)}${value === undefined ? '' : `, constant_values=${value}`})`;
  const ends = pythonText([...pads].reverse().flat());
  return `torch.nn.functional.pad(${x}, ${ends}${value === undefined ? '' : `, value=${value}`})`;
}
