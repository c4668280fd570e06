/** A page of `explain` on a word: what it means and small networks that show it, whose shapes the tool computes when it prints the page. */
export interface TermPage {
  /** as people write it: 'T', 'return_sequences' */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly title: string;
  /** paragraphs */
  readonly text: readonly string[];
  readonly examples: readonly Example[];
  /** other pages */
  readonly related: readonly string[];
}

interface Example {
  readonly words: string;
  readonly layers: string;
  readonly N?: number;
  readonly T?: number;
  readonly D?: number;
}

/** 'name, alias, alias' · title · 'page, page' · paragraphs, then examples */
type Row = readonly [names: string, title: string, related: string, ...rest: (string | Example)[]];

export function pagesOf(rows: readonly Row[]): TermPage[] {
  return rows.map(([names, title, related, ...rest]) => {
    const [name, ...aliases] = names.split(', ');
    const text = rest.filter(part => typeof part === 'string');
    const examples = rest.filter(part => typeof part !== 'string');
    return { name, aliases, title, text, examples, related: related === '' ? [] : related.split(', ') };
  });
}
