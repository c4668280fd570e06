// C0 and C1 controls, DEL, bidirectional overrides and isolates, line separators: anything that could control a terminal or reverse a line
// (CWE-150).
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are the subject
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Makes text from a file or from argv safe for a terminal: ESC becomes `\u001b`. Returns at most `limit` characters. */
export function escapeText(text: string, limit = 200): string {
  const safe = text.replace(UNSAFE, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return safe.length <= limit ? safe : `${safe.slice(0, limit - 1)}…`;
}

const RANGE = UNSAFE.source.slice(1, -1);
const LINES = new RegExp(`\\u001b\\[[\\d;]*m|[${RANGE}]`, 'g');

/** Escapes whole lines of output, keeping newlines and, if `painted`, colour codes. */
export function escapeLines(text: string, painted: boolean): string {
  return text.replace(LINES, c => (c === '\n' || (painted && c.length > 1) ? c : escapeText(c)));
}

/** Escapes text for XML and HTML. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;', "'": '&#39;' };
  return escapeText(text, Number.POSITIVE_INFINITY).replace(/[<>&"']/g, c => names[c]);
}

/** Escapes text for Markdown, so that it makes no element, link or code. Characters that are already escaped are left alone. */
export function escapeMarkdown(text: string): string {
  return text.replace(/(\\*)(<|`|\](?=[([]))/g, (whole, slashes: string, c) => (slashes.length % 2 === 1 ? whole : `${slashes}\\${c}`));
}

/** Escapes the text of one cell of a Markdown table. */
export function markdownCell(text: string): string {
  return text.replace(/(\\*)\|/g, '$1$1\\|');
}

/**
 * Quotes one cell of a CSV file (RFC 4180). A cell that a spreadsheet would take for a formula, and that is not a number, gets a leading
 * apostrophe.
 */
export function csvCell(text: string): string {
  const inert = /^[=+@-]/.test(text) && text.length > 1 && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** Joins names from a file, escaped, on one line. @param limit most characters of each name */
export function escapeNames(names: Iterable<string>, limit = 40): string {
  return Array.from(names, name => escapeText(name, limit)).join(', ');
}

/** '1 sample', '2 samples' */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 'a, b, c …': at most `most` items */
export function listed(items: readonly (string | number)[], most: number): string {
  return `${items.slice(0, most).join(', ')}${items.length > most ? ' …' : ''}`;
}

/** Quotes an argument for the shell, in double quotes if they are enough, because every shell has those. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}

/** A path as messages and reports show it. */
export function shownPath(path: string, limit?: number): string {
  return path === '-' ? 'stdin' : escapeText(path, limit);
}

/** Describes any value of a parsed document in a word or two; never throws, however deep the value or whatever its prototype. */
export function wordOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return value instanceof Map ? 'a dict' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
