import { type Scale, symmetric } from '../report/palette.js';
import type { ComparePage } from '../run/page/pageData.js';
import type { Tensor } from '../tensor/tensor.js';
import { el, replace, sampleInput } from './dom.js';
import type { Axis, Grid, Mark } from './grid.js';
import { type HeatMap, heatMap } from './heatMap.js';
import { TIME } from './panels.js';
import { numberText, withoutFolders } from './text.js';

/** Two outputs side by side and their difference; values that differ by more than their tolerance are outlined. */
export interface Differences {
  readonly node: HTMLElement;
  choose(sample: number): void;
}

export interface DifferencesOptions {
  readonly expected: Tensor;
  readonly actual: Tensor;
  readonly allowed: Tensor;
  readonly dims: readonly string[];
  readonly names: ComparePage['result']['sides'];
  readonly first: ComparePage['result']['firstDifference'];
  onSample(sample: number): void;
}

export function differences({ expected, actual, allowed, dims, names, first, onSample }: DifferencesOptions): Differences {
  const sequence = expected.shape.length === 3;
  const N = expected.shape[0] ?? 1;
  let sample = first?.sample ?? 0;
  let selected: readonly [number, number] | null = null;
  const [left, right] = withoutFolders(names.expected, names.actual);
  const map = (title: HTMLElement, label: string): HeatMap =>
    heatMap({
      title,
      label: () => label,
      onSelect(row, column) {
        selected = [row, column];
        if (!sequence) onSample(column);
        else draw();
      },
    });
  const maps = {
    expected: map(el('span', { title: names.expected }, left), left),
    actual: map(el('span', { title: names.actual }, right), right),
    difference: map(el('span', {}, 'difference'), `difference of ${left} and ${right}`),
  };
  const samples = el('div', { class: 'samples' });
  const node = el(
    'div',
    { class: 'side-by-side' },
    samples,
    el('div', { class: 'maps' }, maps.expected.node, maps.actual.node, maps.difference.node),
  );

  const draw = () => {
    const grids = gridsOf({ expected, actual, allowed }, dims, sequence ? sample : null);
    const at = selected ?? [0, sequence ? 0 : sample];
    const marks =
      first && (!sequence || sample === first.sample) ? firstMarks(grids.difference, sequence ? null : first.sample, grids.allowed) : [];
    maps.expected.show({ grid: grids.expected, selected: at, marks });
    maps.actual.show({ grid: grids.actual, selected: at, marks });
    maps.difference.show({ grid: grids.difference, selected: at, marks: [...offMarks(grids), ...marks] });
    if (sequence && N > 1) replace(samples, sampleInput('difference-sample', sample, N, onSample));
  };
  draw();
  return {
    node,
    choose(next) {
      sample = next;
      selected = sequence ? selected : [selected?.[0] ?? 0, next];
      draw();
    },
  };
}

interface Grids {
  readonly expected: Grid;
  readonly actual: Grid;
  readonly difference: Grid;
  readonly allowed: (row: number, column: number) => number;
}

/**
 * Grids of [N, K]: outputs down, samples across; of [N, T, K]: outputs down, the steps of one sample across; of other shapes: one row per
 * sample.
 */
function gridsOf(
  { expected, actual, allowed }: Record<'expected' | 'actual' | 'allowed', Tensor>,
  dims: readonly string[],
  sample: number | null,
): Grids {
  const rank = expected.shape.length;
  const last = rank > 1 ? expected.shape[rank - 1] : 1;
  const count = expected.data.length / Math.max(1, last);
  const columnsFrom = sample === null ? 0 : sample * expected.shape[1];
  const columns: Axis =
    sample === null ? { name: 'sample', index: 'n', letter: 'N', length: count } : { ...TIME, length: expected.shape[1] };
  const rows: Axis = { name: 'output', index: 'k', letter: dims[rank - 1]?.replace(/[^A-Z]/g, '') || 'K', length: last };
  const at = (t: Tensor) => (row: number, column: number) => t.data[(columnsFrom + column) * last + row];
  const [e, a, limit] = [at(expected), at(actual), at(allowed)];
  let most = 0;
  for (const t of [expected, actual]) for (const v of t.data) if (Number.isFinite(v) && Math.abs(v) > most) most = Math.abs(v);
  const difference = (row: number, column: number) => a(row, column) - e(row, column);
  let [largest, smallest] = [0, Number.POSITIVE_INFINITY];
  for (let k = 0; k < expected.data.length; k++) {
    const d = Math.abs(actual.data[k] - expected.data[k]);
    if (Number.isFinite(d) && d > largest) largest = d;
    if (Number.isFinite(allowed.data[k]) && allowed.data[k] < smallest) smallest = allowed.data[k];
  }
  // logarithmic from the tolerance to the largest difference, so that a small first difference remains visible
  const decades = Math.max(1, Math.log10(largest / (Number.isFinite(smallest) && smallest > 0 ? smallest : 1e-12)));
  const shade = (row: number, column: number) => {
    const d = difference(row, column);
    const size = Math.log10(Math.abs(d) / limit(row, column)) / decades;
    return !Number.isFinite(d) ? Number.NaN : size <= 0 || d === 0 ? 0 : Math.sign(d) * (0.15 + 0.85 * Math.min(1, size));
  };
  const scale = symmetric(most);
  const signed: Scale = { kind: 'diverging', low: -1, high: 1 };
  return {
    expected: { rows, columns, scale, value: e },
    actual: { rows, columns, scale, value: a },
    difference: {
      rows,
      columns,
      scale: signed,
      value: difference,
      shade,
      legend: [numberText(-largest, 2), numberText(largest, 2)],
    },
    allowed: limit,
  };
}

const MOST_MARKS = 5000;

/** Marks the values that differ by more than their tolerance. */
function offMarks({ difference, allowed }: Grids): Mark[] {
  const { rows, columns, value } = difference;
  const marks: Mark[] = [];
  for (let column = 0; column < columns.length && marks.length < MOST_MARKS; column++) {
    for (let row = 0; row < rows.length; row++) {
      const d = Math.abs(value(row, column));
      if (d > allowed(row, column) || Number.isNaN(d)) marks.push({ rows: [row, row], columns: [column, column], role: 'off' });
    }
  }
  return marks;
}

/** Marks the first column with a value that differs. */
function firstMarks({ rows, columns, value }: Grid, sample: number | null, allowed: (row: number, column: number) => number): Mark[] {
  const whole = (column: number): Mark => ({ rows: [0, rows.length - 1], columns: [column, column], role: 'first', strong: true });
  if (sample !== null) return sample < columns.length ? [whole(sample)] : [];
  for (let column = 0; column < columns.length; column++)
    for (let row = 0; row < rows.length; row++) if (Math.abs(value(row, column)) > allowed(row, column)) return [whole(column)];
  return [];
}
