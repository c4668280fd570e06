import type { GraphBuilder } from '../../formats/onnx/builder.js';
import type { ArrayLibrary } from '../facets.js';
import { pythonText } from '../python.js';

/** Ends of axes cut off, in ONNX and in Python: how many in front of each axis and behind it, as negative numbers. */

/** As ONNX' Pad reads them: all in front, then all behind. */
export function padsConstant(builder: GraphBuilder, pads: readonly (readonly [number, number])[]): string {
  return builder.integers([...pads.map(p => p[0]), ...pads.map(p => p[1])]);
}

/** `x[:, 1:-2]` @param pads negative: so many are cut off */
export function cutText(x: string, pads: readonly (readonly [number, number])[]): string {
  return `${x}[${pads.map(([before, behind]) => `${before === 0 ? '' : -before}:${behind === 0 ? '' : behind}`).join(', ')}]`;
}

/** @param value of the borders; absent: 0 */
export function paddedText(library: ArrayLibrary, x: string, pads: readonly (readonly [number, number])[], value?: number): string {
  if (library === 'np') return `np.pad(${x}, ${pythonText(pads)}${value === undefined ? '' : `, constant_values=${value}`})`;
  const ends = pythonText([...pads].reverse().flat());
  return `torch.nn.functional.pad(${x}, ${ends}${value === undefined ? '' : `, value=${value}`})`;
}
