/** The languages a script is written in. */
export type EmitTarget = 'keras' | 'torch' | 'numpy';
