import { deflateRawSync } from 'node:zlib';
import { cat, crc, u16, u32 } from './bytes.js';

/** A zip archive whose every field can lie (PKWARE APPNOTE 4.3). Shares no code with src/formats. */
export interface MemberParts {
  name: string | Uint8Array;
  content: Uint8Array;
  deflate?: boolean;
  /** compressed bytes to store in place of the right ones */
  packed?: Uint8Array;
  method?: number;
  flags?: number;
  crc?: number;
  size?: number;
  packedSize?: number;
  /** what the local header says instead */
  local?: Partial<Pick<MemberParts, 'name' | 'method' | 'flags' | 'crc' | 'size' | 'packedSize'>>;
  localExtra?: Uint8Array;
  extra?: Uint8Array;
  attributes?: number;
  /** offset of the local header as the central directory has it */
  offset?: number;
  /** leave the member out of the file, keep its directory entry */
  phantom?: boolean;
}

export interface ArchiveParts {
  entries?: number;
  directorySize?: number;
  directoryOffset?: number;
  comment?: Uint8Array;
  prefix?: Uint8Array;
  suffix?: Uint8Array;
  /** between the members and the directory */
  gap?: Uint8Array;
  disk?: number;
}

export function zipBytes(members: readonly MemberParts[], archive: ArchiveParts = {}): Buffer {
  const files: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const member of members) {
    const packed = member.packed ?? (member.deflate ? deflateRawSync(member.content) : Buffer.from(member.content));
    const fields = headerFields(member, packed);
    const local = { ...fields, ...member.local };
    const localName = nameBytes(local.name);
    const header = cat(
      u32(0x04034b50),
      u16(20),
      common(local),
      u16(localName.length),
      u16(member.localExtra?.length ?? 0),
      localName,
      member.localExtra ?? Buffer.alloc(0),
    );
    const name = nameBytes(fields.name);
    const extra = member.extra ?? Buffer.alloc(0);
    directory.push(
      cat(u32(0x02014b50), u16(0x0314), u16(20), common(fields), u16(name.length), u16(extra.length), u16(0), u16(0), u16(0)),
      cat(u32(member.attributes ?? 0o100644 * 65536), u32(member.offset ?? at), name, extra),
    );
    if (member.phantom) continue;
    files.push(header, packed);
    at += header.length + packed.length;
  }
  const central = cat(...directory);
  const gap = archive.gap ?? Buffer.alloc(0);
  const comment = archive.comment ?? Buffer.alloc(0);
  const entries = archive.entries ?? members.length;
  const end = cat(
    u32(0x06054b50),
    u16(archive.disk ?? 0),
    u16(archive.disk ?? 0),
    u16(entries),
    u16(entries),
    u32(archive.directorySize ?? central.length),
    u32(archive.directoryOffset ?? at + gap.length),
    u16(comment.length),
    comment,
  );
  return cat(archive.prefix ?? '', ...files, gap, central, end, archive.suffix ?? '');
}

type Fields = Required<Pick<MemberParts, 'name' | 'method' | 'flags' | 'crc' | 'size' | 'packedSize'>>;

function headerFields(member: MemberParts, packed: Uint8Array): Fields {
  return {
    name: member.name,
    method: member.method ?? (member.deflate ? 8 : 0),
    flags: member.flags ?? 0x800,
    crc: member.crc ?? crc(member.content),
    size: member.size ?? member.content.length,
    packedSize: member.packedSize ?? packed.length,
  };
}

/** flags, method, DOS time and date, CRC, the two sizes: the same in both headers */
function common({ flags, method, crc: sum, packedSize, size }: Fields): Buffer {
  return cat(u16(flags), u16(method), u16(0), u16(0x21), u32(sum), u32(packedSize), u32(size));
}

function nameBytes(name: string | Uint8Array): Buffer {
  return typeof name === 'string' ? Buffer.from(name) : Buffer.from(name);
}
