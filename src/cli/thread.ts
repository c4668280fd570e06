import { Worker } from 'node:worker_threads';
import { RnnError } from '../errors.js';
import type { Reading } from '../run/comparing/readingWatch.js';
import { pendingIn, removePending } from '../run/files/atomicWrite.js';
import { processorTime, tooLong, tooSlow } from '../run/limits.js';
import { SIGNALS } from './signals.js';

/** What a thread needs to run the command line. */
export interface ThreadData {
  readonly program: string;
  readonly argv: readonly string[];
  /** memory with the names of the thread's temporary files, for this thread to remove */
  readonly pending: SharedArrayBuffer;
  /** columns of stdout and stderr if they are terminals */
  readonly columns: readonly [number | undefined, number | undefined];
}

/** Loads the program in the thread in the same way as bin/rnn-cli.js does here. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const program = require(workerData.program);
program.load('main').startInThread(workerData, message => parentPort.postMessage(message));`;

/** A command to be run: the seconds it may take (--max-time), and whether it reads standard input, which is then passed on. */
export interface WholeCommand {
  readonly seconds?: number;
  readonly stdin?: boolean;
}

/** A message from the thread: its exit code, or the file it is reading, or null once that is read. */
export type Message = number | Reading | null;

/** Readers check the clock themselves and can name the place in the file; this extra time is for a reader that hangs. */
const GRACE_MS = 250;

const ROOM_FOR_NAMES = 2 ** 16;
/** A terminated thread stops at its next loop or call; if it has not stopped by then, it ends with the process. */
const PATIENCE_MS = 100;

/**
 * Runs the whole command line in another thread and waits for it to finish, or for an interrupt. An interrupt stops the thread, removes
 * what it was writing, and gives exit code 130 or 143; a second interrupt ends the program at once.
 * @returns the exit code
 * @throws RnnError E_LIMIT_TIME, E_HEAP (limit)
 */
export function runInThread(argv: readonly string[], { seconds, stdin = false }: WholeCommand = {}): Promise<number> {
  const pending = new SharedArrayBuffer(ROOM_FOR_NAMES);
  const columns = [process.stdout, process.stderr].map(stream => (stream.isTTY ? stream.columns : undefined));
  const worker = new Worker(PROGRAM, { eval: true, workerData: { program: process.argv[1], argv, pending, columns }, stdin });
  if (stdin) process.stdin.pipe(worker.stdin!);
  return new Promise((resolve, reject) => {
    let interrupted = false;
    let alarm: NodeJS.Timeout | undefined;
    const end = (error: RnnError) => {
      interrupted = true;
      void stop(worker, pending).finally(() => reject(error));
    };
    /** Counts processor time too: a reader that waits for a busy machine does not hang. */
    const watch = (file: Reading, started: number, left = 1000 * file.seconds) => {
      alarm = setTimeout(() => {
        const rest = 1000 * file.seconds - (processorTime() - started);
        if (rest > 0) watch(file, started, rest);
        else end(Object.assign(tooSlow(file.seconds, file.seconds - rest / 1000), { where: file.where }));
      }, left + GRACE_MS);
    };
    const began = performance.now();
    const since = (started: number) => (performance.now() - started) / 1000;
    const whole = seconds === undefined ? undefined : setTimeout(() => end(tooLong(seconds, since(began))), 1000 * seconds + GRACE_MS);
    for (const [signal, exit] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (interrupted) process.exit(exit);
        interrupted = true;
        void stop(worker, pending).finally(() => process.exit(exit));
      });
    }
    worker.on('message', (message: Message) => {
      clearTimeout(alarm);
      if (typeof message === 'number') {
        clearTimeout(whole);
        resolve(message);
      } else if (message) watch(message, processorTime());
    });
    worker.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory() : error));
    worker.on('exit', exit => {
      if (stdin) process.stdin.destroy();
      if (!interrupted) resolve(exit);
    });
  });
}

async function stop(worker: Worker, pending: SharedArrayBuffer): Promise<void> {
  await Promise.race([worker.terminate(), new Promise(resolve => setTimeout(resolve, PATIENCE_MS))]);
  await removePending(pendingIn(pending));
}

function outOfMemory(): RnnError {
  return new RnnError('limit', 'E_HEAP', 'the memory of JavaScript objects is used up', {
    fix: 'use fewer samples at a time, a binary file instead of text, or NODE_OPTIONS=--max-old-space-size=8192',
  });
}
