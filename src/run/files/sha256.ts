import { createHash } from 'node:crypto';
import { rowPieces } from '../../tensor/lazy.js';
import { sizeOf, type Tensor } from '../../tensor/tensor.js';
import { allFinite } from '../input/finite.js';

/**
 * SHA-256 of numbers. Loading Node's crypto takes longer than the whole forward pass of the tutorial network, so inputs shorter than LONG
 * bytes are hashed here.
 */
const LONG = 2 ** 15;

type Numbers = Float32Array | Float64Array;

/** Hashes numbers incrementally. */
export interface NumberHash {
  update(data: Numbers): void;
  /** @returns 64 hexadecimal digits */
  digest(): string;
}

/** SHA-256 of tensors as little-endian float32 in C order, one after the other. NaN is made canonical, because its bits are unspecified. */
export function sha256OfTensors(tensors: readonly Tensor[]): string {
  const total = 4 * tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (total < LONG) {
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const { data } of tensors) {
      bytes.set(float32Bytes(data), at);
      at += 4 * data.length;
    }
    return shortSha256(bytes);
  }
  const hash = numberHash();
  for (const t of tensors) for (const { numbers } of rowPieces(t)) hash.update(numbers);
  return hash.digest();
}

/** Hashes numbers as little-endian float32 incrementally. */
export function numberHash(): NumberHash {
  const hash = createHash('sha256');
  return { update: data => void hash.update(float32Bytes(data)), digest: () => hash.digest('hex') };
}

const CANONICAL_NAN = 0x7fc00000;
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes to hash: little-endian float32, with canonical NaN. */
export function float32Bytes(data: Numbers): Uint8Array {
  const floats = data instanceof Float32Array && !hasNaN(data) ? data : Float32Array.from(data);
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  if (floats !== data) for (let k = 0; k < floats.length; k++) if (Number.isNaN(floats[k])) bits[k] = CANONICAL_NAN;
  if (!LITTLE_ENDIAN) return swapped(bits);
  return new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
}

function hasNaN(data: Float32Array): boolean {
  if (allFinite(data)) return false;
  for (let k = 0; k < data.length; k++) if (Number.isNaN(data[k])) return true;
  return false;
}

function swapped(bits: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(bits.length * 4));
  bits.forEach((word, k) => {
    view.setUint32(k * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}

const BLOCK = 64;

// section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes
// biome-ignore format: eight a line
const K = Uint32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

// section 5.3.3: likewise of the square roots of the first 8 primes
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/** FIPS 180-4. */
export function shortSha256(bytes: Uint8Array): string {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / BLOCK) * BLOCK);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  const hash = Uint32Array.from(START);
  const W = new Uint32Array(64);
  for (let from = 0; from < padded.length; from += BLOCK) {
    for (let t = 0; t < 16; t++) W[t] = view.getUint32(from + 4 * t);
    addBlock(hash, W);
  }
  return Array.from(hash, word => word.toString(16).padStart(8, '0')).join('');
}

/** Section 6.2.2. @param W [64], the block in the first 16 words */
function addBlock(hash: Uint32Array, W: Uint32Array): void {
  for (let t = 16; t < 64; t++) {
    const s0 = rotate(W[t - 15], 7) ^ rotate(W[t - 15], 18) ^ (W[t - 15] >>> 3);
    const s1 = rotate(W[t - 2], 17) ^ rotate(W[t - 2], 19) ^ (W[t - 2] >>> 10);
    W[t] = s1 + W[t - 7] + s0 + W[t - 16];
  }
  let [a, b, c, d, e, f, g, h] = hash;
  for (let t = 0; t < 64; t++) {
    const T1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + W[t]) | 0;
    const T2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + T1) | 0;
    d = c;
    c = b;
    b = a;
    a = (T1 + T2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    hash[i] += word;
  });
}

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}
