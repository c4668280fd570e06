import { CELLS, getCell } from '../cells/index.js';
import { RnnError } from '../errors.js';
import type { Assumption } from '../model/assumptions.js';
import { type FrameworkName, isCellName } from '../model/frameworks.js';
import { inferSequences } from '../model/sequences.js';
import { formatShape } from '../tensor/tensor.js';
import { askForActivations, askForShape, assumptionsOf, EXPORT } from './assumed.js';
import type { NetworkHints, ReadNetwork } from './convention.js';

/** One layer of a file: the shapes of its weights in canonical layout, from which its kind and sizes follow. */
export interface WeightGroup {
  name?: string;
  /** its name in messages, if that is not the layer's name */
  title?: string;
  /** [D, G·M] */
  kernel?: readonly number[];
  /** [P, G·M] */
  recurrent?: readonly number[];
  /** [G·M] or [2, G·M] of a recurrent layer, [K] of a dense one */
  bias?: readonly number[];
  /** [in, K] */
  dense?: readonly number[];
  /** [V, E] */
  embedding?: readonly number[];
  projection?: number;
  peepholes?: boolean;
  bidirectional?: boolean;
  /** whether the next layer reads the width of one direction, so that the two are added, averaged or multiplied */
  merged?: boolean;
  /** activation as in a spec, if the file states it */
  activation?: unknown;
  /** activation of the gates, if the file is from a version with another default */
  recurrentActivation?: string;
  /** a layer of another kind, as in a spec, and the width of its input */
  other?: Readonly<Record<string, unknown>>;
  width?: number;
  /** a layer without weights, as in a spec */
  layer?: Readonly<Record<string, unknown>>;
}

/**
 * Returns the layers of a spec for ordered groups. What weights cannot show (task, pooling, activation) comes from the hints.
 * @param framework the framework whose defaults the layers have
 * @param known assumptions behind the groups, such as their order
 * @throws RnnError E_UNDETERMINED
 */
export function layersOf(
  groups: readonly WeightGroup[],
  hints: NetworkHints,
  framework: FrameworkName,
  known: readonly Assumption[] = [],
): ReadNetwork {
  const layers = groups.map(group => layerOfGroup(group, hints, framework));
  const lastRecurrent = layers.map(l => isCellName(String(l.kind))).lastIndexOf(true);
  if (lastRecurrent < 0) {
    throw new RnnError('convention', 'E_UNDETERMINED', 'these weights contain no recognisable recurrent layer', {
      fix: 'describe the network with --layers or --cell, --D, --M, --K',
    });
  }
  const sequences = hints.task === 'many-to-many' || hints.pool !== 'last';
  // layers without weights after it say whether it has to return every step
  if (!groups.slice(lastRecurrent + 1).some(group => group.layer)) layers[lastRecurrent].returnSequences = sequences;
  if (hints.pool !== 'last') layers.splice(lastRecurrent + 1, 0, { kind: hints.pool === 'max' ? 'maxpool' : 'avgpool' });
  const first = groups[0];
  const features = first.embedding ? null : (first.width ?? (first.kernel ?? first.dense)![0]);
  const complete = inferSequences(layers, false);
  const assumptions = [...known, ...assumptionsOf(complete, hints, framework)];
  askForShape(complete, framework, assumptions, hints.module);
  return {
    input: { features, timesteps: hints.timesteps },
    layers: complete.map(({ title: _, ...layer }) => layer),
    assumptions,
    ask: askForActivations(complete, framework, assumptions, hints.module),
  };
}

/** The layer of a spec that a group is. @throws RnnError E_UNDETERMINED */
export function layerOfGroup(
  group: WeightGroup,
  hints: Pick<NetworkHints, 'activation' | 'recurrentActivation'> = {},
  framework: FrameworkName = 'keras',
): Record<string, unknown> {
  const named = { ...(group.name === undefined ? {} : { name: group.name }), ...(group.title === undefined ? {} : { title: group.title }) };
  const { layer = group.other } = group;
  if (layer) return { ...named, ...layer };
  if (group.embedding) return { ...named, kind: 'embedding', tokens: group.embedding[0], units: group.embedding[1] };
  const said = group.activation === undefined ? {} : { activation: group.activation };
  if (group.dense) return { ...named, kind: 'dense', units: group.dense[1], useBias: group.bias !== undefined, ...said };
  const { kernel, recurrent, bias } = group;
  if (!kernel || !recurrent)
    throw new RnnError('convention', 'E_UNDETERMINED', `a recurrent layer has only ${kernel ? 'input' : 'recurrent'} weights`, {
      where: group.name,
      expected: 'Wx and Wh',
    });
  const { kind, units } = cellOf(recurrent, group.projection, framework);
  if (kind === 'rnn' && hints.activation === undefined && group.projection !== undefined) throw unknownGates(recurrent, framework);
  const twoRows = bias?.length === 2;
  const { resetAfter, recurrentActivation: gated } = getCell(kind).fields;
  return {
    ...named,
    kind,
    units,
    useBias: bias !== undefined,
    ...(resetAfter ? { resetAfter: bias === undefined || twoRows } : {}),
    ...(resetAfter || bias === undefined ? {} : { twoBiases: twoRows }),
    ...(group.projection === undefined ? {} : { projection: group.projection }),
    ...(group.peepholes ? { peepholes: true } : {}),
    ...(group.recurrentActivation === undefined || !gated ? {} : { recurrentActivation: group.recurrentActivation }),
    ...(group.bidirectional ? { bidirectional: group.merged ? '_' : 'concat' } : {}),
    ...(hints.activation === undefined ? said : { activation: hints.activation }),
    ...(hints.recurrentActivation === undefined || !gated ? {} : { recurrentActivation: hints.recurrentActivation }),
  };
}

/** Kind and units from Wh [P, G·M]: the only cell with so many gates. With a projection the kind is LSTM. */
function cellOf([P, width]: readonly number[], projection: number | undefined, framework: FrameworkName): { kind: string; units: number } {
  if (projection !== undefined) return { kind: 'lstm', units: width / 4 };
  const cells = CELLS.filter(cell => cell.gates.length === width / P && (framework !== 'torch' || cell.torch));
  if (cells.length !== 1) throw unknownGates(width === undefined ? [P] : [P, width], framework);
  return { kind: cells[0].name, units: P };
}

function unknownGates(shape: readonly number[], framework: FrameworkName): RnnError {
  return new RnnError('convention', 'E_UNDETERMINED', `recurrent weights of shape ${formatShape(shape)} fit no known cell`, {
    expected: CELLS.map(cell => `[M, ${cell.gates.length === 1 ? '' : cell.gates.length}M] (${cell.name})`).join(', '),
    found: formatShape(shape),
    fix: framework === 'torch' ? `give a file that says how they are used, ${EXPORT}` : undefined,
  });
}
