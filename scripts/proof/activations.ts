import { sigmoidAll, tanhAll } from '../../src/engines/batched/assembly/activations';

/*
 * How far the kernel's sigmoid and tanh are from the truth, in units of the last place of float32. The truth is AssemblyScript's float64 library
 * (musl's), which shares no code with the kernel.
 */
export { writeConstants } from '../../src/engines/batched/assembly/activations';

export let worst: f64 = 0;
export let worstAt: f32 = 0;
export let above: f64 = 0;

export function start(): void {
  worst = 0;
  above = 0;
}

/** `count` inputs (a multiple of 4), whose bit patterns are first, first + stride, …; their values stay at `at`. kind: 0 sigmoid, 1 tanh */
export function check(kind: i32, first: u32, stride: u32, count: i32, at: usize): void {
  for (let k = 0; k < count; k++) store<u32>(at + (k << 2), first + k * stride);
  if (kind) tanhAll(at, 16, count >> 2);
  else sigmoidAll(at, 16, count >> 2);
  for (let k = 0; k < count; k++) {
    const x = reinterpret<f32>(first + k * stride);
    const e = error(load<f32>(at + (k << 2)), kind ? NativeMath.tanh(x) : 1 / (1 + NativeMath.exp(-(<f64>x))));
    if (e > 1) above++;
    if (e > worst) {
      worst = e;
      worstAt = x;
    }
  }
}

function error(y: f32, truth: f64): f64 {
  // biome-ignore lint/suspicious/noGlobalIsNan: AssemblyScript has no other
  if (isNaN(truth)) return isNaN(y) ? 0 : Infinity;
  // biome-ignore lint/suspicious/noGlobalIsNan: as above
  if (isNaN(y)) return Infinity;
  return Math.abs(y - truth) / unit(Math.abs(truth));
}

/** distance between neighbouring float32 numbers around size, at most 1 */
function unit(size: f64): f64 {
  let bits = reinterpret<u32>(<f32>size);
  if (bits < 0x01000000) return reinterpret<f64>((<u64>(1023 - 149)) << 52);
  if (<f64>(<f32>size) > size) bits -= 1; // the truth lies in the binade below its rounding
  return reinterpret<f64>((<u64>((bits >> 23) - 150 + 1023)) << 52);
}
