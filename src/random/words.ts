/** Words of 32 bits as the generators use them. */

/** the upper 32 bits of a product of two words */
export function productHigh(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = ah * bl + ((al * bl) >>> 16);
  const other = al * bh + (middle & 0xffff);
  return ah * bh + (middle >>> 16) + (other >>> 16);
}

/** the words of a whole number >= 0, the lowest first; 0 is one word */
export function wordsOf(value: bigint): number[] {
  const words: number[] = [];
  do {
    words.push(Number(value & 0xffffffffn));
    value >>= 32n;
  } while (value > 0n);
  return words;
}
