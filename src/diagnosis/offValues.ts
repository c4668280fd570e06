import { distance, scaleOf } from '../tensor/difference.js';
import { smallNumber } from './figures.js';
import { areApart, largestNoise, type Noise } from './noise.js';
import type { OutputReading } from './outputReadings.js';
import { NEAR_NOISE } from './thresholds.js';

/** Which values of the other output are off, as the verdict counts them, and the most that any of them may be off. */
export interface Off {
  readonly isOff: (k: number) => boolean;
  readonly most: number;
  /** the words of the reading whose values these are; null: y */
  readonly of: string | null;
}

/**
 * How sentences count. Each value has a tolerance of its own, which nobody can repeat from a report; so a sentence says one number, and is printed only
 * where counting by that number and counting as the verdict does give the same.
 */
export interface Counted {
  /** as it is printed */
  readonly limit: string;
  /** whether some value of each group is off by more than the limit; undefined where the verdict counts otherwise in one of them */
  readonly groups: (count: number, groupOf: (k: number) => number) => boolean[] | undefined;
  /** rounding moves the right y by so little that its figures can be repeated: in a chaotic network they cannot */
  readonly isSteady: boolean;
  /** of value k by the limit alone */
  readonly isBeyond: (k: number) => boolean;
}

const STEADY = 1e-3;

export function countedIn(view: OutputReading, noise: Noise, given: Off | undefined): Counted {
  const [right, other] = [view.right.y.data, view.other.data];
  const own = given?.of === (view.kind === 'y' ? null : view.words) ? given : undefined;
  const limit = smallNumber(own?.most ?? NEAR_NOISE * largestNoise(noise, view.right.y), 3);
  const isJudged = own?.isOff ?? (k => areApart(right, other, noise.data, k, k + 1));
  const isBeyond = (k: number) => distance(right[k], other[k]) > Number(limit);
  return {
    limit,
    isBeyond,
    isSteady: scaleOf(noise) <= STEADY * scaleOf(view.right.y),
    groups(count, groupOf) {
      const [beyond, judged] = [new Array<boolean>(count).fill(false), new Array<boolean>(count).fill(false)];
      for (let k = 0; k < other.length; k++) {
        const group = groupOf(k);
        if (isBeyond(k)) beyond[group] = true;
        if (isJudged(k)) judged[group] = true;
      }
      return beyond.every((v, i) => v === judged[i]) ? beyond : undefined;
    },
  };
}
