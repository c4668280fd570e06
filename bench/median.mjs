/** The middle of a list of numbers; of two the upper one. */
export function median(list) {
  return list.toSorted((a, b) => a - b)[list.length >> 1];
}
