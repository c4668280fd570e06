import { DEFAULT_LIMITS, type Limits } from '../../../src/formats/format.js';
import { readHdf5 } from '../../../src/formats/hdf5/walk.js';
import { memorySource } from '../../../src/formats/source.js';
import { attribute1, FLOAT32, hardLink, header1, INT8, NOWHERE, space } from '../../helpers/hdf5Bytes.js';
import { cat, f32, u16, u64 } from '../../helpers/hostile/bytes.js';
import { said } from '../../helpers/said.js';

const compact = (data: Uint8Array) => cat(Uint8Array.of(3, 0), u16(data.length), data);
const softLink = (name: string, path: string) => cat(Uint8Array.of(1, 8, 1, name.length), name, u16(path.length), path);

type Node =
  | { readonly group: readonly Uint8Array[]; readonly attributes?: readonly Uint8Array[] }
  | { readonly data: Uint8Array; readonly type?: Uint8Array; readonly attributes?: readonly Uint8Array[] }
  | { readonly nothing: true; readonly attributes?: readonly Uint8Array[] };

/** Every object has 1,024 bytes, so number k stands at 1024 · (k + 1); the root is number 0. */
const at = (k: number) => 1024 * (k + 1);
function object(node: Node): Buffer {
  const attributes = (node.attributes ?? []).map(body => ({ type: 12, body }));
  if ('group' in node) {
    const place = cat(Uint8Array.of(0, 0), u64(NOWHERE), u64(NOWHERE));
    return header1([{ type: 2, body: place }, ...node.group.map(body => ({ type: 6, body })), ...attributes]);
  }
  if ('nothing' in node) return header1([{ type: 3, body: INT8 }, ...attributes]);
  const { data, type = FLOAT32 } = node;
  return header1([{ type: 1, body: space(data.length / 4) }, { type: 3, body: type }, { type: 8, body: compact(data) }, ...attributes]);
}
function fileOf(...nodes: Node[]): Uint8Array {
  const bytes = Buffer.alloc(at(nodes.length));
  const superblock = cat('\x89HDF\r\n\x1a\n', Uint8Array.of(0, 0, 0, 0, 0, 8, 8, 0), Buffer.alloc(8));
  cat(superblock, u64(0), u64(NOWHERE), u64(bytes.length), u64(NOWHERE), u64(0), u64(at(0))).copy(bytes);
  nodes.forEach((node, k) => {
    object(node).copy(bytes, at(k));
  });
  return new Uint8Array(bytes);
}
const read = (nodes: readonly Node[], limits: Partial<Limits> = {}) => {
  const content = readHdf5(memorySource(fileOf(...nodes)), { ...DEFAULT_LIMITS, ...limits });
  for (const tensor of content.tensors.values()) tensor.data;
  return content;
};
const data = (...values: number[]): Node => ({ data: f32(...values) });
const tensors = (nodes: readonly Node[], limits: Partial<Limits> = {}) =>
  [...read(nodes, limits).tensors].map(([path, { data }]) => `${path} ${Array.from(data)}`);

/** 1 + 7·(1 + 24·(1 + 18)) = 3,200 objects without a tensor, as many as a file of few tensors may have. */
function manyObjects(...more: ReturnType<typeof hardLink>[]): Node[] {
  const links = (count: number, to: number) => Array.from({ length: count }, (_, i) => hardLink(`g${i}`, at(to)));
  return [{ group: [...links(7, 1), ...more] }, { group: links(24, 2) }, { group: links(18, 3) }, { nothing: true }];
}

describe('a whole file', () => {
  it('has its datasets under their paths, its attributes under their objects, and says what was left out', () => {
    const number = (name: string, n: number) => attribute1(name, INT8, space(), Uint8Array.of(n));
    const content = read([
      { group: [hardLink('a', at(1)), hardLink('names', at(3)), hardLink('type', at(4))], attributes: [number('version', 3)] },
      { group: [hardLink('w', at(2))], attributes: [number('units', 4)] },
      { data: f32(1, 2), attributes: [number('axis', 5)] },
      { data: Buffer.alloc(4), type: cat(Uint8Array.of(0x13, 0, 0, 0, 4, 0, 0, 0)) },
      { nothing: true },
    ]);
    expect([...content.tensors].map(([path, t]) => [path, t.shape, t.dtype, Array.from(t.data)])).toEqual([['a/w', [2], 'f32', [1, 2]]]);
    expect([...content.attributes].map(([path, values]) => [path, [...values]])).toEqual([
      ['', [['version', 3]]],
      ['a', [['units', 4]]],
      ['a/w', [['axis', 5]]],
    ]);
    expect(content.notes).toEqual(["'names' holds strings and was skipped"]);
  });

  it('may have an object under several names', () => {
    expect(tensors([{ group: [hardLink('a', at(1)), hardLink('b', at(1))] }, data(7)])).toEqual(['a 7', 'b 7']);
  });

  it('follows soft links from the root and from their group', () => {
    const nodes = (path: string, from: string): Node[] => [
      { group: [hardLink('g', at(1)), hardLink('w', at(2)), ...(from === 'root' ? [softLink('l', path)] : [])] },
      { group: [hardLink('w', at(3)), hardLink('h', at(4)), ...(from === 'g' ? [softLink('l', path)] : [])] },
      data(1),
      data(2),
      { group: [hardLink('deep', at(5))] },
      data(3),
    ];
    const linked = (path: string, from: string) => tensors(nodes(path, from)).filter(text => /(^|\/)l /.test(text));
    expect([
      linked('/w', 'g'),
      linked('w', 'g'),
      linked('h/deep', 'g'),
      linked('/g/h/deep', 'g'),
      linked('./h/./deep', 'g'),
      linked('h//deep/', 'g'),
      linked('g/w', 'root'),
      linked('/g/w', 'root'),
    ]).toEqual([['g/l 1'], ['g/l 2'], ['g/l 3'], ['g/l 3'], ['g/l 3'], ['g/l 3'], ['l 2'], ['l 2']]);
  });

  it('follows 16 soft links in a row and no more', () => {
    // l1 is /l2, l2 is /l3 …; the last is the dataset
    const chain = (links: number): Node[] => [
      {
        group: [...Array.from({ length: links }, (_, i) => softLink(`l${i}`, i === links - 1 ? '/w' : `/l${i + 1}`)), hardLink('w', at(1))],
      },
      data(4),
    ];
    expect(tensors(chain(16))).toHaveLength(17);
    expect(said(() => read(chain(17)))).toBe("E_H5_LINK 'l0': the soft link to '/w' leads in a circle");
  });

  it.each<[string, Node[], Partial<Limits>, string]>([
    ['a link to nothing', [{ group: [softLink('l', '/no/where')] }], {}, "E_H5_LINK 'l': the soft link to '/no/where' leads nowhere"],
    [
      'a link through a dataset',
      [{ group: [softLink('l', '/w/x'), hardLink('w', at(1))] }, data(1)],
      {},
      "E_H5_LINK 'l': the soft link to '/w/x' leads nowhere",
    ],
    [
      'a circle of links',
      [{ group: [softLink('a', 'b'), softLink('b', 'a')] }],
      {},
      "E_H5_LINK 'a': the soft link to 'b' leads in a circle",
    ],
    [
      'a link to its own group',
      [{ group: [hardLink('g', at(1))] }, { group: [softLink('l', '/g')] }],
      {},
      "E_H5_CYCLE group 'g/l': offset 2048: the group contains itself",
    ],
    ['a group in itself', [{ group: [hardLink('g', at(0))] }], {}, "E_H5_CYCLE group 'g': offset 1024: the group contains itself"],
    [
      'groups nested too deep',
      [{ group: [hardLink('a', at(1))] }, { group: [hardLink('b', at(2))] }, { group: [hardLink('c', at(3))] }, data(1)],
      { depth: 2 },
      "(limit) E_LIMIT_DEPTH group 'a/b/c': groups nested at least 3 levels deep; the limit is 2 | expected: at most 2 | fix: if you trust the file, raise it with --max-nesting",
    ],
    [
      'too many objects',
      manyObjects(hardLink('one more', at(3))),
      { tensors: 1 },
      '(limit) E_LIMIT_TENSORS more than 3200 objects in the file, 8 for each tensor that is allowed; the limit is 1 | expected: at most 1 | fix: if you trust the file, raise it with --max-tensors',
    ],
    [
      'two tensors where one is allowed',
      [{ group: [hardLink('a', at(1)), hardLink('b', at(1))] }, data(1)],
      { tensors: 1 },
      "(limit) E_LIMIT_TENSORS dataset 'b': at least 2 tensors in one file; the limit is 1 | expected: at most 1 | fix: if you trust the file, raise it with --max-tensors",
    ],
    [
      'a path that is too long',
      [{ group: [hardLink('a', at(1))] }, { group: [hardLink('b', at(2))] }, data(1)],
      { nameBytes: 2 },
      "(limit) E_LIMIT_NAME the dataset name 'a/b' has 3 bytes; the limit is 2 | expected: at most 2 bytes | found: 3 bytes | fix: if you trust the file, add --max-name 3",
    ],
    [
      'a bad attribute of the root',
      [{ group: [], attributes: [Uint8Array.of(9)] }],
      {},
      'E_H5_ATTRIBUTE root: offset 1074: attribute version 9',
    ],
    [
      'a bad attribute elsewhere',
      [{ group: [hardLink('a', at(1))] }, { nothing: true, attributes: [Uint8Array.of(9)] }],
      {},
      "E_H5_ATTRIBUTE 'a': offset 2092: attribute version 9",
    ],
    ['a bad link in the root', [{ group: [Uint8Array.of(9, 0)] }], {}, 'E_H5_LINK root: offset 1074: link version 9'],
    [
      'a bad link in a group',
      [{ group: [hardLink('a', at(1))] }, { group: [Uint8Array.of(9, 0)] }],
      {},
      "E_H5_LINK group 'a': offset 2098: link version 9",
    ],
    [
      'a bad dataset',
      [{ group: [hardLink('a', at(1))] }, { data: f32(1), type: cat(Uint8Array.of(0x52, 0, 0, 0, 4, 0, 0, 0)) }],
      {},
      "E_H5_TYPE dataset 'a': offset 2096: datatype version 5",
    ],
  ])('is refused with %s', (_, nodes, limits, words) => expect(said(() => read(nodes, limits))).toBe(words));

  it('may be as deep, as full and as long-named as allowed', () => {
    const nested: Node[] = [{ group: [hardLink('a', at(1))] }, { group: [hardLink('b', at(2))] }, data(1)];
    expect(tensors(nested, { depth: 2, tensors: 1, nameBytes: 3 })).toEqual(['a/b 1']);
    expect(tensors(manyObjects(), { tensors: 1 })).toEqual([]);
  });
});
