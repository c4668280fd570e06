import type { EngineInput } from '../../engines/engine.js';
import { RnnError } from '../../errors.js';
import { sliceFirst } from '../../tensor/layout.js';
import type { RowRange } from '../request.js';

/** The samples of a range of N. @throws RnnError E_ROWS_RANGE where there are none */
export function rowsOf({ from, to }: RowRange, N: number): { from: number; to: number } {
  if (from < N) return { from, to: Math.min(to ?? N, N) };
  throw new RnnError('usage', 'E_ROWS_RANGE', `sample ${from} is asked for, the input has ${N} (0 to ${N - 1})`, {
    where: '--rows',
    expected: `from 0 to ${N - 1}`,
    found: String(from),
  });
}

/** x, mask and states of the samples of a range. x [N, T, …], mask [N·T], states [N, M] */
export function rowsOfInput({ x, mask, initialStates }: EngineInput, range: RowRange): EngineInput {
  const [N, T] = x.shape;
  const { from, to } = rowsOf(range, N);
  return {
    x: sliceFirst(x, from, to),
    mask: mask?.subarray(from * T, to * T),
    initialStates: initialStates && new Map([...initialStates].map(([name, states]) => [name, states.map(s => sliceFirst(s, from, to))])),
  };
}
