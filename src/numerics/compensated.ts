/** 2^27 + 1: splits a double into two halves of 26 bits whose products are exact (Dekker 1971). */
const SPLITTER = 134217729;

/** The error of the rounded product p = a·b, exactly: a·b − p. For |a|, |b| between 1e-140 and 1e140. */
export function productError(a: number, b: number, p: number): number {
  const ta = a * SPLITTER;
  const ah = ta - (ta - a);
  const al = a - ah;
  const tb = b * SPLITTER;
  const bh = tb - (tb - b);
  const bl = b - bh;
  return ah * bh - p + ah * bl + al * bh + al * bl;
}

/** (nh + nl) / (dh + dl) to within 0.51 ulp, where nl and dl are the roundings nh and dh left behind. */
export function quotient(nh: number, nl: number, dh: number, dl: number): number {
  const q = nh / dh;
  const p = q * dh;
  const rest = nh - p - productError(q, dh, p) + (nl - q * dl);
  return q + rest / dh;
}
