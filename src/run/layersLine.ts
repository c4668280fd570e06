/** What `--layers` may be, for the command line to check a line that it suggests. */
export { parseLayers } from '../model/parse.js';
