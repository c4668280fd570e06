/** Accept only within this many times the noise floor, and this many times below the second best: crying wolf is worse than silence. */
export const NEAR_NOISE = 10;
export const AHEAD_OF_SECOND = 100;
