/** Sum of the squares of a row. */
export function sumOfSquares(row: Float64Array): number {
  return row.reduce((sum, v) => sum + v * v, 0);
}

/** L1 norm of a row. */
export function sumOfMagnitudes(row: Float64Array): number {
  return row.reduce((sum, v) => sum + Math.abs(v), 0);
}
