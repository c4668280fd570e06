import { errorDocument, errorJson, errorText } from '../report/errorReport.js';
import { descriptorStream } from '../run/descriptors.js';
import { stdoutIsClosed } from '../run/files.js';
import { withLimits } from '../run/limits.js';
import { VERSION } from '../run/version.js';
import type { CommandName } from './options.js';
import { createOutput, type Output, paintFor } from './output.js';
import { type Invocation, parseArgv } from './program.js';
import { closedError, type Io, type Writer, wantsColor, writerTo } from './streams.js';
import type { Values } from './values.js';

type Command = (values: Values, output: Output) => Promise<number>;

/** Each is loaded when it is asked for: start-up is half of what a small command takes. */
const COMMANDS: Record<CommandName, () => Promise<Command>> = {
  shapes: async () => (await import('./commands/shapes.js')).shapes,
  forward: async () => (await import('./commands/forward.js')).forward,
  compare: async () => (await import('./commands/compare.js')).compare,
  inspect: async () => (await import('./commands/inspect.js')).inspect,
  convert: async () => (await import('./commands/convert.js')).convert,
  probe: async () => (await import('./commands/probe.js')).probe,
  explain: async () => (await import('./commands/explain.js')).explain,
  schema: async () => (await import('./commands/schema.js')).schema,
  completion: async () => (await import('./commands/completion.js')).completion,
};

/**
 * The whole command line: argv (without node and script) to an exit code. The result goes to stdout, everything else to stderr; an error
 * leaves stdout as it is. Returns when the system has taken every byte, so the caller sets process.exitCode and lets the process end.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const stdout = writerTo(io.stdout, 'stdout');
  const stderr = writerTo(io.stderr, 'stderr');
  let exit: number;
  try {
    exit = await carryOut(parseArgv(argv), io, stdout, stderr);
    await stdout.finish();
    if (stdout.used && (await io.stdoutIsClosed?.())) throw closedError('stdout');
  } catch (error) {
    exit = errorDocument(error).exit;
    stderr.write(await errorMessage(error, argv, io));
  }
  // where stderr itself is gone, there is nobody left to tell
  await stderr.finish().catch(() => undefined);
  return exit;
}

async function carryOut(invocation: Invocation, io: Io, stdout: Writer, stderr: Writer): Promise<number> {
  const width = io.stdout.columns ?? 100;
  switch (invocation.kind) {
    case 'tour':
      stdout.write((await import('./help.js')).TOUR);
      return 0;
    case 'version':
      stdout.write(`${VERSION}\n`);
      return 0;
    case 'help': {
      const { commandHelp, mainHelp } = await import('./help.js');
      stdout.write(invocation.command ? commandHelp(invocation.command, width) : mainHelp());
      return 0;
    }
    case 'run': {
      const started = Date.now();
      const output = await createOutput(invocation.values, io, stdout, stderr);
      const command = await COMMANDS[invocation.command]();
      const exit = await withLimits(invocation.values, () => command(invocation.values, output));
      output.detail(`${invocation.command} took ${((Date.now() - started) / 1000).toFixed(3)} s`);
      return exit;
    }
  }
}

/** argv may be what is wrong, so its words are looked at one by one: --json asks for a document, --no-color and --color decide the paint. */
async function errorMessage(error: unknown, argv: readonly string[], io: Io): Promise<string> {
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const debug = io.env.RNN_CLI_DEBUG === '1' && error instanceof Error ? `${error.stack}\n` : '';
  if (words.includes('--json') || words.includes('--jsonl')) return `${errorJson(error)}\n${debug}`;
  const color = words.includes('--no-color')
    ? false
    : words.includes('--color=always')
      ? 'always'
      : words.includes('--color=never')
        ? 'never'
        : 'auto';
  return errorText(error, await paintFor(wantsColor(color, io.stderr, io.env))) + debug;
}

/** Starts the program on the real streams. What nobody caught is a bug (exit 70), never Node's own exit 1. */
export async function start(): Promise<void> {
  const bug = (error: unknown): void => {
    process.stderr.write(errorText(error));
    process.exitCode = errorDocument(error).exit;
  };
  process.on('uncaughtException', bug);
  process.on('unhandledRejection', bug);
  process.exitCode = await main(process.argv.slice(2), ioOfProcess());
}

/** Node's own streams are made only where they are needed, at a terminal. */
export function ioOfProcess(): Io {
  const stdout = descriptorStream(1) ?? process.stdout;
  const stderr = descriptorStream(2) ?? process.stderr;
  return { stdout, stderr, env: process.env, stdoutIsClosed };
}
