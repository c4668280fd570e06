import { readFileSync } from 'node:fs';
import { readZip } from '../../src/formats/bytes/zip.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { memorySource } from '../../src/formats/source.js';
import { zipBytes } from './hostile/zipBytes.js';
import { referencePath } from './reference.js';

/** A .keras file of reference/models with its config changed. */
export async function editedKeras(id: string, edit: (config: any) => void): Promise<Buffer> {
  const members = readZip(memorySource(readFileSync(referencePath('models/keras', `${id}.keras`))), DEFAULT_LIMITS, []);
  return zipBytes(
    members.map(member => {
      if (member.name !== 'config.json') return { name: member.name, content: member.read() };
      const config = JSON.parse(Buffer.from(member.read()).toString());
      edit(config);
      return { name: member.name, content: Buffer.from(JSON.stringify(config)) };
    }),
  );
}
