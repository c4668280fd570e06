/**
 * An explanation is only accepted within NEAR_NOISE times the noise floor, and AHEAD_OF_SECOND times below the second best: a false alarm
 * is worse than silence.
 */
export const NEAR_NOISE = 10;
export const AHEAD_OF_SECOND = 100;
