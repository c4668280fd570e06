import { RnnError } from '../../src/errors.js';

/** Everything an error says, on one line: `CODE where: message | expected: … | found: … | fix: …`. */
export function words(error: unknown): string {
  if (!(error instanceof RnnError)) throw error;
  const { kind, code, where, message, expected, found, fix } = error;
  const details = Object.entries({ expected, found, fix }).filter(([, text]) => text !== undefined);
  const rest = details.map(([name, text]) => ` | ${name}: ${text}`).join('');
  return `${kind === 'format' ? '' : `(${kind}) `}${code} ${where === undefined ? '' : `${where}: `}${message}${rest}`;
}

/** What a call says that must throw. */
export function said(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return words(error);
  }
  return 'nothing';
}

export async function saidLater(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    return words(error);
  }
  return 'nothing';
}

/** `offset: size what` of every field that some cut of the bytes ends in, in order. */
export function fieldsOf(bytes: Uint8Array, read: (cut: Uint8Array) => unknown): string[] {
  const fields: string[] = [];
  for (let length = 0; length < bytes.length; length++) {
    const words = said(() => read(bytes.slice(0, length)));
    const [, offset, count, what] = /^E_\w+ (?:.*: )?offset (\d+): expected (\d+) bytes of (.*), found \d+ /.exec(words) ?? [];
    const field = what ? `${offset}: ${count} ${what}` : `cut at ${length}: ${words}`;
    if (fields[fields.length - 1] !== field) fields.push(field);
  }
  return fields;
}
