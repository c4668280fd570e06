/** Columns of the unrolled network: which steps are drawn, and where. */

export const LEFT = 124;
const LEAST_PITCH = 92;
export const MOST_PITCH = 118;

export interface Column {
  /** null: omitted steps */
  step: number | null;
  /** '3', 'T' */
  label: string;
  readonly x: number;
}

/** The last step if T is not known. */
export const SYMBOLIC = Number.POSITIVE_INFINITY;

export interface Columns {
  readonly pitch: number;
  /** x of the right end */
  readonly right: number;
  /** Columns of a sequence with T steps; the same array each time. */
  columns(T: number | null): readonly Column[];
  /** where columns and gaps are: a drawing can be reused for other steps with the same pattern */
  readonly pattern: string;
  readonly steps: string;
  /** Takes the steps of other columns with the same pattern. */
  become(others: Columns): void;
}

/** All lengths share one pitch, but have their own columns: all steps, or the first, the last, and those around the selected one. */
export function columnsOf(lengths: readonly (number | null)[], step: number, room: number): Columns {
  const most = Math.max(5, Math.floor(room / LEAST_PITCH));
  const stepsOf = (T: number | null) =>
    T === null
      ? [0, 1, 2, null, SYMBOLIC]
      : T <= most
        ? Array.from({ length: T }, (_, t) => t)
        : stepsAround(Math.min(Math.max(0, step), T - 1), T, most);
  const widest = Math.max(...lengths.map(T => stepsOf(T).length));
  const pitch = Math.min(MOST_PITCH, Math.max(LEAST_PITCH, room / widest));
  const label = (t: number | null) => (t === null ? '' : t === SYMBOLIC ? 'T' : String(t + 1));
  const made = new Map<number | null, Column[]>();
  const columns = (T: number | null) => {
    const own = made.get(T) ?? stepsOf(T).map((t, i) => ({ step: t, label: label(t), x: LEFT + pitch / 2 + i * pitch }));
    made.set(T, own);
    return own;
  };
  const shown = lengths.map(T => stepsOf(T));
  return {
    pitch,
    right: LEFT + widest * pitch,
    columns,
    pattern: `${pitch} ${shown.map(steps => steps.map(t => (t === null ? '-' : 'o')).join('')).join(' ')}`,
    steps: shown.join(';'),
    become(others) {
      for (const [T, own] of made)
        for (const [i, { step, label: text }] of others.columns(T).entries()) Object.assign(own[i], { step, label: text });
    },
  };
}

/**
 * `most` places of T: the first, the last, those around `step`, and null for gaps. The result stays the same for a few consecutive steps,
 * so that only the highlight moves.
 */
export function stepsAround(step: number, T: number, most: number): (number | null)[] {
  const run = (from: number, length: number): (number | null)[] => Array.from({ length }, (_, i) => from + i);
  const end = most - 2;
  if (step < end) return [...run(0, end), null, T - 1];
  if (step >= T - end) return [0, null, ...run(T - end, end)];
  const inner = most - 4;
  const stride = Math.max(1, inner - 2);
  return [0, null, ...run(Math.floor((step - 1) / stride) * stride + (inner < 3 ? 1 : 0), inner), null, T - 1];
}

export function stepsText(columns: readonly Column[]): string {
  const labels = columns.flatMap(({ step, label }) => (step === null ? [] : [label]));
  return `${labels[0]} to ${labels[labels.length - 1]}`;
}
