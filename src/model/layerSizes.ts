import type { SizeField } from '../layers/facets.js';

/** How many sizes may follow the colon: the smallest and the largest number. */
export function countsOf(fields: readonly SizeField[]): [from: number, to: number] {
  const counts = fields.map(field => (typeof field === 'string' ? [1, 1] : field.counts));
  const total = (end: number) => counts.reduce((sum, count) => sum + count[end], 0);
  return [total(0), total(1)];
}

/** Turns sizes into fields: 64x5x3 into { filters: 64, kernelSize: [5, 3] }. @param given as many sizes as `countsOf` allows */
export function withSizes(fields: readonly SizeField[], given: readonly number[]): Record<string, unknown> {
  const rest = given.slice(fields.filter(field => typeof field === 'string').length);
  const all = fields.map((field, i) => {
    if (typeof field === 'string') return { [field]: given[i] };
    if (field.oneForAll && rest.length < 2) return rest.length === 0 ? {} : { [field.list]: rest[0] };
    return { [field.list]: rest };
  });
  return Object.assign({}, ...all);
}

/** The inverse of `withSizes`: the sizes to write after the colon; `_` for one that is open. */
export function sizesIn(fields: readonly SizeField[], layer: Readonly<Record<string, unknown>>): unknown[] {
  return fields.flatMap(field => {
    if (typeof field === 'string') return [layer[field]];
    const all = [layer[field.list] ?? []].flat();
    return field.oneForAll && all.every(size => size === all[0]) ? all.slice(0, 1) : all;
  });
}
