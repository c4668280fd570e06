/**
 * A fact that can change y, and that neither the file nor a flag says. The list goes with the network into every result and JSON
 * document: a number is right, or asked for, or its assumption is printed.
 */
export const FACTS = [
  'order',
  'wiring',
  'activation',
  'nonlinearity',
  'step',
  'shape',
  'copy',
  'forget-bias',
  'description',
  'precision',
  'state',
  'x',
  'weights',
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
