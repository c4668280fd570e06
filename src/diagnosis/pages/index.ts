import { cells } from './cells.js';
import { letters } from './letters.js';
import type { TermPage } from './page.js';
import { sequences } from './sequences.js';

export type { TermPage } from './page.js';

export const TERMS: readonly TermPage[] = [...letters, ...sequences, ...cells];
