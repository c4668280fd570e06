import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Files that the benches read: written here, so that no program under test makes its own input. */

/** @param tensors name -> { shape, data }; without data the bytes are a hole in the file */
export function writeSafetensors(path, tensors) {
  let end = 0;
  const header = {};
  for (const [name, { shape }] of Object.entries(tensors)) {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = Buffer.from(JSON.stringify(header).padEnd(8));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  writeSync(file, start);
  writeSync(file, text);
  for (const [name, { data }] of Object.entries(tensors)) {
    if (data) writeSync(file, new Uint8Array(data.buffer), 0, data.byteLength, 8 + text.length + header[name].data_offsets[0]);
  }
  ftruncateSync(file, 8 + text.length + end);
  closeSync(file);
}

export function writeNpy(path, shape, data) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\0\0${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`, 'latin1');
  start.writeUInt16LE(start.length - 10, 8);
  const file = openSync(path, 'w');
  writeSync(file, start);
  if (data) writeSync(file, new Uint8Array(data.buffer));
  ftruncateSync(file, start.length + 4 * shape.reduce((a, b) => a * b, 1));
  closeSync(file);
}

/** Numbers in ±limit from a fixed generator. */
export function uniform(length, limit, seed = 1) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return limit * (state / 2 ** 31 - 1);
  });
}
