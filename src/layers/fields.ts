import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { Field } from './layer.js';

/** Field types for lists, shared by several layers. */

type Own = Extract<Field, { type: 'own' }>;

export const LARGEST = 2 ** 31 - 1;

interface ListOptions {
  /** exact length; a single number then stands for all elements */
  readonly count?: number;
  /** smallest number allowed */
  readonly from?: number;
  /** absent: required */
  readonly default?: readonly number[] | null;
}

/** A field that is a list of whole numbers, at least 1 by default. */
export function sizes({ count, from = 1, ...rest }: ListOptions = {}): Own {
  const wanted = `${count === undefined ? 'a list of' : count} whole numbers from ${from}`;
  const number = { type: 'integer', minimum: from, maximum: LARGEST };
  return list(count, wanted, v => Number.isInteger(v) && v >= from && v <= LARGEST, number, rest);
}

/** A field that is a list of finite numbers. */
export function numbers(rest: Pick<ListOptions, 'default' | 'count'> = {}): Own {
  return list(rest.count, 'a list of numbers', Number.isFinite, { type: 'number' }, rest);
}

function list(
  count: number | undefined,
  wanted: string,
  fits: (v: number) => boolean,
  number: object,
  rest: Pick<ListOptions, 'default'>,
): Own {
  const array = { type: 'array', items: number, ...(count === undefined ? {} : { minItems: count, maxItems: count }) };
  const orNull = rest.default === null;
  return {
    type: 'own',
    check(value, key) {
      if (value === null && orNull) return null;
      const given = typeof value === 'number' && count !== undefined ? new Array<number>(count).fill(value) : value;
      if (!Array.isArray(given) || (count !== undefined && given.length !== count)) throw wrong(key, wanted, value);
      const odd = given.find(v => typeof v !== 'number' || !fits(v));
      if (odd !== undefined) throw wrong(key, wanted, odd);
      return given;
    },
    schema: { anyOf: [array, ...(count === undefined ? [] : [number]), ...(orNull ? [{ type: 'null' }] : [])] },
    ...('default' in rest ? { default: rest.default } : {}),
  };
}

function wrong(where: string, expected: string, value: unknown): RnnError {
  const found = Array.isArray(value) ? `${value.length} values` : typeof value === 'object' ? 'an object' : escapeText(String(value), 40);
  return new RnnError('spec', 'E_SPEC_TYPE', `expected ${expected}, found ${found}`, { where, expected, found });
}
