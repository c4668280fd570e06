import { cells } from './cells.js';
import { letters } from './letters.js';
import type { TermPage } from './page.js';
import { sequences } from './sequences.js';
import { words } from './words.js';

export { errorPage } from './errors.js';
export type { TermPage } from './page.js';

export const TERMS: readonly TermPage[] = [...letters, ...sequences, ...cells, ...words];
