import { RnnError } from '../errors.js';
import type { CompareRequest, ForwardRequest } from './request.js';

/** Rules between the keys of a request, checked before any file is read; the same for flags and for library callers. */

type Request = ForwardRequest & CompareRequest;
type Key = keyof Request;

/** Two keys that exclude each other. A network is described in exactly one form. */
export interface Conflict<R> {
  readonly a: keyof R & string;
  readonly b: keyof R & string;
  readonly fix: string;
  /** exception: both may be given if this returns true */
  readonly fine?: (request: R) => boolean;
}

/** Pairs each key of the first list with each of the second. */
export function pairs<R>(
  one: Conflict<R>['a'] | readonly Conflict<R>['a'][],
  other: Conflict<R>['a'] | readonly Conflict<R>['a'][],
  fix: string,
  fine?: Conflict<R>['fine'],
): Conflict<R>[] {
  return [one].flat().flatMap(a => [other].flat().map(b => ({ a, b, fix, fine })) as Conflict<R>[]);
}

const ONE_FORM = 'describe the network once: by dimensions, by --layers, or by --model';
const IN_LAYERS: Partial<Record<Key, string>> = {
  M: 'write the units in --layers: "lstm:64"',
  K: 'write the dense layer in --layers: "lstm:64,dense:10"',
  cell: 'write the cell in --layers: "gru:64"',
  task: 'write +seq or +last in --layers: "lstm:64+seq,dense:10"',
  pool: 'write the pooling in --layers: "lstm:64,maxpool,dense:10"',
  bidirectional: 'write bi before the cell in --layers: "bilstm:64"',
  stack: 'write +x3 in --layers: "lstm:64+x3"',
  activation: 'write @name in --layers: "rnn:64@relu"',
  recurrentActivation: 'write it behind a slash in --layers: "lstm:64@tanh/hard_sigmoid"',
};

const CONFLICTS: readonly Conflict<Request>[] = [
  pairs<Request>('model', 'layers', ONE_FORM),
  ...Object.entries(IN_LAYERS).map(([key, fix]) => [
    // --layers 2 beside --M 64 means --stack 2, which the parser of --layers reports
    ...pairs<Request>('layers', key as Key, fix, r => /^\s*\d+\s*$/.test(String(r.layers))),
    // a weights file alone leaves these to flags, which is only known once it is read
    ...(['task', 'pool', 'activation', 'recurrentActivation'].includes(key)
      ? []
      : pairs<Request>('model', key as Key, `the file says it already; ${ONE_FORM}`)),
  ]),
  pairs<Request>(
    'task',
    'pool',
    'pooling leaves one vector per sample: drop --pool, or use --task many-to-one',
    r => r.task !== 'many-to-many' || r.pool === 'last',
  ),
  pairs<Request>('stack', 'M', '--M 5,4 is a stack of two already: drop --stack', r => r.M?.length === 1),
  pairs<Request>('tol', ['atol', 'rtol'], 'auto is computed from the network: drop one of them'),
  pairs<Request>(
    'against',
    'engines',
    'compare with a file, or engines with each other; --engine says which engine is compared with the file',
  ),
  pairs<Request>('engine', 'engines', 'with --engines the engines are named there: drop --engine'),
  pairs<Request>('fast', 'dtype', 'fused multiply-add is for float32: drop one of them', r => r.dtype === 'f32'),
  pairs<Request>('fast', 'engine', 'only the batched engine has it: drop one of them', r => /^(batched|auto)$/.test(r.engine!)),
  pairs<Request>('lengths', 'mask', 'both say which steps are padding: drop one of them'),
  pairs<Request>('simulate', ['step', 'unit'], 'what is computed by hand is the network as it is: drop one of them, or use --trace'),
].flat();

/** @throws RnnError E_CONFLICT, E_NEEDS (exit 2) */
export function checkRules(request: object): void {
  checkConflicts(request as Request, CONFLICTS);
  if ((request as Request).timeMajor)
    needs(request as Request, 'timeMajor', ['input'], 'the seeded input has no file whose axes could be swapped');
}

/** @throws RnnError E_CONFLICT naming the first two keys that exclude each other */
export function checkConflicts<R extends object>(request: R, conflicts: readonly Conflict<R>[]): void {
  for (const { a, b, fix, fine } of conflicts)
    if (request[a] !== undefined && request[b] !== undefined && !fine?.(request))
      throw new RnnError('usage', 'E_CONFLICT', `${flagOf(a)} and ${flagOf(b)} cannot be used together`, { fix });
}

/** @throws RnnError E_NEEDS if `key` is given without any of the keys in `one` */
export function needs<R extends object>(request: R, key: keyof R & string, one: readonly (keyof R & string)[], why: string): void {
  if (request[key] === undefined || one.some(other => request[other] !== undefined)) return;
  const others = one
    .map(flagOf)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
  throw new RnnError('usage', 'E_NEEDS', `${flagOf(key)} needs ${others}`, {
    fix: `${why}: drop ${flagOf(key)}, or add ${flagOf(one[0])}`,
  });
}

/** 'timeMajor' -> '--time-major' */
export function flagOf(key: string): string {
  return key.length === 1 ? `--${key}` : `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
}
