import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Numbers thrown away before they are collected: 8 MiB as float64. */
const EVERY = 2 ** 20;

/**
 * V8 lets dead arrays pile up while there is memory, a hundred MiB and more. A stream whose memory is to be constant asks for collection
 * itself, after so many numbers that it costs next to nothing.
 */
export function collector(): (numbers: number) => void {
  // room for young objects stays what it is at the start, instead of growing to 48 MiB
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let since = 0;
  return numbers => {
    since += numbers;
    if (since < EVERY) return;
    since = 0;
    collect();
  };
}
