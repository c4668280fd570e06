/** Replacements for all signs used in messages and reports, for terminals whose character set is ASCII. */
// biome-ignore format: a table
const SIGNS: Readonly<Record<string, string>> = {
  '·': '*', '−': '-', '–': '-', '…': '...', '←': '<-', '→': '->', '×': 'x', '÷': '/', '⊙': '(.)', '≤': '<=', '≥': '>=', '±': '+-',
  '∓': '-+', '√': 'sqrt ', '∞': 'inf', '’': "'", '′': "'", '½': '1/2', '²': '^2', '³': '^3', '⁴': '^4', '⁵': '^5', '⁶': '^6', ᵀ: '^T',
  Σ: 'sum ', σ: 'sigma', π: 'pi', ε: 'eps', µ: 'u', '█': '#', '░': '.', '─': '-', '━': '-', '│': '|', '┃': '|',
};
const CORNER = /[\u2500-\u257f]/;

/** Converts text to ASCII: `→` becomes `->`, letters lose their accents, any other character becomes its code, \u{4f60}. */
export function toAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, sign => {
    const known = SIGNS[sign];
    if (known !== undefined) return known;
    if (CORNER.test(sign)) return '+';
    const plain = sign.normalize('NFKD').replace(/[\u0300-\u036f]/g, '');
    return /^[\0-\x7f]*$/.test(plain) ? plain : `\\u{${sign.codePointAt(0)!.toString(16)}}`;
  });
}

/** Whether the locale names a character set other than UTF-8. An unset locale, C and POSIX name none. */
export function isAsciiLocale(env: Readonly<Record<string, string | undefined>>): boolean {
  const charset = /\.([^@]+)/.exec(env.LC_ALL || env.LC_CTYPE || env.LANG || '')?.[1];
  return charset !== undefined && !/^utf-?8$/i.test(charset);
}
