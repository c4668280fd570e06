/**
 * Decides whether threads that share one sample's steps are faster than one thread. They meet after every step, so it depends on whether the
 * processors are free at the same time, which can only be measured. The result is the same, to the bit.
 */
export interface Sharing {
  /** Runs some steps in the way that was faster recently. */
  run(steps: number, alone: () => void, shared: () => void): void;
}

/** Turns in the faster way before the other is tried again; doubled whenever the other is still slower. */
const PATIENCE = 8;
/** Turns of a trial, of which the best counts: in the first, threads wake up and load their weights into the cache. */
const TRIAL = 3;

type Way = 'alone' | 'shared';

export function sharing(now: () => number = () => performance.now()): Sharing {
  /** milliseconds a step */
  const cost: Record<Way, number> = { alone: Number.POSITIVE_INFINITY, shared: Number.POSITIVE_INFINITY };
  let way: Way = 'alone';
  let patience = PATIENCE;
  /** turns left in this way */
  let turns = 1;
  let isTrial = true;
  const turnOver = () => {
    const faster: Way = cost.shared < cost.alone ? 'shared' : 'alone';
    if (isTrial) {
      patience = way === faster ? PATIENCE : 2 * patience;
      [way, turns, isTrial] = [faster, patience, false];
    } else {
      way = way === 'alone' ? 'shared' : 'alone';
      [turns, isTrial] = [TRIAL, true];
      cost[way] = Number.POSITIVE_INFINITY;
    }
  };
  return {
    run(steps, alone, shared) {
      const started = now();
      (way === 'shared' ? shared : alone)();
      const each = (now() - started) / steps;
      cost[way] = isTrial ? Math.min(cost[way], each) : each;
      if (--turns === 0) turnOver();
    },
  };
}
