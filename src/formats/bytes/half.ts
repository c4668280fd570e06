/**
 * Conversion of 16-bit floats in both directions, with exact arithmetic (products with powers of two) and one rounding. IEEE binary16 (f16) and
 * bfloat16 (the upper half of a float32). Rounds once, to nearest, ties to even, directly from the double and not via float32.
 */

const scratch = new DataView(new ArrayBuffer(8));

/** 2^e for -1022 <= e <= 1023 from its bits, without Math.pow, whose bits differ between versions of V8. */
function powerOfTwo(e: number): number {
  scratch.setUint32(0, (e + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}

const F16_SCALE = Float64Array.from({ length: 32 }, (_, e) => powerOfTwo((e === 0 ? 1 : e) - 25));

/** The value of an f16 bit pattern. Every f16 is exact in float32. */
export function f16ToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude =
    exponent === 31 ? (fraction ? Number.NaN : Number.POSITIVE_INFINITY) : (exponent ? 1024 + fraction : fraction) * F16_SCALE[exponent];
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** Returns the nearest f16 bit pattern; from 65504 plus half a step on it is infinity. NaN is 0x7e00. */
export function numberToF16(x: number): number {
  return encode(x, { fractionBits: 10, bias: 15, exponentBits: 5 });
}

/** The nearest bf16 bit pattern. NaN is 0x7fc0. */
export function numberToBf16(x: number): number {
  return encode(x, { fractionBits: 7, bias: 127, exponentBits: 8 });
}

/** The value of a bf16 bit pattern: the upper half of a float32. */
export function bf16ToNumber(bits: number): number {
  scratch.setUint32(0, (bits << 16) >>> 0);
  return scratch.getFloat32(0);
}

function encode(x: number, kind: { fractionBits: number; bias: number; exponentBits: number }): number {
  const { fractionBits, bias, exponentBits } = kind;
  const infinity = ((1 << exponentBits) - 1) << fractionBits;
  if (Number.isNaN(x)) return infinity | (1 << (fractionBits - 1));
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  scratch.setFloat64(0, Math.abs(x));
  const exponent = Math.max(((scratch.getUint32(0) >>> 20) & 2047) - 1023, 1 - bias);
  if (exponent > bias) return sign | infinity;
  // |x| in units of the last place at this exponent; a carry out of the fraction moves into the exponent field by itself
  const units = roundToEven(Math.abs(x) * powerOfTwo(fractionBits - exponent));
  return sign | Math.min(units + ((exponent + bias - 1) << fractionBits), infinity);
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
