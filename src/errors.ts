/**
 * What a user can cause, as one class. `message` says what happened, `where` where, `expected`/`found` the two sides, `fix` what to do.
 * The inner function never names its place: the caller adds it with `within`. Anything that is not an RnnError is our bug (exit 70).
 */
export type ErrorKind = 'usage' | 'spec' | 'shape' | 'format' | 'convention' | 'unsupported' | 'limit' | 'io';

const EXIT: Record<ErrorKind, number> = { usage: 2, spec: 3, shape: 3, format: 3, convention: 3, unsupported: 3, io: 4, limit: 5 };

/** Words of a command line that probably mean others, or the whole line. */
export type Correction =
  | {
      readonly word: string;
      /** the flag, in all its spellings, that `word` is the value of: both are replaced */
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
  /** A page of `rnn-cli explain`. */
  more?: string;
  /** The limit that a file is over, and the flag that sets it. */
  limit?: { flag: string; value: number };
  /** Name of the layer to fix; turned into an excerpt where the network was written on one line. */
  layer?: string;
  /** the line for `--layers` with the sizes of the file, `_` where the user has to say (E_ASK, E_ASSUMED) */
  layersLine?: string;
  /** what was probably meant; the command line writes its own line with it */
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
 * Runs `body`; an RnnError on its way out gets `where` put before its own place: `model.npz: layer 2 (lstm): kernel`. A place that it names
 * already (numbers of a file say the file, since they may be read late) moves to the front.
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
