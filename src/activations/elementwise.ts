import type { ActivationNames, ElementwiseActivation } from './activation.js';

/** An elementwise activation without parameters. */
export function plain(names: ActivationNames, f: (x: number) => number): ElementwiseActivation {
  return { kind: 'elementwise', ...names, create: () => f };
}

/** An elementwise activation whose parameters are all numbers. */
export function withNumbers(
  names: ActivationNames,
  create: (parameters: Readonly<Record<string, number>>) => (x: number) => number,
): ElementwiseActivation {
  return { kind: 'elementwise', ...names, create: create as ElementwiseActivation['create'] };
}
