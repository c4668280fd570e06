import { sizeOf } from '../../tensor/tensor.js';
import type { Window } from './window.js';

/** Offsets of a window's values from its first one, in the order of the kernel. @param shape [...S, C] */
export function offsetsOf(shape: readonly number[], windows: readonly Window[]): number[] {
  let offsets = [0];
  windows.forEach(({ size, dilation }, axis) => {
    const step = dilation * sizeOf(shape.slice(axis + 1));
    offsets = offsets.flatMap(offset => Array.from({ length: size }, (_, k) => offset + k * step));
  });
  return offsets;
}

/** Index of the first value of each window of a sample, in C order. @param shape [...S, C] @param out [...O] */
export function startsOf(shape: readonly number[], out: readonly number[], windows: readonly Window[]): number[] {
  let starts = [0];
  windows.forEach(({ stride }, axis) => {
    const step = stride * sizeOf(shape.slice(axis + 1));
    starts = starts.flatMap(start => Array.from({ length: out[axis] }, (_, o) => start + o * step));
  });
  return starts;
}

/** Returns [from, to) of the n = `count` windows of an adaptive pooling over T = `length` values: ⌊i·T/n⌋ to ⌈(i+1)·T/n⌉. */
export function adaptiveWindows(length: number, count: number): (readonly [number, number])[] {
  return Array.from({ length: count }, (_, i) => [Math.floor((i * length) / count), Math.ceil(((i + 1) * length) / count)]);
}
