import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import type { TensorFile } from '../../src/formats/format.js';
import { readTensors } from '../helpers/readFormat.js';

export const REFERENCE = join(__dirname, '..', 'reference');

export function referenceBytes(...path: string[]): Uint8Array {
  return new Uint8Array(readFileSync(join(REFERENCE, ...path)));
}

export type Nested = number | Nested[];

export interface CorruptCase {
  file: string;
  bytes: number;
  expect: 'ok' | 'error';
  why: string;
  ambiguous?: boolean;
  shape?: number[];
  values?: Nested;
  values_str?: string[];
  members?: Record<string, { shape: number[]; values: Nested }>;
}

/** The manifest of reference/corrupt, one format of it. */
export function corruptCases(prefix: string): CorruptCase[] {
  const manifest = JSON.parse(readFileSync(join(REFERENCE, 'corrupt', 'manifest.json'), 'utf8')) as CorruptCase[];
  return manifest.filter(c => c.file.startsWith(prefix));
}

export function flatten(values: Nested): number[] {
  return Array.isArray(values) ? values.flatMap(flatten) : [values];
}

/** Exactly these numbers: NaN equals NaN, -0 does not equal 0. */
export function expectNumbers(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(Array.from(actual)).toEqual(expected);
}

/** What reading throws; fails the test when it does not throw, or throws anything but an RnnError of kind format, unsupported or limit. */
export async function refusal(read: () => Promise<unknown>): Promise<RnnError> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    expect(['format', 'limit', 'unsupported']).toContain(error.kind);
    expect(error.code).toMatch(/^E_[A-Z0-9_]+$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach a terminal
    expect(`${error.message}${error.where ?? ''}${error.found ?? ''}`).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(error.message.length).toBeLessThan(400);
    return error;
  }
  throw new Error('it was read without an error');
}

/** Every cut of the file either is refused or gives what the whole file gives. */
export async function expectCutsRefused(bytes: Uint8Array, nameHint: string, step = 1): Promise<void> {
  const whole = await readTensors(bytes, { nameHint });
  for (let length = 0; length < bytes.length; length += step) {
    const cut = bytes.slice(0, length);
    let file: TensorFile | undefined;
    try {
      file = await readTensors(cut, { nameHint });
    } catch (error) {
      if (!(error instanceof RnnError)) throw new Error(`cut at ${length}: ${error}`);
    }
    if (file) expect([length, [...file.tensors]]).toEqual([length, [...whole.tensors]]);
  }
}
