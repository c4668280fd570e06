import { distance, scaleOf } from '../tensor/difference.js';
import { smallNumber } from './figures.js';
import { differBeyondNoise, largestNoise, type Noise } from './noise.js';
import type { OutputReading } from './outputReadings.js';
import { NEAR_NOISE } from './thresholds.js';

/** The values of the other output that differ, as the verdict counts them, and the largest tolerance of any value. */
export interface DifferingValues {
  readonly isOff: (k: number) => boolean;
  readonly most: number;
  /** the words of the reading to which the values belong; null: y */
  readonly of: string | null;
}

/**
 * How sentences count values. Each value has its own tolerance, which readers cannot reproduce from a report. So a sentence states a single
 * limit, and is only printed if counting by that limit and counting as the verdict does agree.
 */
export interface Counted {
  /** the limit as printed */
  readonly limit: string;
  /** Whether some value of each group differs by more than the limit; undefined if the verdict counts some group differently. */
  readonly groups: (count: number, groupOf: (k: number) => number) => boolean[] | undefined;
  /** whether rounding moves the correct y so little that its figures can be reproduced, unlike in a chaotic network */
  readonly isSteady: boolean;
  /** Whether value k differs by more than the limit. */
  readonly isBeyond: (k: number) => boolean;
}

const STEADY = 1e-3;

export function countIn(view: OutputReading, noise: Noise, given: DifferingValues | undefined): Counted {
  const [right, other] = [view.right.y.data, view.other.data];
  const own = given?.of === (view.kind === 'y' ? null : view.words) ? given : undefined;
  const limit = smallNumber(own?.most ?? NEAR_NOISE * largestNoise(noise, view.right.y), 3);
  const isJudged = own?.isOff ?? (k => differBeyondNoise(right, other, noise.data, k, k + 1));
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
