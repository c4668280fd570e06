import { main } from '../../src/cli/main.js';
import type { OutputStream } from '../../src/cli/streams.js';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Around {
  readonly env?: Record<string, string>;
  /** columns of a terminal on stdout and stderr; none = a pipe */
  readonly columns?: number;
  /** takes commands that are long */
  runInThread?(argv: readonly string[]): Promise<number>;
}

/** What is drawn at the foot of a terminal while something lasts: how often depends on the machine. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the end of the line is cleared by a control sequence
const PROGRESS = /\r[^\r\n]*\u001b\[K/g;

/** The command line in-process, with its streams caught, but for its progress. Words are split at spaces outside of quotes. */
export async function runCli(line: string | readonly string[], { env = {}, columns, runInThread }: Around = {}): Promise<Ran> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const stream = (pieces: Buffer[]): OutputStream => ({
    write(data, done) {
      pieces.push(Buffer.from(data as string));
      done();
    },
    on: () => undefined,
    isTTY: columns !== undefined,
    columns,
  });
  const argv = typeof line === 'string' ? words(line) : line;
  const exit = await main(argv, { stdout: stream(out), stderr: stream(err), env, runInThread });
  return { exit, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8').replace(PROGRESS, '') };
}

/** 'shapes --layers "lstm:64, dense:10"' -> ['shapes', '--layers', 'lstm:64, dense:10'] */
export function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare);
}
