import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Json } from '../../layers/kerasConfig.js';
import { type Argument, type CallArguments, isTensor, type TensorArgument, tensorsOf } from './arguments.js';
import { callInputsOf, callKindsOf, callOptionsOf, ignoresTraining, takesStates } from './layers.js';

/** The arguments of one call of a layer. */

/** What a layer receives in a call: its inputs, and what is passed by argument. */
export interface Call {
  readonly inputs: readonly string[];
  readonly mask: string | null | undefined;
  readonly states: readonly string[] | undefined;
  /** states with a single row, and their rank: Keras uses that row for every sample */
  readonly shared?: ReadonlyMap<string, number>;
  /** other arguments, for layers that accept any */
  readonly rest: Json;
  /** dtype of the first input, if the file records it */
  readonly type?: string;
  /** rank of each input, if the file records it */
  readonly ranks?: readonly (number | undefined)[];
}

export const NO_ARGUMENTS = { mask: undefined, states: undefined, rest: {} };

/** Arguments that do not change the result of a forward pass. */
const NOTHING = new Set(['training', 'name']);

/** 1 and 0 are truths in the call of a layer: training=1. */
const truth = (argument: Argument): Argument => (argument === 1 ? true : argument === 0 ? false : argument);

/**
 * Reads one call of a layer: inputs, mask, initial states and options, by the argument names of the layer's `call`.
 * @throws RnnError E_KERAS_CONFIG, E_KERAS_OPTION
 */
export function callOf(layer: Json, given: CallArguments, value: (t: Argument) => string): Call {
  const { args, kwargs } = inPlace(given);
  const [first, ...more] = args;
  if (args.flatMap(tensorsOf).length === 0)
    throw new RnnError('convention', 'E_KERAS_CONFIG', 'the call has no input', {
      where: 'inbound_nodes',
      expected: 'a tensor',
      found: 'none',
    });
  const isRecurrent = takesStates(layer.class_name);
  const inputs = tensorsOf(first).map(value);
  let states = tensorsOf(kwargs.initial_state).map(value);
  let mask: Call['mask'] = isTensor(kwargs.mask) ? value(kwargs.mask) : undefined;
  const rest: Record<string, unknown> = {};
  if (isRecurrent) {
    if (tensorsOf(more[0]).length > 0) states = tensorsOf(more[0]).map(value);
    if (isTensor(more[1])) mask = value(more[1]);
    states = [...inputs.splice(1), ...states];
  } else inputs.push(...more.flatMap(tensorsOf).map(value));
  // attention has a mask of the query and one of the values
  const masks = 'attention_mask' in callInputsOf(layer.class_name) && Array.isArray(kwargs.mask) ? kwargs.mask : undefined;
  const [ofQuery, ofValues] = masks ?? [];
  if (masks && !isTensor(ofValues))
    throw new RnnError('unsupported', 'E_KERAS_OPTION', 'attention is called with a mask for the query only', {
      where: 'mask',
      expected: 'mask=[query mask or None, value mask]',
      found: 'no value mask',
    });
  if (isTensor(ofValues)) rest.attention_mask = { value: value(ofValues) };
  if (masks) mask = isTensor(ofQuery) ? value(ofQuery) : null;
  // a positional argument has an effect, too
  more.forEach((argument, i) => {
    if (truth(argument) === true) rest[`argument ${i + 2}`] = argument;
  });
  for (const [key, given] of Object.entries(kwargs)) {
    const argument = truth(given);
    if (argument === null || key === 'initial_state' || (key === 'mask' && mask !== undefined)) continue;
    if (NOTHING.has(key) && (argument !== true || ignoresTraining(layer.class_name))) continue;
    if (argument === false) continue;
    rest[key] = isTensor(argument) ? { value: value(argument) } : argument;
  }
  const single = [...args, kwargs.initial_state].flatMap(tensorsOf).filter(isOneRow);
  const shared = new Map(single.map(state => [value(state), state.shape!.length]));
  const [x] = tensorsOf(first);
  const ranks = args.flatMap(tensorsOf).map(({ shape }) => shape?.length);
  if (isAttention(layer) && !attendsToSamples(layer, { ranks, rest })) checkRanks(ranks);
  return { inputs, mask, states: states.length > 0 ? states : undefined, ...(isOneRow(x) ? {} : { shared }), rest, type: x?.dtype, ranks };
}

function isAttention({ class_name: name }: Json): boolean {
  return name === 'Attention' || name === 'AdditiveAttention' || name === 'MultiHeadAttention';
}

/** Whether attention reads inputs without a time axis, so that the samples attend to one another as if they were the steps of one sample. */
export function attendsToSamples(layer: Json, { ranks = [], rest }: Pick<Call, 'ranks' | 'rest'>): boolean {
  const whole = ranks.length > 0 && ranks.every(rank => rank === 2) && rest.use_causal_mask === undefined;
  return whole && isAttention(layer) && layer.class_name !== 'MultiHeadAttention';
}

/** Refuses attention that mixes inputs of two and three axes, or has several heads over two axes: Keras reports another shape than it computes, or fails. @throws RnnError E_KERAS_OPTION */
function checkRanks(ranks: NonNullable<Call['ranks']>): void {
  if (ranks.every(rank => rank === undefined || rank > 2)) return;
  throw new RnnError('unsupported', 'E_KERAS_OPTION', 'attention without a time axis is not supported', {
    where: 'inputs',
    expected: 'query and values [N, T, features]; Attention and AdditiveAttention also take two axes throughout',
    found: `${ranks.map(rank => rank ?? '?').join(', ')} axes`,
  });
}

function isOneRow(tensor: TensorArgument): boolean {
  return tensor?.shape?.[0] === 1;
}

/** Names of the first argument of most layers; those of attention are in order. */
const FIRST = ['inputs', 'sequences', 'sequence', 'x', 'query', 'value', 'key'];

/** Moves keyword arguments that could be positional to their positions: `attention(query=q, value=v)`. */
function inPlace({ args, kwargs }: CallArguments): CallArguments {
  const named = FIRST.filter(key => tensorsOf(kwargs[key]).length > 0);
  const rest = Object.entries(kwargs).filter(([key]) => !named.includes(key));
  return { args: [...args, ...named.map(key => kwargs[key])], kwargs: Object.fromEntries(rest) };
}

/** Returns the keyword arguments that a layer accepts besides its inputs and mask. @throws RnnError E_KERAS_OPTION naming any other */
export function callOptions(layer: Json, rest: Json): Json {
  const read = { ...callOptionsOf(layer.class_name), ...callInputsOf(layer.class_name) };
  const kinds = callKindsOf(layer.class_name);
  const entries = Object.entries(rest).map(([key, value]) => {
    if (Object.hasOwn(read, key)) return [read[key], value];
    if (Object.hasOwn(kinds, key)) return ['kind', kinds[key]];
    throw new RnnError(
      'unsupported',
      'E_KERAS_OPTION',
      `the layer is called with the argument ${escapeText(key, 40)}, which is not supported`,
      {
        where: escapeText(key, 40),
        expected: ['inputs', 'mask', 'initial_state', ...Object.keys(read), ...Object.keys(kinds)].join(', '),
        found: escapeText(JSON.stringify(value) ?? '', 60),
      },
    );
  });
  return Object.fromEntries(entries);
}
