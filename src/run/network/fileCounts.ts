import type { KerasDetails } from '../../conventions/keras/outlined.js';
import { type Quantization, type StoredWeight, storedWeights } from '../../conventions/keras/storedWeights.js';
import { DTYPE_BYTES } from '../../formats/bytes/budget.js';
import type { TensorFile } from '../../formats/format.js';
import { exactSize, sizeOf } from '../../tensor/tensor.js';
import type { LayerRow, ShapesResult, SummaryModel } from '../result.js';
import type { Network } from './network.js';
import { shapesOf, toCount, uncounted } from './shapesResult.js';

/** Counts parameters as the file's framework does, if its tensors differ from the weights used for computing. */

type Described = Pick<Network, 'shapes' | 'described'>;
type KerasCounts = Pick<SummaryModel, 'trainable' | 'nonTrainable' | 'optimizer' | 'bytes'>;

interface FileCounts {
  readonly params: bigint;
  readonly trainable: bigint;
  /** the number of parameters by the framework's own definition */
  readonly own: bigint;
  /** why they differ from those of the table */
  readonly note: string;
}

/** The shapes of a network, with parameters counted as the file's framework counts them. */
export function shapesInFile(network: Network): ShapesResult {
  const result = shapesOf(network);
  const counts = network.described?.unpack ? keptPacked(result.layers, network) : ofProgram(network);
  const { totals } = result;
  if (!counts || (counts.params === BigInt(totals.params ?? 0) && counts.trainable === BigInt(totals.trainable ?? 0))) return result;
  const { params, trainable, own, note } = counts;
  const replaced = new Set(uncounted(network));
  return {
    ...result,
    totals: {
      ...totals,
      params: toCount(params),
      trainable: toCount(trainable),
      nonTrainable: toCount(params - trainable),
      byFramework: { ...totals.byFramework, [network.framework]: toCount(own) },
      bytes: toCount(params * 4n),
    },
    notes: [...result.notes.filter(text => !replaced.has(text)), note],
  };
}

/** Counts of a Keras model with LoRA, or with kernels stored as integers. */
function keptPacked(layers: readonly LayerRow[], network: Described): FileCounts {
  const { described } = network;
  const { trainable, nonTrainable } = countsOf({ layers }, network, described!.outline!(described!.file).details);
  const note =
    "counted as Keras does: LoRA's matrices beside the frozen kernel, kernels of 8 and 4 bits with their scales; in the table they are one kernel";
  const params = BigInt(trainable) + BigInt(nonTrainable);
  return { params, trainable: BigInt(trainable), own: params, note };
}

/** Counts of a .pt2 file, which lists its parameters. */
function ofProgram({ shapes, described }: Described): FileCounts | undefined {
  const [params, trained] = ['parameters', 'trained'].map(key => described?.file.metadata.get(key));
  if (params === undefined || trained === undefined || described?.file.format !== 'pt2') return undefined;
  const statistics = shapes.layers.flatMap(l => l.weights.filter(w => w.frozen)).reduce((sum, w) => sum + exactSize(w.shape), 0n);
  const note = 'counted as the file lists its parameters: of operators and parametrisations, too, one under two names once';
  return { params: BigInt(params) + statistics, trainable: BigInt(trained), own: BigInt(params), note };
}

/** Whether a weight of an unknown layer is a statistic, which training updates but does not learn. */
export function isFixed({ role }: { readonly role: string }): boolean {
  return role === STATISTIC;
}

export const STATISTIC = 'statistics';

/** The size of the two matrices that LoRA adds to a kernel. */
export function adapted({ name, weights }: LayerRow, details: ReadonlyMap<string, KerasDetails>): bigint {
  const rank = details.get(name)?.rank;
  const kernel = weights[0]?.shape as readonly number[] | undefined;
  if (typeof rank !== 'number' || !kernel) return 0n;
  return BigInt(rank) * (exactSize(kernel.slice(0, -1)) + BigInt(kernel[kernel.length - 1]));
}

/** Counts and bytes, trainable and not; with LoRA, the kernel itself is frozen. */
export function countsOf(
  { layers }: Pick<ShapesResult, 'layers'>,
  network: Described,
  details: ReadonlyMap<string, KerasDetails>,
): KerasCounts {
  const frozen = new Map(network.shapes.layers.map(({ layer, weights }) => [layer.name, weights.map(w => w.frozen === true)]));
  const counts = { trainable: 0n, nonTrainable: 0n };
  const bytes = { trainable: 0, nonTrainable: 0, optimizer: 0 };
  const add = (what: 'trainable' | 'nonTrainable', count: bigint, each: number) => {
    counts[what] += count;
    bytes[what] += Number(count) * each;
  };
  for (const row of layers) {
    const { bytes: each = 4, rank = null, quantized } = details.get(row.name) ?? {};
    const kind = row.trainable ? 'trainable' : 'nonTrainable';
    const kept = quantized ? keptWeights(row, quantized) : undefined;
    if (kept) {
      for (const { isBias, count, bytes } of kept) add(isBias ? kind : 'nonTrainable', count, bytes ?? each);
      add(kind, adapted(row, details), 4);
      continue;
    }
    row.weights.forEach((weight, i) => {
      const fixed = frozen.get(row.name)?.[i] || isFixed(weight) || (i === 0 && rank !== null);
      // a Normalization layer counts the samples it has seen in an int64
      add(fixed ? 'nonTrainable' : kind, BigInt(weight.count ?? 0), weight.name === 'count' ? 8 : each);
    });
    add(kind, adapted(row, details), each);
  }
  const optimizer = optimizerOf(network.described?.file);
  bytes.optimizer = optimizer.reduce((sum, t) => sum + sizeOf(t.shape) * DTYPE_BYTES[t.dtype], 0);
  const built = optimizer.length > 0 ? { optimizer: optimizer.reduce((sum, t) => sum + sizeOf(t.shape), 0) } : {};
  return { ...counts, ...built, bytes };
}

/** The tensors that Keras stores for a layer with an integer kernel; undefined for any other layer. */
export function keptWeights({ weights }: LayerRow, quantized: Quantization): (StoredWeight & { isBias: boolean })[] | undefined {
  const [kernel, ...others] = weights;
  if (!kernel?.shape) return undefined;
  const bias = others.filter(w => w.role === 'bias').map(w => ({ count: BigInt(w.count ?? 0), bytes: null, isBias: true }));
  return [...storedWeights(quantized, kernel.shape as readonly number[]).map(stored => ({ ...stored, isBias: false })), ...bias];
}

/** Variables of a built optimizer, in a .keras or a whole-model .h5 file. */
function optimizerOf(file: TensorFile | undefined) {
  return [...(file?.tensors ?? [])].filter(([name]) => /^optimizer(_weights)?\//.test(name)).map(([, tensor]) => tensor);
}
