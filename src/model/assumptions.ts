import { RnnError } from '../errors.js';

/**
 * A fact that can change y, and that neither the file nor a flag says. The list goes with the network into every result and JSON
 * document: a number is right, or asked for, or its assumption is printed.
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
  /** the value that was taken: 'last' */
  readonly value: string;
  /** why it had to be assumed: 'a state dict does not say' */
  readonly why: string;
  /** the flags that say it, or say otherwise: '--layers rnn:5+seq,dense:2'; null where no flag can */
  readonly say: string | null;
}

/** A fact that the user has to give: it cannot be assumed, because no value is the usual one. */
export interface Question {
  /** 'which activation is between fc1 and fc2' */
  readonly what: string;
  /** who leaves it open, the beginning of that sentence: 'a state dict does not say' */
  readonly why: string;
  /** the line with `_` where the user has to say: 'lstm:64,dense:64@_,dense:1' */
  readonly layersLine: string;
  /** the line has what there is, in the order of the file, which is not that of use */
  readonly inAnyOrder?: boolean;
  /** what else the line takes that nobody has said */
  readonly taken?: readonly Assumption[];
  /** what to do instead of completing that line; several of them with '; or' between */
  readonly advice?: string;
}

/** With `--strict`, nothing that the file and the flags leave open is assumed. @throws RnnError E_ASSUMED (convention, exit 3) */
export function checkAssumptions(assumptions: readonly Assumption[], strict: boolean | undefined, lineOf?: () => string | null): void {
  if (!strict || assumptions.length === 0) return;
  const [{ what, why, say }] = assumptions;
  const more = assumptions.length === 1 ? '' : `, and ${assumptions.length - 1} more`;
  const layersLine = lineOf?.();
  const line = layersLine ? `--layers "${layersLine}"` : say;
  throw new RnnError('convention', 'E_ASSUMED', `assumed: ${what} (${why})${more}`, {
    expected: 'everything that changes y said by the file or by a flag (--strict)',
    found: assumptions.map(a => `${a.fact}: ${a.value}`).join(', '),
    fix: line ? `say it: ${line}` : 'drop --strict',
    layersLine: layersLine ?? undefined,
  });
}

/** A `_` that stands for a value, not one within a name. */
const UNFILLED = /(^|[,@+=])_/;

/** The error that asks for what nobody has said: E_ASK (convention, exit 3). */
export function ask({ what, why, layersLine, inAnyOrder, taken = [], advice }: Question): RnnError {
  const line = `--layers "${layersLine}"${taken.length === 0 ? '' : `, which also says: ${taken.map(a => a.what).join('; ')}`}`;
  const functions = layersLine.includes('@_') ? ' (@linear: no activation)' : '';
  const isOpen = UNFILLED.test(layersLine);
  const order = `if they form a chain, put them in its order${isOpen ? ' and replace each _' : ''}: ${line}`;
  const first = inAnyOrder ? order : isOpen ? `replace each _${functions}: ${line}` : `if it is so, say it: ${line}`;
  return new RnnError('convention', 'E_ASK', `${why} ${what}`, {
    fix: advice ? `${first}; or ${advice}` : first,
    more: 'E_ASK',
    layersLine,
  });
}
