import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileTensor } from '../../src/formats/format.js';
import { writeTensors } from '../../src/formats/index.js';
import { precisionOf, sizeOf, type Tensor } from '../../src/tensor/tensor.js';

/** A folder of its own for a test file, removed at its end. */
export function temporaryFolder(): { path: (name: string) => string; write: (name: string, content: string | Uint8Array) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  return {
    path,
    write(name, content) {
      writeFileSync(path(name), content);
      return path(name);
    },
  };
}

/** Tensors as the bytes of a format. */
export function bytesOf(format: string, tensors: Record<string, Tensor>): Promise<Uint8Array> {
  const entries = Object.entries(tensors).map(([name, t]): [string, FileTensor] => [name, { ...t, dtype: precisionOf(t) }]);
  return writeTensors(format, new Map(entries));
}

/** Numbers that differ from place to place. */
export function array(...shape: number[]): Tensor {
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, k) => ((k * 7) % 11) / 8 - 0.625) };
}

/** Nested lists of numbers as one list. */
export function flat(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [Number(value)];
}
