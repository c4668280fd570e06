import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { TUTORIAL } from '../model/dimensions.js';
import type { ModelFile } from './files/describedFile.js';
import { shapesInFile } from './network/fileCounts.js';
import { loadDescription, type Network, openModel } from './network/network.js';
import { checkAsked, withAskedSizes } from './network/networkSizes.js';
import { outlinedShapes } from './network/outlinedShapes.js';
import { shapesOf } from './network/shapesResult.js';
import { openLetters, shownGraph } from './network/wiredGraph.js';
import type { ShapesRequest } from './request.js';
import type { Count, ShapesResult } from './result.js';

/**
 * Shapes, weights, parameters, work and memory of a network, from its description alone.
 * @param onNetwork called with the described network, if D is known
 */
export async function runShapes(request: ShapesRequest, onNetwork?: (network: Network) => void): Promise<ShapesResult> {
  const opened = await openModel(request);
  try {
    const loaded = await loadDescription(request, undefined, opened);
    const network =
      loaded.graph && loaded.model.layers.length === 0
        ? await graphAsLayers(loaded, request)
        : loaded.graph
          ? loaded
          : withAskedSizes(loaded, request);
    const shapes = shapesInFile(network);
    checkAsked('samples', shapes.dims.N, request.N);
    onNetwork?.(network);
    return shapes;
  } catch (error) {
    if (error instanceof RnnError && error.code === 'E_SIZE' && error.where === '--D') {
      onNetwork?.(await loadDescription({ ...request, D: TUTORIAL.D }));
      return withoutFeatures(D => loadDescription({ ...request, D }));
    }
    const outlined = opened?.problem && error === opened.problem ? await outlineOf(opened, request) : undefined;
    if (!outlined) throw error;
    onNetwork?.(outlined.network);
    return outlined.shapes;
  }
}

/** What is known of the layers of an unsupported network; undefined if nothing is. */
async function outlineOf(opened: ModelFile, { model, weights }: ShapesRequest): Promise<ReturnType<typeof outlinedShapes>> {
  const beside = weights === undefined ? undefined : await (await import('./files/modelFile.js')).readTensorFile(weights);
  return outlinedShapes(opened, model!, beside);
}

/** Converts a graph to layers and operators. @throws RnnError E_OPERATOR where a size is not known; the fault of an invalid graph */
async function graphAsLayers(network: Network, request: ShapesRequest): Promise<Network> {
  try {
    return await shownGraph(network, request);
  } catch (error) {
    if (!(error instanceof RnnError) || error.kind === 'usage') throw error;
    const file = escapeText(request.model!);
    // what contradicts itself does no less when it runs
    if (!isUnknown(error)) return within(file, () => Promise.reject(error));
    const flags = await helpfulFlags(network, request);
    throw new RnnError('unsupported', 'E_OPERATOR', `its shapes are only known at run time: ${error.message}`, {
      where: [file, ...(error.where ? [error.where] : [])].join(': '),
      expected: 'a network of layers and operators',
      fix: [
        ...(flags.length > 0 ? [`give the size that the file leaves open: ${flags.join(' ')}`] : []),
        'rnn-cli inspect shows its recurrent layers, rnn-cli forward runs it',
      ].join('; '),
    });
  }
}

/** Whether an error says that a size is not known, rather than that it is wrong. */
function isUnknown({ kind, code }: RnnError): boolean {
  return kind === 'unsupported' || code === 'E_SYMBOLIC';
}

/** Sizes to try: which flags would say enough. */
const TRIED = { N: 3, T: 40, D: 24 };

/** The flags that make the shapes of a graph known, with sizes in their place; none where no size helps. */
async function helpfulFlags(network: Network, request: ShapesRequest): Promise<string[]> {
  const open = (await openLetters(network)).filter(letter => request[letter] === undefined);
  for (const letters of [...open.map(letter => [letter]), ...(open.length > 1 ? [open] : [])]) {
    const sizes = Object.fromEntries(letters.map(letter => [letter, TRIED[letter]]));
    const isKnown = await shownGraph(network, { ...request, ...sizes }).then(
      () => true,
      error => error instanceof RnnError && !isUnknown(error),
    );
    if (isKnown) return letters.map(letter => `--${letter} …`);
  }
  return [];
}

/** Values of D that no layer has: numbers that differ between them depend on D. Their differences share no common stride. */
const SIZES = [1_000_003, 1_000_033, 1_000_080] as const;

/** The shapes with D left symbolic: numbers that depend on it are null, and formulas give the totals. */
export async function withoutFeatures(load: (D: number) => Promise<Network>): Promise<ShapesResult> {
  const results = await Promise.all(SIZES.map(async D => shapesOf(await load(D))));
  const result = nullWhereDifferent(results[0], results[1]) as ShapesResult;
  const names = Object.keys(result.totals.byFramework);
  const formulas = {
    params: linearIn(results.map(({ totals }) => totals.params)),
    trainable: linearIn(results.map(({ totals }) => totals.trainable)),
    byFramework: Object.fromEntries(names.map(name => [name, linearIn(results.map(({ totals }) => totals.byFramework[name]))])),
  };
  return { ...result, totals: { ...result.totals, formulas } };
}

/** Formula such as '20*D+132' from the counts at each of SIZES; null if a count is missing or they are not linear in D. */
function linearIn(counts: readonly (Count | null)[]): string | null {
  if (counts.includes(null)) return null;
  const [a, b, c] = counts.map(count => BigInt(count!));
  const [first, second, third] = SIZES.map(BigInt);
  const slope = (b - a) / (second - first);
  const rest = a - slope * first;
  if (b !== rest + slope * second || c !== rest + slope * third) return null;
  return [...(slope === 0n ? [] : [`${slope}*D`]), ...(rest === 0n && slope !== 0n ? [] : [String(rest)])].join('+');
}

function nullWhereDifferent(a: unknown, b: unknown): unknown {
  if (Array.isArray(a)) return a.map((item, i) => nullWhereDifferent(item, (b as unknown[])[i]));
  if (typeof a !== 'object' || a === null) return a === b ? a : null;
  return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, nullWhereDifferent(value, (b as Record<string, unknown>)[key])]));
}
