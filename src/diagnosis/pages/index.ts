export { errorPage } from './errors.js';
export type { TermPage } from './page.js';
export { TERMS } from './terms.js';
