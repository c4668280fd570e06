import { isatty } from 'node:tty';
import { RnnError } from '../errors.js';
import { isAsciiLocale, toAscii } from '../report/ascii.js';
import { errorDocument, errorJson, errorText } from '../report/errorReport.js';
import { foldText } from '../report/text.js';
import { setReadingWatcher } from '../run/comparing/readingWatch.js';
import { descriptorStream, terminalStream } from '../run/files/descriptors.js';
import { keepingNetworks } from '../run/files/kept.js';
import { withLimits } from '../run/limits.js';
import { VERSION } from '../run/version.js';
import { correctedLine } from './correction.js';
import type { CommandName } from './flag.js';
import { createOutput, NARROW, type Output, paintFor } from './output.js';
import { checkOutputs } from './outputs.js';
import { type Invocation, parseArgv } from './program.js';
import { type Io, terminalColumns, type Writer, wantsColor, writerTo } from './streams.js';
import type { Message, ThreadData } from './thread.js';
import type { Values } from './values.js';

type Command = (values: Values, output: Output) => Promise<number>;

/** Commands are loaded on demand: loading is half the time of a small command. */
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
 * Runs a whole command line: argv (without node and script) to an exit code. The result goes to stdout, everything else to stderr; an error
 * writes nothing to stdout. Resolves once the system has taken every byte, so that the caller may end the process.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const stdout = writerTo(io.stdout, 'stdout');
  const stderr = writerTo(io.stderr, 'stderr');
  let exit: number;
  try {
    exit = await carryOut(argv, io, stdout, stderr);
    await stdout.finish();
  } catch (error) {
    exit = errorDocument(error).exit;
    stderr.write(await errorMessage(error, argv, io));
  }
  // if stderr itself fails, there is no way to report it
  await stderr.finish().catch(() => undefined);
  return exit;
}

async function carryOut(argv: readonly string[], io: Io, stdout: Writer, stderr: Writer): Promise<number> {
  const invocation = parseArgv(argv);
  const width = terminalColumns(io.stdout) ?? 100;
  const shown = isAsciiLocale(io.env) ? toAscii : (text: string) => text;
  switch (invocation.kind) {
    case 'tour':
      stdout.write(shown((await import('./help.js')).TOUR));
      return 0;
    case 'version':
      stdout.write(`${VERSION}\n`);
      return 0;
    case 'help': {
      const { commandHelp, mainHelp } = await import('./help.js');
      const page = shown(invocation.command ? commandHelp(invocation.command, width) : mainHelp(width));
      stdout.write(width < NARROW ? foldText(page, width) : page);
      return 0;
    }
    case 'run': {
      const started = Date.now();
      const output = await createOutput(invocation.values, argv, io, stdout, stderr);
      if (readsStdin(invocation.values) && io.stdinIsTerminal?.())
        output.notes(['waiting for standard input; Ctrl-D ends it, Ctrl-C stops']);
      const { maxTime } = invocation.values;
      // a thread can be stopped: when its time is up, when its heap is full, or when parsing a large text keeps it from noticing an
      // interrupt
      if (io.runInThread && (maxTime !== undefined || (await mayFillHeap(invocation.values, io)))) {
        output.detail('a thread does it, and this one listens for interrupts');
        return io.runInThread(argv, { seconds: maxTime, stdin: readsStdin(invocation.values) });
      }
      const command = await COMMANDS[invocation.command]();
      const exit = await withLimits(invocation.values, () =>
        keepingNetworks(async () => {
          await checkOutputs(invocation.values, invocation.command);
          return command(await valuesOf(invocation, note => output.notes([note])), output);
        }),
      ).catch(error => {
        throw (error instanceof RnnError && error.code === 'E_UNKNOWN_TOPIC' && invocation.unknownTopic) || error;
      });
      output.detail(`${invocation.command} took ${((Date.now() - started) / 1000).toFixed(3)} s`);
      return exit;
    }
  }
}

/** Reads a positional file first, to find out what it is. */
async function valuesOf({ values, command }: Extract<Invocation, { kind: 'run' }>, note: (text: string) => void): Promise<Values> {
  if (values.network === undefined && values.first === undefined) return values;
  return (await import('./fileArgument.js')).withFileArgument(values, command, note);
}

/**
 * Formats an error. argv may be invalid, so it is searched directly: --json asks for a document, --no-color and --color decide about
 * colours.
 */
async function errorMessage(error: unknown, argv: readonly string[], io: Io): Promise<string> {
  const line = error instanceof RnnError && error.correction ? correctedLine(argv, error, await commandLineParser()) : undefined;
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const debug = io.env.RNN_CLI_DEBUG === '1' && error instanceof Error ? `${error.stack}\n` : '';
  if (words.includes('--json') || words.includes('--jsonl')) return `${errorJson(error, line)}\n${debug}`;
  const paint = await paintFor(wantsColor(colorIn(words), io.stderr, io.env));
  const text = errorText(error, paint, terminalColumns(io.stderr), line) + debug;
  const asksForAscii = words.some((word, i) => word === '--style=ascii' || (word === 'ascii' && words[i - 1] === '--style'));
  return asksForAscii || isAsciiLocale(io.env) ? toAscii(text) : text;
}

/** Parses a command line as far as possible without files: its flags, and the network of --layers. */
async function commandLineParser(): Promise<(argv: readonly string[]) => void> {
  const { parseLayers } = await import('../run/layersLine.js');
  return argv => {
    const invocation = parseArgv(argv);
    if (invocation.kind === 'run' && invocation.values.layers !== undefined) parseLayers(invocation.values.layers);
  };
}

/** The value of --color or --no-color anywhere on the line; the last one counts. */
function colorIn(words: readonly string[]): 'auto' | 'always' | 'never' {
  let color: 'auto' | 'always' | 'never' = 'auto';
  words.forEach((word, i) => {
    const said = word === '--no-color' ? 'never' : (/^--color=(.*)$/.exec(word)?.[1] ?? (words[i - 1] === '--color' ? word : ''));
    if (said === 'auto' || said === 'always' || said === 'never') color = said;
  });
  return color;
}

function readsStdin(values: Values): boolean {
  return filesOf(values).some(path => /^-(:|$)/.test(path));
}

function filesOf({ network, model, input, against, weights, first, second, file }: Values): string[] {
  return [network, model, input, against, weights, first, second, file].filter(path => path !== undefined);
}

/** Bytes of JSON that take about a tenth of a second to parse. Parsing is the only work that can be neither divided nor interrupted. */
const LARGE_TEXT = 5e6;
/** Most heap bytes that a byte of a description needs (counting new objects twice), and a heap so small that anything may be too much. */
const HEAP_PER_BYTE = 400;
const SMALL_HEAP = 2 ** 27;

/** Whether the heap may become full: that ends a thread with a message, but a process with a dump. */
async function mayFillHeap(values: Values, { env }: Io): Promise<boolean> {
  const texts = filesOf(values).filter(path => /\.json$/i.test(path));
  const isSet = `${env.NODE_OPTIONS} ${process.execArgv}`.includes('old-space');
  if (texts.length === 0 && !isSet) return false;
  const { heap_size_limit: heap } = (await import('node:v8')).getHeapStatistics();
  const { bytesIn } = await import('../run/files/fileSource.js');
  return (isSet && heap < SMALL_HEAP) || texts.some(path => bytesIn(path) >= Math.min(LARGE_TEXT, heap / HEAP_PER_BYTE));
}

/** Starts the program on the real streams. An uncaught error is a bug (exit 70), never Node's exit 1. */
export async function start(saysTooManyFiles: (error: unknown) => boolean): Promise<void> {
  const bug = (error: unknown): void => {
    if (saysTooManyFiles(error)) return;
    process.stderr.write(errorText(error));
    process.exitCode = errorDocument(error).exit;
  };
  process.on('uncaughtException', bug);
  process.on('unhandledRejection', bug);
  const runInThread: Io['runInThread'] = async (argv, whole) => (await import('./thread.js')).runInThread(argv, whole);
  const exit = await main(process.argv.slice(2), { ...ioOfProcess(), runInThread });
  // every byte is written; V8 and Node would need 2 ms to clean up what the system frees anyway
  process.exit(process.exitCode ?? exit);
}

/** `start` in a thread, for a command that reads a large text; the other thread receives the exit code. */
export async function startInThread({ program, argv, pending, columns }: ThreadData, tell: (message: Message) => void): Promise<void> {
  // from here the program finds its own files
  process.argv[1] = program;
  const { sharePending } = await import('../run/files/atomicWrite.js');
  setReadingWatcher(tell);
  sharePending(pending);
  const [stdout, stderr] = [1, 2].map(descriptor => descriptorStream(descriptor) ?? terminalStream(descriptor, columns[descriptor - 1]));
  tell(await main(argv, { stdout, stderr, env: process.env }));
}

/** Opens Node's own streams only for a terminal. */
export function ioOfProcess(): Io {
  const stdout = descriptorStream(1) ?? process.stdout;
  const stderr = descriptorStream(2) ?? process.stderr;
  return { stdout, stderr, env: process.env, stdinIsTerminal: () => isatty(0) };
}
