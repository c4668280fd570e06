import type { Mistake } from './wrongCases.mjs';

export const MISTAKES: Readonly<Record<string, Mistake>>;
