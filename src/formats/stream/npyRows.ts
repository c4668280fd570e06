import { RnnError } from '../../errors.js';
import { formatShape, sizeOf } from '../../tensor/tensor.js';
import { DTYPE_BYTES } from '../bytes/budget.js';
import { viewNumbers } from '../bytes/numbers.js';
import type { FileTensor, Limits } from '../format.js';
import { type NumpyHeader, readNumpyHeader } from '../npy.js';
import { memorySource } from '../source.js';
import { PieceQueue } from './pieceQueue.js';
import type { RowReader } from './rows.js';

// NumPy's headers have 128 bytes; the longest that is read at all has 10,000
const HEADER_AT_MOST = 12 + 10_000;

/** Reads an .npy file in pieces along its first axis, or along the steps of its only sample. Fortran order and 64-bit integers are left to the whole-file reader. */
export class NpyRows implements RowReader {
  readonly format = 'npy';
  readonly isTable = false;
  readonly notes: string[] = [];
  private readonly queue = new PieceQueue();
  private readonly limits: Limits;
  private readonly fileSize: number | undefined;
  private readonly oneSample: boolean;
  /** `axes`: how many leading axes are split into pieces, one or two */
  private header: (NumpyHeader & { readonly rowBytes: number; readonly axes: number }) | undefined;
  private left = 0;
  private seen = 0;

  /** @param fileSize if known, a truncated file is refused before anything is computed */
  constructor(limits: Limits, fileSize?: number, oneSample = false) {
    this.limits = limits;
    this.oneSample = oneSample;
    this.fileSize = fileSize;
  }

  get rank(): number {
    return this.header?.shape.length ?? 0;
  }

  get total(): number | null {
    return this.header ? sizeOf(this.header.shape.slice(0, this.header.axes)) : null;
  }

  get sampleShape(): readonly number[] | null {
    return this.header ? this.header.shape.slice(this.header.axes) : null;
  }

  get obstacle(): string | null {
    if (!this.header) return null;
    const { fortranOrder, dtype, shape, rowBytes, axes } = this.header;
    if (fortranOrder) return 'Fortran order';
    if (dtype === 'i64' || dtype === 'u64') return '64-bit integers';
    const several = this.oneSample && shape.length - axes !== 1;
    return several || shape.length < 2 || rowBytes === 0 || shape[0] === 0 ? `the shape ${formatShape(shape)}` : null;
  }

  get available(): number {
    return this.header && this.header.rowBytes > 0 ? Math.min(this.left, Math.floor(this.queue.length / this.header.rowBytes)) : 0;
  }

  push(bytes: Uint8Array, headroom = 0): void {
    this.seen += bytes.length;
    this.queue.push(bytes, headroom);
    if (!this.header && this.queue.length >= HEADER_AT_MOST) this.readHeader();
  }

  end(): void {
    if (!this.header) this.readHeader();
    const { dataStart, rowBytes } = this.header!;
    this.checkSize(this.seen);
    const surplus = this.seen - dataStart - rowBytes * this.total!;
    if (surplus > 0 && this.notes.length === 0) this.notes.push(`npy: ${surplus} bytes after the array were left alone`);
  }

  skip(count: number): number {
    const { dataStart, rowBytes } = this.header!;
    this.queue.take(this.queue.length);
    this.left -= count;
    this.seen = dataStart + count * rowBytes;
    return this.seen;
  }

  take(count: number): FileTensor {
    const { dtype, littleEndian, shape, rowBytes, axes } = this.header!;
    this.left -= count;
    const bytes = this.queue.take(count * rowBytes);
    const rows = [count, ...shape.slice(axes)];
    return { shape: rows, dtype, data: viewNumbers(bytes, sizeOf(rows), dtype, littleEndian) };
  }

  private readHeader(): void {
    const header = readNumpyHeader(memorySource(this.queue.peek()), this.limits);
    const axes = this.oneSample && header.shape.length === 3 && header.shape[0] === 1 ? 2 : 1;
    const rowBytes = sizeOf(header.shape.slice(axes)) * DTYPE_BYTES[header.dtype];
    this.header = { ...header, rowBytes, axes };
    this.left = header.shape.length === 0 ? 0 : this.total!;
    this.queue.take(header.dataStart);
    if (this.fileSize !== undefined) this.checkSize(this.fileSize);
  }

  private checkSize(fileSize: number): void {
    const { dataStart, dtype, shape, size } = this.header!;
    const needed = size * BigInt(DTYPE_BYTES[dtype]);
    const found = fileSize - dataStart;
    if (needed <= found) return;
    const message = `offset ${dataStart}: expected ${needed} bytes of data for shape ${formatShape(shape)} ${dtype}, found ${found}`;
    throw new RnnError('format', 'E_NPY_SHORT', message, {
      expected: `${needed} bytes`,
      found: `${found} bytes`,
      fix: 'the file looks truncated or damaged; save or download it again',
    });
  }
}
