import type { GraphBuilder } from '../../formats/onnx/builder.js';

/** Ends of axes cut off, in ONNX and in Python: how many in front of each axis and behind it, as negative numbers. */

/** As ONNX' Pad reads them: all in front, then all behind. */
export function padsConstant(builder: GraphBuilder, pads: readonly (readonly [number, number])[]): string {
  return builder.integers([...pads.map(p => p[0]), ...pads.map(p => p[1])]);
}

/** `x[:, 1:-2]` @param pads negative: so many are cut off */
export function cutText(x: string, pads: readonly (readonly [number, number])[]): string {
  return `${x}[${pads.map(([before, behind]) => `${before === 0 ? '' : -before}:${behind === 0 ? '' : behind}`).join(', ')}]`;
}
