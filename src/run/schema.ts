import { RnnError } from '../errors.js';
import { readPackageFile } from './files/files.js';

/** Returns a JSON Schema shipped with the package, by the document it describes. */
export async function readSchema(document: string): Promise<string> {
  const path = `schemas/${document}.schema.json`;
  const text = await readPackageFile(path);
  if (text !== undefined) return text;
  throw new RnnError('io', 'E_NOT_FOUND', 'is missing from the installed package', { where: path, fix: 'install the package again' });
}
