import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of dead arrays that may accumulate before a collection. */
const MOST_BYTES = 2 ** 23;

/**
 * Returns a function that collects garbage if much has accumulated. V8 lets dead arrays grow to a hundred MiB and more while memory is
 * free. A stream that is to use constant memory asks for collection itself: of the young objects, which takes a fraction of a millisecond,
 * and of all if that is not enough.
 */
export function collector(): () => void {
  // keeps the young generation at its initial size, instead of letting it grow to 48 MiB
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  // typed arrays are allocated outside the heap
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
