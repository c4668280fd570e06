/** The parser of `--layers`, with which the command line checks a line that it suggests. */
export { parseLayers } from '../model/parse.js';
