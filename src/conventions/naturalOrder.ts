/** Compares names by the numbers in them: lstm_9 before lstm_10, cells/2 before cells/10. */
export function byNaturalOrder(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    if (one[i] === other[i]) continue;
    const numbers = /^\d/.test(one[i]) && /^\d/.test(other[i]);
    const difference = numbers ? Number(one[i]) - Number(other[i]) : 0;
    return difference || (one[i] < other[i] ? -1 : 1);
  }
  return one.length - other.length;
}

function partsOf(name: string): string[] {
  return name.match(/\d+|\D+/g) ?? [];
}
