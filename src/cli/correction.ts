import { type Correction, RnnError } from '../errors.js';
import { shellWord } from '../escape.js';

/**
 * The corrected command line, to be copied. It is only returned if it can be parsed, after correcting several mistakes one by one if
 * necessary.
 * @param parse parses argv. @throws RnnError
 */
export function correctedLine(argv: readonly string[], error: unknown, parse: (argv: readonly string[]) => unknown): string | undefined {
  let line = argv;
  let wrong: unknown = error;
  for (let slips = 0; slips < MOST_SLIPS; slips++) {
    if (!(wrong instanceof RnnError) || !wrong.correction) return undefined;
    const next = replaced(line, wrong.correction);
    if (!next) return undefined;
    line = next;
    try {
      parse(line);
      return ['rnn-cli', ...line.map(shellWord)].join(' ');
    } catch (again) {
      wrong = again;
    }
  }
  return undefined;
}

const MOST_SLIPS = 10;

/** Replaces an argument, or a flag with its value; undefined if they are not on the line. */
function replaced(argv: readonly string[], correction: Correction): readonly string[] | undefined {
  if ('line' in correction) return correction.line;
  const { word, flags, to } = correction;
  return flags ? withoutFlag(argv, word, flags, to) : withoutWord(argv, word, to);
}

function withoutFlag(argv: readonly string[], word: string, flags: readonly string[], to: readonly string[]): string[] | undefined {
  const at = argv.findIndex(
    (found, i) => (flags.includes(found) && argv[i + 1] === word) || flags.some(flag => found === `${flag}=${word}`),
  );
  if (at < 0) return undefined;
  return [...argv.slice(0, at), ...to, ...argv.slice(at + (flags.includes(argv[at]) ? 2 : 1))];
}

/** Replaces an argument, the name of a flag in `--hidden-size=64`, or the value in `--activation=ReLU`. */
function withoutWord(argv: readonly string[], word: string, to: readonly string[]): string[] | undefined {
  const at = argv.findIndex(
    found => found === word || found.startsWith(`${word}=`) || (found.startsWith('-') && found.endsWith(`=${word}`)),
  );
  if (at < 0) return withinLayers(argv, word, to);
  const found = argv[at];
  const [first = '', ...others] = to;
  // --rnn=5 -> --cell rnn --M=5
  const [before, last] = [to.slice(0, -1), to[to.length - 1] ?? ''];
  const here =
    found === word
      ? to
      : found.startsWith(`${word}=`)
        ? [...before, last === '' ? found.slice(word.length + 1) : last + found.slice(word.length)]
        : [found.slice(0, -word.length) + first, ...others];
  return [...argv.slice(0, at), ...here, ...argv.slice(at + 1)];
}

/** Replaces a name inside --layers: `lstm:5@ReLU`. */
function withinLayers(argv: readonly string[], word: string, [to = '']: readonly string[]): string[] | undefined {
  const at = argv.findIndex((text, i) => argv[i - 1] === '--layers' || text.startsWith('--layers='));
  const parts = argv[at]?.split(/([@:+,/=])/) ?? [];
  if (!parts.includes(word)) return undefined;
  return [...argv.slice(0, at), parts.map(part => (part === word ? to : part)).join(''), ...argv.slice(at + 1)];
}
