import { RnnError } from '../errors.js';

/**
 * The kinds of facts that can change y and that neither the file nor a flag states. Whatever is assumed about them is carried with the
 * network into every result and JSON document, so that no number rests on an assumption that is not printed.
 */
// biome-ignore format: a table
const FACTS = [
  'order', 'wiring', 'activation', 'nonlinearity', 'step', 'shape', 'copy', 'forget-bias', 'description', 'precision', 'state', 'batch',
  'backend', 'x', 'weights',
] as const;

export type Fact = (typeof FACTS)[number];

export interface Assumption {
  readonly fact: Fact;
  /** what was assumed, as a sentence: 'the head reads the last step' */
  readonly what: string;
  /** the assumed value: 'last' */
  readonly value: string;
  /** why it had to be assumed: 'a state dict does not say' */
  readonly why: string;
  /** the flags that confirm or change it: '--layers rnn:5+seq,dense:2'; null if no flag can */
  readonly say: string | null;
}

/** A fact that the user must state: no value is common enough to be assumed. */
export interface Question {
  /** 'which activation is between fc1 and fc2' */
  readonly what: string;
  /** the start of the sentence that says who leaves it open: 'a state dict does not say' */
  readonly why: string;
  /** the --layers line, with `_` for each value the user must fill in: 'lstm:64,dense:64@_,dense:1' */
  readonly layersLine: string;
  /** whether the line lists the layers in file order, which need not be the order in which they run */
  readonly inAnyOrder?: boolean;
  /** further assumptions that the line would confirm */
  readonly taken?: readonly Assumption[];
  /** alternatives to completing that line, joined by '; or' */
  readonly advice?: string;
}

/** Refuses every assumption if `--strict` is given. @throws RnnError E_ASSUMED (convention, exit 3) */
export function checkAssumptions(assumptions: readonly Assumption[], strict: boolean | undefined, lineOf?: () => string | null): void {
  if (!strict || assumptions.length === 0) return;
  const [{ what, why, say }] = assumptions;
  const more = assumptions.length === 1 ? '' : `, and ${assumptions.length - 1} more`;
  const layersLine = lineOf?.();
  const line = layersLine ? `--layers "${layersLine}"` : say;
  throw new RnnError('convention', 'E_ASSUMED', `assumed: ${what} (${why})${more}`, {
    expected: 'everything that changes y given by the file or by a flag (--strict)',
    found: assumptions.map(a => `${a.fact}: ${a.value}`).join(', '),
    fix: line ? `state it: ${line}` : 'drop --strict',
    layersLine: layersLine ?? undefined,
  });
}

/** A `_` that stands for a value, not one within a name. */
const UNFILLED = /(^|[,@+=])_/;

/** Returns the error that asks the user for a missing fact: E_ASK (convention, exit 3). */
export function ask({ what, why, layersLine, inAnyOrder, taken = [], advice }: Question): RnnError {
  const line = `--layers "${layersLine}"${taken.length === 0 ? '' : `, which also says: ${taken.map(a => a.what).join('; ')}`}`;
  const functions = layersLine.includes('@_') ? ' (@linear: no activation)' : '';
  const isOpen = UNFILLED.test(layersLine);
  const order = `if they form a chain, put them in its order${isOpen ? ' and replace each _' : ''}: ${line}`;
  const first = inAnyOrder ? order : isOpen ? `replace each _${functions}: ${line}` : `if that is right, state it: ${line}`;
  return new RnnError('convention', 'E_ASK', `${why} ${what}`, {
    fix: advice ? `${first}; or ${advice}` : first,
    more: 'E_ASK',
    layersLine,
  });
}
