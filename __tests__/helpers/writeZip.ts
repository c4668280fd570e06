import { joined } from '../../src/formats/bytes/numbers.js';
import { zipPieces } from '../../src/formats/bytes/zipWrite.js';

/** A zip of members in memory. */
export async function writeZip(members: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  return joined(zipPieces(new Map([...members].map(([name, content]) => [name, { size: content.length, pieces: () => [content] }]))));
}
