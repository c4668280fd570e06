/**
 * Every error that a user can cause, as one class. `message` says what is wrong, `where` in which file or layer, `expected` and `found`
 * what differs, `fix` how to correct it. The inner function never names its place: the caller adds it with `within`. Anything that is not
 * an RnnError is our bug (exit 70).
 */
export type ErrorKind = 'usage' | 'spec' | 'shape' | 'format' | 'convention' | 'unsupported' | 'limit' | 'io';

const EXIT: Record<ErrorKind, number> = { usage: 2, spec: 3, shape: 3, format: 3, convention: 3, unsupported: 3, io: 4, limit: 5 };

/** A correction of the command line: either a single argument to replace, or the whole line. */
export type Correction =
  | {
      readonly word: string;
      /** the flag, in all its spellings, whose value is `word`: flag and value are both replaced */
      readonly flags?: readonly string[];
      readonly to: readonly string[];
    }
  | { readonly line: readonly string[] };

export interface ErrorDetails {
  where?: string;
  expected?: string;
  found?: string;
  fix?: string;
  /** The user's own text with the wrong part underlined: `text` and the range [from, to) of characters. */
  excerpt?: { text: string; from: number; to: number };
  /** Name of a page of `rnn-cli explain`. */
  more?: string;
  /** The limit that the file exceeds, and the flag that raises it. */
  limit?: { flag: string; value: number };
  /** Name of the layer to fix; becomes an excerpt if the network was given as one line. */
  layer?: string;
  /** a `--layers` line with the sizes found in the file, and `_` for what the user has to fill in (E_ASK, E_ASSUMED) */
  layersLine?: string;
  /** what the user probably meant; the command line prints the corrected line */
  correction?: Correction;
}

export class RnnError extends Error {
  readonly exit: number;
  where?: string;
  expected?: string;
  found?: string;
  fix?: string;
  excerpt?: { text: string; from: number; to: number };
  more?: string;
  limit?: { flag: string; value: number };
  layer?: string;
  layersLine?: string;
  correction?: Correction;

  /** @param code stable name such as `E_SEQ`; scripts depend on it, so it is never renamed */
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message);
    this.name = 'RnnError';
    this.exit = EXIT[kind];
    Object.assign(this, details);
  }
}

/**
 * Runs `body` and prefixes `where` to the place of any RnnError it throws: `model.npz: layer 2 (lstm): kernel`. If the error already names
 * this place (a tensor names its file, since its numbers may be read later), the place moves to the front instead of being repeated.
 */
export function within<T>(where: string, body: () => T): T {
  try {
    const result = body();
    if (result instanceof Promise) return result.catch(error => throwFrom(where, error)) as T;
    return result;
  } catch (error) {
    throwFrom(where, error);
  }
}

function throwFrom(where: string, error: unknown): never {
  if (error instanceof RnnError) {
    const inner = !error.where || error.where === where ? '' : `: ${error.where}: `.replace(`: ${where}: `, ': ').slice(0, -2);
    error.where = `${where}${inner}`;
  }
  throw error;
}
