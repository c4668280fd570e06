import { basename } from 'node:path';
import { within } from '../../errors.js';
import { shownPath } from '../../escape.js';
import type { TensorFile } from '../../formats/format.js';
import { readTensors } from '../../formats/index.js';
import { json } from '../../formats/json.js';
import { printed } from '../../formats/printed.js';
import type { ByteSource } from '../../formats/source.js';
import { tfjs } from '../../formats/tfjs.js';
import { watchReading } from '../comparing/readingWatch.js';
import { fileLimits } from '../limits.js';
import { describedBy, type ModelFile } from './describedFile.js';
import { splitKey } from './fileKey.js';
import { openBeside, openFile } from './fileSource.js';
import { readJsonModel } from './jsonModel.js';
import { keptNetworks } from './kept.js';
import { modelPath } from './modelPath.js';

/** Reads the tensors of a file; the parts of a model in several files are read from its folder. */
export async function readTensorFile(named: string): Promise<TensorFile> {
  const [name] = splitKey(named);
  const { path } = modelPath(name);
  const source = await openFile(path);
  return within(shownPath(name), () => readFileTensors(path, source)).finally(() => source.close());
}

async function readFileTensors(path: string, source: ByteSource): Promise<TensorFile> {
  const limits = fileLimits().read;
  const openPart = (name: string, inside?: 'inside') => openBeside(path, name, inside);
  const names = path === '-' ? {} : { nameHint: path, ownName: basename(path), openPart };
  return watchReading({ where: shownPath(path), seconds: limits.seconds }, () => readTensors(source, { limits, ...names }));
}

/** Reads the file that describes the network. */
export async function readModelFile(named: string): Promise<ModelFile> {
  const [name] = splitKey(named);
  const { path, kerasMetadata, graphAlone } = modelPath(name);
  const source = await openFile(path);
  return within(shownPath(name), async () => {
    if (graphAlone) return describedBy(besideGraph(await readFileTensors(path, source)), source);
    if (kerasMetadata !== undefined) return savedModel(await readFileTensors(path, source), source, kerasMetadata);
    if (json.sniff(source) && !tfjs.sniff(source) && !printed.sniff(source))
      return watchReading({ where: shownPath(path), seconds: fileLimits().read.seconds }, () => readJsonModel(source));
    return describedBy(await readFileTensors(path, source), source);
  }).finally(() => {
    source.keep?.();
    source.close();
  });
}

/**
 * `readModelFile` for a network that several parts of a command read. Errors are created anew for each caller, because callers add to their
 * messages.
 */
export async function readNetworkFile(named: string): Promise<ModelFile> {
  const kept = keptNetworks<ModelFile>('files');
  const known = kept?.get(named);
  if (known) return known;
  const read = await readModelFile(named);
  if (!read.problem) kept?.set(named, read);
  return read;
}

/** Reads TensorFlow's SavedModel: the variables of a checkpoint, with Keras' description of the model. */
async function savedModel(file: TensorFile, source: ByteSource, kerasMetadata: string): Promise<ModelFile> {
  const { readKerasMetadata } = await import('../../formats/kerasMetadata.js');
  const described = await openFile(kerasMetadata);
  const { config, version } = within('keras_metadata.pb', () => readKerasMetadata(described, fileLimits().read));
  described.close();
  const metadata = new Map([...file.metadata, ...(version === undefined ? [] : [['keras_version', version] as const])]);
  return describedBy({ ...file, format: 'savedmodel', architecture: config, metadata }, source);
}

/** The variables of a SavedModel without a description of its layers, as model.export() and tf.saved_model.save write it. */
function besideGraph(file: TensorFile): TensorFile {
  const note = 'variables of a SavedModel without a description of its layers; its graph of TensorFlow is not read';
  return { ...file, format: 'savedmodel', metadata: new Map([...file.metadata, ['savedmodel', 'graph']]), notes: [...file.notes, note] };
}
