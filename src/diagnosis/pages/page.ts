/** A page of `explain` about a term: its meaning, and small networks that show it, whose shapes are computed when the page is printed. */
export interface TermPage {
  /** as it is usually written: 'T', 'return_sequences' */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly title: string;
  /** paragraphs */
  readonly text: readonly string[];
  readonly examples: readonly Example[];
  /** names of other pages */
  readonly related: readonly string[];
}

interface Example {
  readonly words: string;
  readonly layers: string;
  readonly N?: number;
  readonly T?: number;
  readonly D?: number;
}

/** Splits a text into blocks of lines. */
export function blocksOf(between: RegExp, text: string): string[][] {
  return text
    .trim()
    .split(between)
    .map(block => block.split('\n'));
}

const wordsOf = (list: string) => list.split(',').flatMap(word => word.trim() || []);

/** Parses pages: `name, alias | title | page, page`, then one paragraph per line, then `> words | --layers | N T D` for each example. */
export function pagesOf(text: string): TermPage[] {
  return blocksOf(/\n\n/, text).map(([head, ...lines]) => {
    const [names, title, related] = head.split(' |');
    const [name, ...aliases] = wordsOf(names);
    const isExample = (line: string) => line.startsWith('> ');
    const examples = lines.filter(isExample).map(line => {
      const [words, layers, sizes] = line.slice(2).split(' | ');
      const [N, T, D] = sizes.split(' ').map(v => (v === '_' ? undefined : Number(v)));
      return { words, layers, N, T, D };
    });
    return { name, aliases, title: title.trim(), text: lines.filter(line => !isExample(line)), examples, related: wordsOf(related) };
  });
}
