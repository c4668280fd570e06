import { newBudget } from '../bytes/budget.js';
import { decodeText } from '../bytes/utf8.js';
import type { FileTensor, Limits } from '../format.js';
import { type LinesState, newLinesState, noLines, readLine, skippedNotes, stack } from '../jsonl.js';
import { PieceQueue } from './pieceQueue.js';
import type { RowReader } from './rows.js';

const LF = 0x0a;

/** Reads JSON Lines in pieces, one sample per line, each as the reader of whole files does. */
export class JsonlRows implements RowReader {
  readonly format = 'jsonl';
  readonly isTable = false;
  readonly rank = 3;
  readonly total = null;
  readonly notes: string[] = [];
  private readonly queue = new PieceQueue();
  private readonly state: LinesState;
  names?: { readonly picked: string; readonly all: readonly string[] };
  private samples: FileTensor[] = [];
  private line = 0;

  /** @param wanted names of the requested tensor, if a line has several */
  constructor(
    private readonly limits: Limits,
    private readonly wanted: readonly string[],
  ) {
    this.state = newLinesState(limits);
  }

  get sampleShape(): readonly number[] | null {
    return this.names ? this.state.kinds.get(this.names.picked)!.shape : null;
  }

  get obstacle(): string | null {
    return this.state.rows > 0 && !this.names ? 'several arrays of other names' : null;
  }

  get available(): number {
    return this.samples.length;
  }

  push(bytes: Uint8Array, headroom = 0): void {
    this.queue.push(bytes, headroom);
    const text = this.queue.peek();
    let done = 0;
    for (let feed = text.indexOf(LF); feed >= 0; feed = text.indexOf(LF, done)) {
      this.read(text.subarray(done, feed));
      done = feed + 1;
    }
    this.queue.take(done);
  }

  end(): void {
    this.read(this.queue.take(this.queue.length));
    if (this.state.rows === 0) throw noLines();
    this.notes.push(...skippedNotes(this.state));
  }

  take(count: number): FileTensor {
    return stack(this.samples.splice(0, count));
  }

  private read(bytes: Uint8Array): void {
    const line = decodeText(bytes);
    this.line++;
    if (line.trim() === '') return;
    // the limits apply to what is in memory at a time
    this.state.budget = newBudget(this.limits);
    const found = readLine(this.line, line, this.state);
    if (this.state.rows === 1) {
      const all = [...found.keys()];
      const picked = all.length === 1 ? all[0] : this.wanted.find(name => found.has(name));
      if (picked !== undefined) this.names = { picked, all };
    }
    const sample = this.names && found.get(this.names.picked);
    if (sample) this.samples.push(sample);
  }
}
