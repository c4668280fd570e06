import { RnnError, within } from '../errors.js';
import { escapeText } from '../escape.js';
import { isObject, type JsonValue, parseJsonBytes } from './bytes/jsonText.js';
import { decodeText } from './bytes/utf8.js';
import { readZip, type ZipMember } from './bytes/zip.js';
import { looksLikeZip, peekNames } from './bytes/zipEnd.js';
import type { Format, Limits, TensorFile } from './format.js';
import { h5 } from './h5.js';
import { overLimit } from './limits.js';
import { type ByteSource, memorySource } from './source.js';

/**
 * Keras 3's .keras: a zip of metadata.json, config.json and model.weights.h5. `architecture` is the parsed config.json, as data: classes named
 * in it are never looked up here. Tensors and metadata are those of the weights file, plus the entries of metadata.json.
 */
export const keras: Format = {
  name: 'keras',
  extensions: ['keras'],
  sniff(source: ByteSource): boolean {
    return looksLikeZip(source) && peekNames(source).some(name => name === 'config.json' || name === 'metadata.json' || name === WEIGHTS);
  },
  async read(source: ByteSource, limits: Limits): Promise<TensorFile> {
    const notes: string[] = [];
    const members = new Map(readZip(source, limits, notes).map(member => [member.name, member]));
    const architecture = readJson(need(members, 'config.json'), limits);
    const description = readJson(need(members, 'metadata.json'), limits);
    if (!isObject(architecture) || !isObject(description)) {
      throw new RnnError('format', 'E_KERAS_CONFIG', 'config.json and metadata.json must each hold one JSON object', {
        where: isObject(architecture) ? 'metadata.json' : 'config.json',
      });
    }
    const member = need(members, WEIGHTS);
    const weights = await within(`member '${WEIGHTS}'`, () =>
      h5.read(member.stored ? member.source : { ...memorySource(member.read()), where: member.source.where }, limits),
    );
    // checks the CRC now if that is cheap; otherwise when the numbers are read
    if (member.size <= SOON || weights.tensors.size === 0) member.source.check?.();
    const metadata = new Map(weights.metadata);
    for (const [key, value] of Object.entries(description)) if (typeof value === 'string') metadata.set(key, value);
    for (const name of members.keys()) {
      // vocabularies are not needed: x holds token numbers
      if (!PARTS.has(name) && !name.startsWith('assets/')) notes.push(`member '${escapeText(name)}' was not read`);
    }
    return {
      format: 'keras',
      tensors: weights.tensors,
      architecture,
      texts: textsOf(members, limits),
      metadata,
      notes: [...notes, ...weights.notes],
    };
  },
};

const WEIGHTS = 'model.weights.h5';
/** Largest member, in bytes, whose CRC is checked immediately. */
const SOON = 2 ** 24;
const PARTS: ReadonlySet<string> = new Set(['config.json', 'metadata.json', WEIGHTS]);

function need(members: ReadonlyMap<string, ZipMember>, name: string): ZipMember {
  const member = members.get(name);
  if (member) return member;
  const sharded = name === WEIGHTS && members.has('model.weights.json');
  throw new RnnError('format', 'E_KERAS_MEMBER', `offset 0: the archive has no '${name}'${sharded ? ': its weights are sharded' : ''}`, {
    where: 'archive',
    expected: 'config.json, metadata.json and model.weights.h5',
    found: escapeText([...members.keys()].slice(0, 6).join(', '), 120),
    fix: sharded ? 'in Python: model.save(file) without max_shard_size' : 'in Python: model.save("net.keras") with Keras 3',
  });
}

/** Returns the vocabularies that `adapt` made, read on demand. */
function textsOf(members: ReadonlyMap<string, ZipMember>, limits: Limits): ReadonlyMap<string, () => string> {
  const texts = [...members.values()].filter(({ name }) => /^assets\/.*\.txt$/s.test(name));
  const textOf = (member: ZipMember) => {
    checkSize(member, limits);
    return within(`member '${escapeText(member.name)}'`, () => decodeText(member.read()));
  };
  return new Map(texts.map(member => [member.name, () => textOf(member)]));
}

/** @throws RnnError E_LIMIT_HEADER (limit) */
function checkSize(member: ZipMember, { headerBytes }: Limits): void {
  if (member.size <= headerBytes) return;
  const name = escapeText(member.name);
  throw overLimit('headerBytes', headerBytes, 'E_LIMIT_HEADER', `offset ${member.offset}: ${name} has ${member.size} bytes`, {
    found: member.size,
    where: `member '${name}'`,
  });
}

function readJson(member: ZipMember, limits: Limits): JsonValue {
  checkSize(member, limits);
  return within(`member '${member.name}'`, () => parseJsonBytes(member.read(), { ...limits, python: true }));
}
