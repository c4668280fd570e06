import { type CellName, getCell } from '../cells/index.js';
import { RnnError } from '../errors.js';

/** The sizes of the tutorial network (T=10, D=3, M=5, K=2): N samples, T steps, D features, M units (several: stacked layers), K outputs. */
export interface Dimensions {
  readonly cell: CellName;
  readonly M: readonly number[];
  readonly K: number;
  readonly task: 'many-to-one' | 'many-to-many';
  readonly pool: 'last' | 'max' | 'mean';
  readonly bidirectional: boolean;
  readonly activation?: string;
  /** activation of the gates; a SimpleRNN has none */
  readonly recurrentActivation?: string;
}

export const TUTORIAL = { N: 1, T: 10, D: 3, M: 5, K: 2 } as const;

/**
 * Returns the layers of a spec (plain JSON) for the given sizes.
 * @throws RnnError E_CONFLICT (usage): pooling over time leaves no sequence for many to many
 */
export function dimensionLayers({
  cell,
  M,
  K,
  task,
  pool,
  bidirectional,
  activation,
  recurrentActivation,
}: Dimensions): Record<string, unknown>[] {
  if (task === 'many-to-many' && pool !== 'last') {
    throw new RnnError('usage', 'E_CONFLICT', `--pool ${pool} leaves one vector per sample, --task many-to-many wants one per step`, {
      fix: 'drop --pool, or use --task many-to-one',
    });
  }
  checkGates(recurrentActivation, [cell]);
  const sequences = task === 'many-to-many' || pool !== 'last';
  const recurrent = M.map((units, index) => ({
    kind: cell,
    units,
    ...(activation === undefined ? {} : { activation }),
    ...(recurrentActivation === undefined ? {} : { recurrentActivation }),
    ...(bidirectional ? { bidirectional: 'concat' } : {}),
    returnSequences: index < M.length - 1 || sequences,
  }));
  const pooling = pool === 'last' ? [] : [{ kind: pool === 'max' ? 'maxpool' : 'avgpool' }];
  return [...recurrent, ...pooling, ...(K > 0 ? [{ kind: 'dense', units: K }] : [])];
}

/** @throws RnnError E_CONFLICT if a gate activation is given and no cell has gates */
export function checkGates(recurrentActivation: string | undefined, cells: readonly string[]): void {
  if (recurrentActivation === undefined || cells.some(name => getCell(name).fields.recurrentActivation)) return;
  throw new RnnError('usage', 'E_CONFLICT', '--recurrent-activation is for cells with gates: a SimpleRNN has none', {
    fix: 'add --cell lstm or --cell gru, or drop it',
  });
}
