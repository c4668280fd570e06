/** A page of `explain` on a word: what it means and small networks that show it, whose shapes the tool computes when it prints the page. */
export interface TermPage {
  /** as people write it: 'T', 'return_sequences' */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly title: string;
  /** paragraphs */
  readonly text: readonly string[];
  readonly examples?: readonly {
    readonly words: string;
    readonly layers: string;
    readonly N?: number;
    readonly T?: number;
    readonly D?: number;
  }[];
  /** other pages */
  readonly related?: readonly string[];
}
