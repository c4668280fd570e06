import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Dead arrays may take as much before they are collected. */
const MOST_BYTES = 2 ** 23;

/**
 * V8 lets dead arrays pile up while there is memory, a hundred MiB and more. A stream whose memory is to be constant asks for collection
 * itself: of the young objects, which takes a fraction of a millisecond, and of all where that does not suffice.
 */
export function collector(): () => void {
  // room for young objects stays what it is at the start, instead of growing to 48 MiB
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  // arrays lie outside the heap
  const held = () => getHeapStatistics().external_memory;
  let alive = held();
  return () => {
    if (held() < alive + MOST_BYTES) return;
    collect({ type: 'minor' });
    if (held() < alive + MOST_BYTES / 2) return;
    collect();
    alive = held();
  };
}
