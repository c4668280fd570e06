import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Recorded values of __tests__/reference/seeds. */
export function readSeeds(file: string): Record<string, Record<string, Recorded>> {
  return JSON.parse(readFileSync(join(__dirname, '../reference/seeds', file), 'utf8')).seeds;
}

export interface Recorded {
  readonly shape: readonly number[];
  readonly data: unknown[];
  /** bits of float32 numbers, eight digits each */
  readonly hex?: string;
}

export function flat(data: unknown): number[] {
  return (data as unknown[]).flat(Number.POSITIVE_INFINITY as 1) as number[];
}

/** float32 numbers as the records write their bits */
export function hexOf(values: ArrayLike<number>): string {
  const view = new DataView(new ArrayBuffer(4));
  let text = '';
  for (let i = 0; i < values.length; i++) {
    view.setFloat32(0, values[i]);
    text += view.getUint32(0).toString(16).padStart(8, '0');
  }
  return text;
}

/** largest distance from `expected`, in units of its last place */
export function mostUlps(actual: ArrayLike<number>, expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Math.max(...expected.map((value, i) => (actual[i] === value ? 0 : Math.abs(actual[i] - value) / ulp(value))));
}

function ulp(x: number): number {
  return 2 ** (Math.floor(Math.log2(Math.abs(x))) - 52);
}

export function take(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}
