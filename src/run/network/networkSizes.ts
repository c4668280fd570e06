import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { inferShapes, type ModelShapes } from '../../model/shapes.js';
import { type InputSpec, inputsOf, type ModelSpec } from '../../model/spec.js';
import { formatShape } from '../../tensor/tensor.js';
import type { NetworkRequest } from '../request.js';

/** The shape of an input file, batch-major; it provides sizes that the request and the description leave open. */
export type KnownShape = readonly number[] | undefined;

/** The error for a size that neither the file, nor a flag, nor the input gives. */
export function noSize(letter: 'T' | 'D', what: string): RnnError {
  return new RnnError('usage', 'E_SIZE', `${what} is not known`, {
    where: `--${letter}`,
    expected: 'a whole number from 1',
    found: 'nothing',
    fix: `give --${letter}, or an input (-i)`,
  });
}

/** Sizes from the flags, then from the input file, then (in the tutorial form) the tutorial's. `--T ?` stays symbolic without an input. */
export function inputSizes(
  request: NetworkRequest,
  known: KnownShape,
  layers: readonly unknown[],
  defaults: { readonly T?: number; readonly D?: number },
): Record<string, unknown> {
  const shown = sizesIn(known, request, layers);
  const timesteps = request.T === '?' ? (shown.T ?? null) : (request.T ?? shown.T ?? defaults.T ?? null);
  return { batch: request.N ?? null, timesteps, features: request.D ?? shown.D ?? defaults.D ?? null };
}

/** T and D of an input of this shape: [N, T, D], one sequence [T, D], token numbers [N, T] or [T]. */
function sizesIn(known: KnownShape, request: NetworkRequest, layers: readonly unknown[]): { T?: number; D?: number } {
  if (!known) return {};
  const tokens = layers.some(l => (l as Record<string, unknown> | null)?.kind === 'embedding');
  if (tokens) return { T: known[known.length - 1] };
  if (known.length === 3) return { T: known[1], D: known[2] };
  if (known.length === 2) return { T: typeof request.T === 'number' ? request.T : known[0], D: known[1] };
  if (known.length === 1) return { T: known[0], D: 1 };
  // a wrong number of axes is refused once the network is known
  return { D: known.at(-1) };
}

/** Fills in the sizes that a description leaves open. @throws RnnError E_CONFLICT if a flag contradicts the file */
export function withSizes(spec: Record<string, unknown>, request: NetworkRequest, known: KnownShape): Record<string, unknown> {
  const only = Array.isArray(spec.inputs) && spec.inputs.length === 1 ? (spec.inputs[0] as Record<string, unknown>) : undefined;
  const input = { ...(only ?? ((spec.input ?? {}) as Record<string, unknown>)) };
  if ((spec.inputs !== undefined && !only) || input.shape !== undefined) return spec;
  const layers = Array.isArray(spec.layers) ? spec.layers : [];
  const inInput = sizesIn(known, request, layers);
  const hasOperators = layers.some(layer => (layer as { kind?: unknown } | null)?.kind === 'op');
  const sizes: [string, number | undefined, number | undefined][] = [
    ['batch', request.N, undefined],
    ['timesteps', request.T === '?' ? undefined : request.T, inInput.T],
    ['features', request.D, inInput.D],
  ];
  for (const [key, asked, shown] of sizes) {
    if (key !== 'batch') checkAsked(key, input[key], asked);
    // operators may depend on the file's own number of samples
    if (input[key] === undefined || input[key] === null || (key === 'batch' && asked !== undefined && !only && !hasOperators))
      input[key] = asked ?? input[key] ?? shown ?? null;
  }
  return only ? { ...spec, inputs: [input] } : { ...spec, input };
}

/** @throws RnnError E_CONFLICT if a flag and the file give different sizes */
export function checkAsked(what: string, said: unknown, asked: number | undefined): void {
  if (asked === undefined || typeof said !== 'number' || said === asked) return;
  throw new RnnError('usage', 'E_CONFLICT', `the file says ${what} ${said}, but the flags say ${asked}`, {
    expected: String(said),
    found: String(asked),
    fix: 'drop the flag',
  });
}

interface Sized {
  readonly model: ModelSpec;
  readonly shapes: ModelShapes;
}

/**
 * Refuses --T and --D if no input has, or leaves open, such a size.
 * @throws RnnError E_CONFLICT
 */
export function checkSizesHeld({ model, shapes }: Sized, request: Pick<NetworkRequest, 'T' | 'D'>): void {
  const inputs = inputsOf(model).map(({ name }) => shapes.values.get(name) ?? []);
  // samples are the first axis, except in a graph whose first axis is steps
  const axes = inputs.flatMap(dims => dims.filter(({ symbol }, i) => symbol !== 'N' && (i > 0 || symbol === 'T')));
  const sizes = axes.map(({ size }) => size);
  for (const letter of ['T', 'D'] as const) {
    const asked = request[letter];
    if (typeof asked !== 'number' || sizes.some(size => size === asked || (size === null && letter === 'T'))) continue;
    const found = inputs.map(dims => formatShape(dims.map(({ symbol, size }) => size ?? symbol))).join(' and ');
    const of = inputs.length > 1 ? 'no input has' : 'the input does not have';
    throw new RnnError('usage', 'E_CONFLICT', `--${letter} ${asked} has nothing to act on: ${of} an axis of ${asked}`, {
      expected: found,
      found: String(asked),
      fix: `drop --${letter}`,
    });
  }
}

/** Sets --N and --T at the open axes of the inputs that have these letters. */
export function withAskedSizes<N extends Sized>(network: N, request: Pick<NetworkRequest, 'N' | 'T'>): N {
  const { model, shapes } = network;
  const T = typeof request.T === 'number' ? request.T : null;
  const sized = (input: InputSpec): InputSpec => {
    const [, ...axes] = shapes.values.get(input.name) ?? [];
    const size = (said: number | null, i: number) => said ?? (axes[i]?.symbol === 'T' ? T : null);
    const own = { ...input, batch: input.batch ?? request.N ?? null };
    return input.shape ? { ...own, shape: input.shape.map(size) } : { ...own, timesteps: size(input.timesteps, 0) };
  };
  const [input, ...others] = inputsOf(model).map(sized);
  const asked = { ...model, input, ...(model.otherInputs ? { otherInputs: others } : {}) };
  return { ...network, model: asked, shapes: inferShapes(asked) };
}

/** A path as messages show it. */
export function shownPath(path: string): string {
  return path === '-' ? 'stdin' : escapeText(path);
}
