import { sizeOf } from '../tensor/tensor.js';
import { intOf } from './attributes.js';
import { type Call, need, type Operators } from './operator.js';
import { claim } from './room.js';
import { axisOf, type GraphValue } from './value.js';

/** Unique: the distinct values. */
export const DISTINCT: Operators = { Unique: { attributes: ['axis', 'sorted'], run: unique } };

/** Outputs the distinct numbers, or slices along an axis; the index of the first occurrence of each; for every element the index of its value; the counts. */
function unique(call: Call): GraphValue[] {
  const x = need(call, 0);
  const axis = intOf(call.node, 'axis');
  const along = axis === undefined ? undefined : axisOf(axis, x.shape.length);
  const n = along === undefined ? x.data.length : x.shape[along];
  const [inner, outer] = along === undefined ? [1, 1] : [sizeOf(x.shape.slice(along + 1)), sizeOf(x.shape.slice(0, along))];
  // memory of the text keys and lists below
  claim(200 * n + 24 * x.data.length);
  const slices = Array.from({ length: n }, (_, i) =>
    Array.from({ length: inner * outer }, (_, k) => x.data[(Math.floor(k / inner) * n + i) * inner + (k % inner)]),
  );
  const groups = new Map<string, number[]>();
  slices.forEach((slice, i) => {
    const key = slice.join();
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  const list = [...groups.values()];
  if (intOf(call.node, 'sorted') !== 0) list.sort(([a], [b]) => order(slices[a], slices[b]));
  const data = new (x.data instanceof Float32Array ? Float32Array : Float64Array)(list.length * inner * outer);
  const inverse = new Float64Array(n);
  list.forEach((group, i) => {
    slices[group[0]].forEach((v, k) => {
      data[(Math.floor(k / inner) * list.length + i) * inner + (k % inner)] = v;
    });
    for (const at of group) inverse[at] = i;
  });
  const whole = (values: Float64Array): GraphValue => ({ kind: 'int', type: 'i64', shape: [values.length], data: values });
  const shape = along === undefined ? [list.length] : x.shape.map((size, i) => (i === along ? list.length : size));
  return [
    { kind: x.kind, type: x.type, shape, data },
    whole(Float64Array.from(list, ([first]) => first)),
    whole(inverse),
    whole(Float64Array.from(list, group => group.length)),
  ];
}

/** Compares slices by the first number that differs. */
function order(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((v, k) => v !== b[k]);
  return at < 0 ? 0 : a[at] - b[at];
}
