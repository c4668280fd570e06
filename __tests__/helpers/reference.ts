import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';

/** The frameworks' recorded data under __tests__/reference. */
const ROOT = join(__dirname, '..', 'reference');

export type Nested = number | string | boolean | null | Nested[];
export interface Recorded {
  readonly shape: number[];
  readonly data: Nested;
}

export function readCase(folder: string, id: string): any {
  return JSON.parse(readFileSync(join(ROOT, folder, `${id}.json`), 'utf8'));
}

export function caseIds(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter(name => name.endsWith('.json'))
    .map(name => name.slice(0, -5))
    .sort();
}

export function referencePath(...parts: string[]): string {
  return join(ROOT, ...parts);
}

export function flat(data: Nested): number[] {
  return Array.isArray(data) ? data.flatMap(flat) : [Number(data)];
}

export function shapeOf(data: Nested): number[] {
  return Array.isArray(data) ? [data.length, ...shapeOf(data[0] ?? 0)] : [];
}

/** A recorded array as float64 (values were written with enough digits for their own dtype). */
export function recorded(r: Recorded | Nested): Tensor {
  const isRecord = typeof r === 'object' && r !== null && !Array.isArray(r);
  const data = isRecord ? (r as Recorded).data : r;
  return tensor(isRecord ? (r as Recorded).shape : shapeOf(data as Nested), Float64Array.from(flat(data as Nested)));
}

/** The same rounded to float32: weights and inputs as the framework had them. */
export function recorded32(r: Recorded | Nested): Tensor {
  const t = recorded(r);
  return tensor(t.shape, Float32Array.from(t.data));
}
