import { escapeXml } from '../escape.js';

/** Code and style of the page, built by scripts/page.mjs, each with its SHA-256 in base64 for the content security policy. */
export interface PageBundle {
  readonly script: string;
  readonly scriptSha256: string;
  readonly style: string;
  readonly styleSha256: string;
}

/**
 * A self-contained HTML file with data, style and code. Its content security policy allows exactly these: no requests, no other code.
 * @param data plain JSON; its strings are only ever shown as text
 */
export function pageHtml(title: string, data: unknown, { script, scriptSha256, style, styleSha256 }: PageBundle): string {
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${scriptSha256}' 'wasm-unsafe-eval'`,
    `style-src 'sha256-${styleSha256}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n',
    '<meta name="referrer" content="no-referrer">\n',
    `<title>${escapeXml(title)}</title>\n<link rel="icon" href="data:,">\n<style>${style}</style>\n</head>\n<body>\n`,
    '<noscript><p>This page computes its numbers itself, and for that it needs JavaScript.</p></noscript>\n',
    `<script id="data" type="application/json">${jsonInHtml(data)}</script>\n`,
    `<script>${script}</script>\n</body>\n</html>\n`,
  ].join('');
}

/** JSON in which no HTML parser finds a tag, a comment or an entity, and without bidirectional marks. NaN and infinities are strings. */
function jsonInHtml(data: unknown): string {
  const whole = (_key: string, value: unknown) =>
    typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;
  return JSON.stringify(data, whole).replace(IN_HTML, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are the subject
const IN_HTML = /[<>&\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
