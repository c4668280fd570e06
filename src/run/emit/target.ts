/** The languages a script is written in. */
export const EMIT_TARGETS = ['keras', 'torch', 'numpy'] as const;
export type EmitTarget = (typeof EMIT_TARGETS)[number];
