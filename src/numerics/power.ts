/** 2^k for −545 ≤ k ≤ 512: half of any exponent a double can have, so that two factors reach them all. Doubling and halving are exact. */
const LEAST = -545;
const POWERS = new Float64Array(512 - LEAST + 1);
POWERS[-LEAST] = 1;
for (let k = 1; k <= 512; k++) POWERS[k - LEAST] = POWERS[k - 1 - LEAST] * 2;
for (let k = -1; k >= LEAST; k--) POWERS[k - LEAST] = POWERS[k + 1 - LEAST] * 0.5;

/** x · 2^k for −1090 ≤ k ≤ 1024, rounded once: with x in [0.5, 2] the first product is exact. */
export function scaleByPower(x: number, k: number): number {
  const half = k >> 1;
  return x * POWERS[half - LEAST] * POWERS[k - half - LEAST];
}

/** 2^k for −545 ≤ k ≤ 512. */
export function power(k: number): number {
  return POWERS[k - LEAST];
}
