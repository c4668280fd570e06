import { sameShape } from '../tensor/tensor.js';
import { decodeText } from './bytes/utf8.js';
import type { FileTensor, Format, Limits, TensorFile } from './format.js';
import { readPrinted } from './printedText.js';
import { type ByteSource, readAll, readUpTo } from './source.js';

/**
 * Arrays as Python prints them: `print` and `repr` of NumPy, PyTorch, TensorFlow and JAX, lists of them (`print(model.get_weights())`), and lists
 * of Python numbers that are not JSON. A single array is the tensor `printed`; several of one shape (one print per sample) are stacked along a
 * new first axis, as in JSON Lines; several of different shapes are `arr_0`, `arr_1` … as in np.savez.
 */
export const printed: Format = {
  name: 'printed',
  extensions: [],
  sniff: looksPrinted,
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const read = readPrinted(decodeText(readAll(source)), limits);
    const tensors = namedTensors(read.tensors, notes);
    const decimals = new Map([...tensors.keys()].map(name => [name, read.decimals]));
    return { format: 'printed', tensors, metadata: new Map(), decimals, notes };
  },
};

function namedTensors(tensors: readonly FileTensor[], notes: string[]): Map<string, FileTensor> {
  const [first, ...rest] = tensors;
  if (rest.length === 0) return new Map([['printed', first]]);
  if (!rest.every(t => sameShape(t.shape, first.shape))) return new Map(tensors.map((t, i) => [`arr_${i}`, t]));
  const shape = [tensors.length, ...first.shape];
  const data = new Float64Array(tensors.length * first.data.length);
  tensors.forEach((t, n) => {
    data.set(t.data, n * first.data.length);
  });
  notes.push(`${tensors.length} printed arrays [${first.shape.join(', ')}] are read as one [${shape.join(', ')}]`);
  return new Map([['printed', { ...first, shape, data }]]);
}

const SNIFF_BYTES = 4096;
/** `y = `, `y[0]: ` */
const LABEL = /^[A-Za-z_][\w .()[\]'"-]{0,60}?\s*[:=]\s*(?=[[(<A-Za-z])/;
const CALL =
  /^(?:(?:np|numpy|torch|tf|jnp|jax|cp|cupy)\.)*(?:array|asarray|tensor|Tensor|Array)\(|^<tf\.|^Parameter containing:|^OrderedDict\(/;
/** Text that is never JSON (outside a string): `1.`, a space instead of a comma, bare words, calls, an ellipsis. */
const NO_JSON = /\d\.(?!\d)|[\d.]\s+[-+.\d[]|\]\s+\[|\[\s*[-+]?\.\d|\b(?:nan|inf|True|False)\b|\.\.\.|\(/;

function looksPrinted(source: ByteSource): boolean {
  const start = readUpTo(source, 0, SNIFF_BYTES);
  if (start.includes(0)) return false;
  const text = new TextDecoder().decode(start).replace(/^\s+/, '');
  const value = text.replace(LABEL, '');
  if (CALL.test(value)) return true;
  if (!/^[[(]/.test(value) || /["{]/.test(value)) return false;
  return value.length < text.length || value.startsWith('(') || NO_JSON.test(value);
}
