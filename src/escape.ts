// C0 and C1 controls, DEL, bidirectional overrides and isolates, line separators: what could steer a terminal or reverse a line (CWE-150).
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are the subject
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text from a file or from argv, safe for a terminal: `\u001b` instead of ESC. At most `limit` characters. */
export function escapeText(text: string, limit = 200): string {
  const safe = text.replace(UNSAFE, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return safe.length <= limit ? safe : `${safe.slice(0, limit - 1)}…`;
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
