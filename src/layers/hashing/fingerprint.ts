/** The hashes that TensorFlow applies to whole numbers written in decimal. Values are unsigned 64-bit. */

const MASK = (1n << 64n) - 1n;
const K2 = 0x9ae16a3b2f90404fn;
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;

const wrap = (v: bigint) => v & MASK;
const rotated = (v: bigint, by: bigint) => wrap((v >> by) | (v << (64n - by)));
const shifted = (v: bigint) => v ^ (v >> 47n);

/** Reads `count` bytes as a little-endian number. */
function word(bytes: Uint8Array, from: number, count: number): bigint {
  let v = 0n;
  for (let i = count - 1; i >= 0; i--) v = (v << 8n) | BigInt(bytes[from + i]);
  return v;
}

/** FarmHash's HashLen16: combines two words into one. */
function joined(u: bigint, v: bigint, by: bigint): bigint {
  const a = shifted(wrap((u ^ v) * by));
  return wrap(shifted(wrap((v ^ a) * by)) * by);
}

/** FarmHash's Fingerprint64 of up to 32 bytes (farmhashna::Hash64). */
export function fingerprint(bytes: Uint8Array): bigint {
  const n = bytes.length;
  const by = wrap(K2 + BigInt(2 * n));
  if (n > 16) {
    const [a, b] = [wrap(word(bytes, 0, 8) * K1), word(bytes, 8, 8)];
    const [c, d] = [wrap(word(bytes, n - 8, 8) * by), wrap(word(bytes, n - 16, 8) * K2)];
    return joined(wrap(rotated(wrap(a + b), 43n) + rotated(c, 30n) + d), wrap(a + rotated(wrap(b + K2), 18n) + c), by);
  }
  if (n >= 8) {
    const [a, b] = [wrap(word(bytes, 0, 8) + K2), word(bytes, n - 8, 8)];
    return joined(wrap(rotated(b, 37n) * by + a), wrap(wrap(rotated(a, 25n) + b) * by), by);
  }
  if (n >= 4) return joined(wrap(BigInt(n) + (word(bytes, 0, 4) << 3n)), word(bytes, n - 4, 4), by);
  if (n === 0) return K2;
  const y = BigInt(bytes[0] + (bytes[n >> 1] << 8));
  const z = BigInt(n + (bytes[n - 1] << 2));
  return wrap(shifted(wrap(y * K2) ^ wrap(z * K0)) * K2);
}

/** SipHash-2-4. @param key two 64-bit words */
export function keyed(bytes: Uint8Array, key: readonly number[]): bigint {
  const [k0, k1] = key.map(k => BigInt.asUintN(64, BigInt(k)));
  const v = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const n = bytes.length;
  const absorb = (m: bigint) => {
    v[3] ^= m;
    rounds(v, 2);
    v[0] ^= m;
  };
  for (let i = 0; i + 8 <= n; i += 8) absorb(word(bytes, i, 8));
  absorb((BigInt(n & 255) << 56n) | word(bytes, n - (n % 8), n % 8));
  v[2] ^= 0xffn;
  rounds(v, 4);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

function rounds(v: bigint[], count: number): void {
  for (let i = 0; i < count; i++) {
    v[0] = wrap(v[0] + v[1]);
    v[2] = wrap(v[2] + v[3]);
    v[1] = rotated(v[1], 51n) ^ v[0];
    v[3] = rotated(v[3], 48n) ^ v[2];
    v[0] = rotated(v[0], 32n);
    v[2] = wrap(v[2] + v[1]);
    v[0] = wrap(v[0] + v[3]);
    v[1] = rotated(v[1], 47n) ^ v[2];
    v[3] = rotated(v[3], 43n) ^ v[0];
    v[2] = rotated(v[2], 32n);
  }
}

/** The initial value of tf.sparse.cross_hashed. */
export const CROSSED_FROM = 0xdecafcaffen;

/** TensorFlow's FingerprintCat64: combines a hash with the next number. */
export function crossed(hash: bigint, next: bigint): bigint {
  const by = 0xc6a4a7935bd1e995n;
  const mixed = wrap(shifted(wrap(next * by)) * by);
  const all = wrap((hash ^ by ^ mixed) * by);
  return shifted(wrap(shifted(all) * by));
}
