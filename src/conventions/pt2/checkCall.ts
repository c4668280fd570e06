import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { asObject, type Json } from '../../layers/kerasConfig.js';
import { once } from '../../once.js';
import { type Kind, REQUIRED, USUAL } from './signatures.js';

/** The forms in which a file may contain an argument of each kind (None, where it is allowed, is not listed). */
const WRITTEN: Readonly<Record<Kind, string>> = {
  tensor: 'as_tensor as_optional_tensor',
  tensors: 'as_tensors as_optional_tensors',
  int: 'as_int as_sym_int',
  ints: 'as_ints as_sym_ints as_int as_sym_int',
  number: 'as_int as_float as_bool as_sym_int as_sym_float',
  numbers: 'as_floats as_ints',
  flag: 'as_bool as_sym_bool',
  text: 'as_string',
  type: 'as_scalar_type',
};

/** Kinds that are lists: an empty list has the same form for all of them. */
const LISTS: ReadonlySet<Kind> = new Set(['tensors', 'ints', 'numbers']);

/** Operators that accept a number in place of a tensor, according to `torch._C._should_allow_numbers_as_tensors`. */
const TAKES_NUMBERS = /^(_conj|_to_copy|add|copy|div|floor_divide|mul|sub|to|true_divide)_?$/;

interface Signature {
  /** arguments without which PyTorch does not load the program, in order -> whether they may be None */
  readonly required: ReadonlyMap<string, boolean>;
  /** kinds of arguments that differ from the usual kind of their names */
  readonly kinds: ReadonlyMap<string, Kind>;
}

const usual = once(
  () => new Map(Object.entries(USUAL).flatMap(([kind, names]) => names.split(' ').map(name => [name, kind as Kind] as const))),
);

const signatures = once(
  () =>
    new Map(
      Object.entries(REQUIRED).flatMap(([words, operators]) => {
        const signature = readSignature(words.split(' '));
        return operators.split(' ').map(operator => [operator, signature] as const);
      }),
    ),
);

/** `dim?:ints` and `end=:int` @see REQUIRED */
function readSignature(words: readonly string[]): Signature {
  const parsed = words.map(word => /^(\w+)([?=]?):?(\w*)$/.exec(word)!);
  return {
    required: new Map(parsed.flatMap(([, name, mark]) => (mark === '=' ? [] : [[name, mark === '?'] as const]))),
    kinds: new Map(parsed.flatMap(([, name, , kind]) => (kind === '' ? [] : [[name, kind as Kind] as const]))),
  };
}

/**
 * Checks that a call has the required arguments of its operator, each of its kind. Operators that are not supported are not checked.
 * @param inputs as in the file: {name, arg: {as_…: …}}
 * @throws RnnError E_PT2_GRAPH naming the argument
 */
export function checkCall(target: string, inputs: readonly unknown[]): void {
  const operator = target.replace(/^aten\./, '').replace(/\.default$/, '');
  const signature = signatures().get(operator) ?? signatures().get(operator.replace(/_(?=\.|$)/, ''));
  if (!signature) return;
  const given = new Map(inputs.map(input => [String((input as Json).name), (input as Json).arg]));
  for (const [name, mayBeNone] of signature.required) {
    if (!given.has(name))
      throw noFit(
        target,
        `the argument ${name} is missing`,
        [...signature.required.keys()].join(', '),
        [...given.keys()].join(', ') || 'none',
      );
    if (!mayBeNone && isNone(given.get(name))) throw otherKind(target, name, kindOf(signature, name), 'None');
  }
  for (const [name, arg] of given) {
    const kind = kindOf(signature, name);
    const [[written, value]] = Object.entries(asObject(arg, 'argument'));
    if (kind === undefined || isNone(arg) || (LISTS.has(kind) && Array.isArray(value) && value.length === 0)) continue;
    const forms = kind === 'tensor' && TAKES_NUMBERS.test(operator.split('.')[0]) ? `${WRITTEN.tensor} ${WRITTEN.number}` : WRITTEN[kind];
    if (!forms.split(' ').includes(written)) throw otherKind(target, name, kind, written.replace(/^as_/, ''));
  }
}

function kindOf({ kinds }: Signature, name: string): Kind | undefined {
  return kinds.get(name) ?? usual().get(name);
}

function isNone(arg: unknown): boolean {
  const { as_optional_tensor: optional } = (arg ?? {}) as { as_optional_tensor?: unknown };
  return Object.hasOwn((arg ?? {}) as object, 'as_none') || (optional !== undefined && isNone(optional));
}

function otherKind(target: string, name: string, expected: Kind | undefined, found: string): RnnError {
  return noFit(target, `the argument ${name} is of another kind`, expected ?? 'a value', escapeText(found, 40));
}

function noFit(target: string, what: string, expected: string, found: string): RnnError {
  return new RnnError('format', 'E_PT2_GRAPH', `${what}; PyTorch would not run this program`, {
    where: escapeText(target, 60),
    expected,
    found: escapeText(found, 200),
    fix: 'export the module again and save it: torch.export.save(torch.export.export(model, (x,)), "model.pt2")',
  });
}
