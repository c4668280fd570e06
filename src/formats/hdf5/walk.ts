import { within } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { checkName, newBudget } from '../bytes/budget.js';
import type { FileTensor } from '../format.js';
import { type Limits, overLimit, structures, tooManyStructures } from '../limits.js';
import type { ByteSource } from '../source.js';
import { type AttributeValue, readAttributes } from './attributes.js';
import { isDataset, placeOf, readDataset } from './dataset.js';
import { type Hdf5, h5Error, openHdf5 } from './file.js';
import { isGroup, type Link, readLinks } from './groups.js';
import { readMessages } from './objectHeader.js';

/**
 * The content of an HDF5 file that a network needs: datasets of numbers and all attributes, by path without the leading slash (the root is '').
 * We have our own reader because h5wasm follows external storage into other files or returns garbage for it, and jsfive returns holes for it and
 * silently drops names, fill values and attributes (in 10 of the 40 files of reference/hdf5). Here a structure that is not understood is an
 * error, so either all tensors are read or none.
 */
export interface Hdf5Content {
  readonly tensors: Map<string, FileTensor>;
  readonly attributes: Map<string, Map<string, AttributeValue>>;
  readonly notes: string[];
}

// groups and datasets together; a network has a few groups per tensor
const OBJECTS_PER_TENSOR = 8;

// h5py itself follows at most 16 soft links in a row (H5L_NUM_LINKS)
const MAX_SOFT = 16;

/** @throws RnnError E_H5_… (format), E_LIMIT_… (limit) */
export function readHdf5(source: ByteSource, limits: Limits): Hdf5Content {
  const file = openHdf5(source, limits);
  const content: Hdf5Content = { tensors: new Map(), attributes: new Map(), notes: [] };
  const budget = newBudget(limits);
  let objects = 0;
  const visit = (address: bigint, path: string, above: readonly bigint[]): void => {
    if (above.includes(address))
      throw h5Error('E_H5_CYCLE', `offset ${Number(address) + file.base}: the group contains itself`, {
        where: `group '${escapeText(path, 100)}'`,
      });
    if (above.length > limits.depth)
      throw overLimit('depth', limits.depth, 'E_LIMIT_DEPTH', `groups nested at least ${above.length} levels deep`, {
        where: `group '${escapeText(path, 100)}'`,
      });
    if (++objects > structures(OBJECTS_PER_TENSOR, limits))
      throw tooManyStructures(OBJECTS_PER_TENSOR, limits, 'E_LIMIT_TENSORS', 'objects in the file');
    const messages = readMessages(file, address);
    const attributes = within(path === '' ? 'root' : `'${escapeText(path, 100)}'`, () => readAttributes(file, messages));
    if (attributes.size > 0) content.attributes.set(path, attributes);
    if (isGroup(messages)) {
      const links = within(path === '' ? 'root' : `group '${escapeText(path, 100)}'`, () => readLinks(file, messages));
      for (const [name, link] of links) {
        const child = path === '' ? name : `${path}/${name}`;
        const target = within(`'${escapeText(child, 100)}'`, () =>
          resolve(file, link, above.length === 0 ? address : above[0], address, 0),
        );
        visit(target, child, [...above, address]);
      }
    } else if (isDataset(messages)) {
      checkName(path, 'dataset', limits);
      const place = placeOf(path);
      const tensor = within(place, () => readDataset(file, messages, budget, place));
      if ('skipped' in tensor) content.notes.push(`'${escapeText(path, 100)}' ${tensor.skipped} and was skipped`);
      else content.tensors.set(path, tensor);
    }
  };
  visit(file.root, '', []);
  return content;
}

/** Returns the address that a link leads to; soft links are resolved from the root or from their group. */
function resolve(file: Hdf5, link: Link, root: bigint, group: bigint, hops: number): bigint {
  if (link.kind === 'hard') return link.address;
  if (hops >= MAX_SOFT) throw h5Error('E_H5_LINK', `the soft link to '${escapeText(link.path, 80)}' leads in a circle`);
  let address = link.path.startsWith('/') ? root : group;
  for (const name of link.path.split('/').filter(part => part !== '' && part !== '.')) {
    const messages = readMessages(file, address);
    const found = isGroup(messages) ? readLinks(file, messages).find(([member]) => member === name) : undefined;
    if (!found) throw h5Error('E_H5_LINK', `the soft link to '${escapeText(link.path, 80)}' leads nowhere`);
    address = resolve(file, found[1], root, address, hops + 1);
  }
  return address;
}
