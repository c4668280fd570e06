/** To the nearest whole number, halves to the even one, as IEEE 754, NumPy and ONNX round. */
export function halfToEven(v: number): number {
  const floor = Math.floor(v);
  if (v - floor !== 0.5) return Math.round(v);
  return floor % 2 === 0 ? floor : floor + 1;
}
