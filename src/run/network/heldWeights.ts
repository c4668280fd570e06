import { isCellName } from '../../cells/index.js';
import type { Convention, NetworkHints, ReadNetwork } from '../../conventions/convention.js';
import type { WeightSet } from '../../conventions/weightSets.js';
import { RnnError, within } from '../../errors.js';
import type { TensorFile } from '../../formats/format.js';
import { checkGates, TUTORIAL } from '../../model/dimensions.js';
import { splitKey } from '../files/fileKey.js';
import type { NetworkRequest } from '../request.js';
import type { Draft } from './excerpt.js';
import { inputSizes, type KnownShape, shownPath } from './networkSizes.js';
import { isTutorial } from './oneForm.js';

/** The weights in a file, and the convention of their names. */
export interface HeldWeights extends WeightSet {
  readonly convention: Convention;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Reads the tensors of a file and detects the convention of their names. */
export async function weightsOf(path: string, file: TensorFile, described = false): Promise<HeldWeights> {
  const [{ detectConvention }, { weightSetOf }] = await Promise.all([
    import('../../conventions/index.js'),
    import('../../conventions/weightSets.js'),
  ]);
  const [name, key] = splitKey(path);
  return within(shownPath(name), () => {
    const set = weightSetOf(file, key, name);
    return { ...set, convention: detectConvention([...set.tensors.keys()], file.metadata, described), metadata: file.metadata };
  });
}

/** D according to the weights, if the input does not determine it. */
export function featuresOf(
  [first]: readonly Record<string, unknown>[],
  known: KnownShape,
  weights: HeldWeights | undefined,
): number | undefined {
  if (known || !first || !weights) return undefined;
  return weights.convention.featuresFor?.(weights.tensors, first) ?? firstKernel(weights);
}

/** D according to the first kernel in Keras' list of weights, which is in the order of the layers. */
function firstKernel({ convention, tensors }: HeldWeights): number | undefined {
  const [first] = tensors.values();
  return convention.framework === 'keras' && first?.shape.length === 2 ? first.shape[0] : undefined;
}

/** Flags of the input, if there is one. */
interface InputFlags {
  readonly input?: string;
  readonly timeMajor?: boolean;
}

/** The network that a weights file determines, if the flags agree with it; undefined if the flags have to describe it. */
export function specFromWeights(request: NetworkRequest & InputFlags, known: KnownShape, held: HeldWeights): Draft | undefined {
  const hints: NetworkHints = {
    task: request.task ?? 'many-to-one',
    pool: request.pool ?? 'last',
    activation: request.activation,
    recurrentActivation: request.recurrentActivation,
    timesteps: null,
    features: request.D ?? (known && known.length === 3 ? known[2] : undefined),
    said: new Set((['task', 'pool', 'activation', 'timeMajor'] as const).filter(key => request[key])),
    ownInput: request.input !== undefined,
  };
  let read: ReadNetwork;
  try {
    read = held.convention.toSpec(held.tensors, { ...hints, unnamed: held.unnamed, module: held.module }, held.metadata);
  } catch (error) {
    if (error instanceof RnnError && describesNetwork(request, error)) return undefined;
    throw error;
  }
  if (!agrees(request, read)) return undefined;
  checkGates(
    request.recurrentActivation,
    read.layers.flatMap(({ kind }) => (isCellName(String(kind)) ? [String(kind)] : [])),
  );
  const sizes = inputSizes(request, known, read.layers, isTutorial(request) ? TUTORIAL : {});
  return { ...read, spec: { input: { ...sizes, features: read.input.features }, layers: read.layers } };
}

/** Whether flags describe the network that the weights do not determine; D alone does not answer a question about the weights (E_ASK). */
function describesNetwork({ D, M, K, cell }: NetworkRequest, { code }: RnnError): boolean {
  return (D !== undefined && code !== 'E_ASK') || M !== undefined || K !== undefined || cell !== undefined;
}

function agrees(request: NetworkRequest, read: ReadNetwork): boolean {
  const recurrent = read.layers.filter(l => isCellName(String(l.kind)));
  const dense = read.layers.filter(l => l.kind === 'dense');
  const M = request.M ?? recurrent.map(l => l.units);
  const units = M.length === 1 ? recurrent.map(() => M[0]) : M;
  return (
    (request.D ?? read.input.features) === read.input.features &&
    units.length === recurrent.length &&
    recurrent.every((l, i) => l.units === units[i]) &&
    (request.M === undefined || request.M.length === recurrent.length || request.stack === recurrent.length) &&
    (request.stack ?? recurrent.length) === recurrent.length &&
    (request.cell === undefined || recurrent.every(l => l.kind === request.cell)) &&
    (request.bidirectional === undefined || recurrent.every(l => (l.bidirectional !== undefined) === request.bidirectional)) &&
    (request.K === undefined || (request.K === 0 ? dense.length === 0 : dense[dense.length - 1]?.units === request.K))
  );
}
