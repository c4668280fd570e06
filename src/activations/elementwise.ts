import type { ActivationNames, ElementwiseActivation } from './activation.js';

/** An activation of single numbers without parameters. */
export function plain(names: ActivationNames, f: (x: number) => number): ElementwiseActivation {
  return { kind: 'elementwise', ...names, create: () => f };
}

/** One whose parameters are numbers. */
export function withNumbers(
  names: ActivationNames,
  create: (parameters: Readonly<Record<string, number>>) => (x: number) => number,
): ElementwiseActivation {
  return { kind: 'elementwise', ...names, create: create as ElementwiseActivation['create'] };
}
