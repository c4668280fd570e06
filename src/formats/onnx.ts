import { joined } from './bytes/numbers.js';
import type { Format, Limits, OpenPart, TensorFile } from './format.js';
import type { OnnxModel } from './onnx/graph.js';
import { type ByteSource, readUpTo } from './source.js';

/** ONNX models: `tensors` are the initializers, `architecture` is an OnnxModel (onnx/graph.ts). */
export const onnx: Format = {
  name: 'onnx',
  extensions: ['onnx'],
  sniff: looksLikeModel,
  async read(source: ByteSource, limits: Limits, openPart?: OpenPart): Promise<TensorFile> {
    const { readOnnx } = await import('./onnx/read.js');
    return readOnnx(source, limits, openPart);
  },
};

/** Yields a model in pieces, each valid until the next. @throws RnnError E_ONNX_WRITE (format) */
export async function* onnxPieces(model: OnnxModel): AsyncGenerator<Uint8Array> {
  const { encodeOnnx } = await import('./onnx/write.js');
  yield* encodeOnnx(model);
}

/** The bytes of a model. @throws RnnError E_ONNX_WRITE (format) */
export async function writeOnnx(model: OnnxModel): Promise<Uint8Array> {
  return joined(onnxPieces(model));
}

/** Fields of ModelProto: 1 and 5 are numbers, the others have a length. */
const NUMBERS: ReadonlySet<number> = new Set([1, 5]);
const LENGTHS: ReadonlySet<number> = new Set([2, 3, 4, 6, 7, 8, 14, 20, 25]);
const GRAPH = 7;

/** ONNX has no magic number: the IR version comes first (exporters write fields in order), then known fields until the graph. */
function looksLikeModel(source: ByteSource): boolean {
  const bytes = readUpTo(source, 0, 2);
  if (bytes[0] !== 0x08 || bytes[1] < 1 || bytes[1] > 64) return false;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10 && at < source.size; i++) {
      const [byte] = source.read(at++, 1);
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value;
    }
    return -1;
  };
  for (let fields = 0; fields < 256 && at < source.size; fields++) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    if (tag % 8 === 0 && NUMBERS.has(field)) varint();
    else if (tag % 8 === 2 && LENGTHS.has(field)) {
      if (field === GRAPH) return true;
      const length = varint();
      at += Math.max(0, length);
    } else return false;
  }
  return false;
}
