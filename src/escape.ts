// C0 and C1 controls, DEL, bidirectional overrides and isolates, line separators: what could steer a terminal or reverse a line (CWE-150).
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are the subject
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text from a file or from argv, safe for a terminal: `\u001b` instead of ESC. At most `limit` characters. */
export function escapeText(text: string, limit = 200): string {
  const safe = text.replace(UNSAFE, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return safe.length <= limit ? safe : `${safe.slice(0, limit - 1)}…`;
}

const RANGE = UNSAFE.source.slice(1, -1);
const LINES = new RegExp(`\\u001b\\[[\\d;]*m|[${RANGE}]`, 'g');

/** Whole lines on their way to a stream, whatever a report has left in them: newlines stay, and where it is painted the codes of colours. */
export function escapeLines(text: string, painted: boolean): string {
  return text.replace(LINES, c => (c === '\n' || (painted && c.length > 1) ? c : escapeText(c)));
}

/** Text inside XML and HTML. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&#39;' };
  return escapeText(text, Number.POSITIVE_INFINITY).replace(/[<>&"']/g, c => names[c]);
}

/** Text in a document of Markdown: no element, no link, no code. What is escaped already stays as it is. */
export function escapeMarkdown(text: string): string {
  return text.replace(/(\\*)(<|`|\](?=[([]))/g, (whole, slashes: string, c) => (slashes.length % 2 === 1 ? whole : `${slashes}\\${c}`));
}

/** One cell of a table in Markdown. */
export function markdownCell(text: string): string {
  return text.replace(/(\\*)\|/g, '$1$1\\|');
}

/** One cell of a CSV file, as RFC 4180 has it; what a spreadsheet would compute, and is no number, is text (a quote in front of it). */
export function csvCell(text: string): string {
  const inert = /^[=+@-]/.test(text) && text.length > 1 && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** Names from a file, escaped, on one line. @param limit characters of each */
export function escapeNames(names: Iterable<string>, limit = 40): string {
  return Array.from(names, name => escapeText(name, limit)).join(', ');
}

/** '1 sample', '2 samples' */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 'a, b, c …': at most so many of them */
export function listed(items: readonly (string | number)[], most: number): string {
  return `${items.slice(0, most).join(', ')}${items.length > most ? ' …' : ''}`;
}

/** An argument as a shell reads it back; in double quotes where they are enough, for every shell has those. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}

/** A path of the command line as messages and reports name it. */
export function shownPath(path: string, limit?: number): string {
  return path === '-' ? 'stdin' : escapeText(path, limit);
}

/** Any value of a parsed document as one short word; never throws, however deep it is or whatever prototype it lacks. */
export function wordOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return value instanceof Map ? 'a dict' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
