/** The languages in which a script can be written. */
export const EMIT_TARGETS = ['keras', 'torch', 'numpy'] as const;
export type EmitTarget = (typeof EMIT_TARGETS)[number];
