/** SVG as text, for all pictures. Sizes are in pixels; text is escaped; there are no scripts, links or unusual fonts. */

import { escapeXml } from '../escape.js';

export const INK = '#1f2937';
export const FAINT = '#6b7280';
export const LINE = '#9ca3af';

export interface TextStyle {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly colour?: string;
  readonly bold?: boolean;
  /** degrees of rotation around its own position */
  readonly rotate?: number;
  /** a subscript after the text: 3 in x₃ */
  readonly sub?: string;
}

export function svgDocument(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}"`,
    ` font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" role="img">\n`,
    `<title>${escapeXml(title)}</title>\n`,
    `<rect width="100%" height="100%" fill="#ffffff"/>\n`,
    ...body.map(line => `${line}\n`),
    '</svg>\n',
  ].join('');
}

export function text(
  x: number,
  y: number,
  content: string,
  { size = 12, anchor = 'start', colour = INK, bold, rotate, sub }: TextStyle = {},
): string {
  const turn = rotate === undefined ? '' : ` transform="rotate(${n(rotate)} ${n(x)} ${n(y)})"`;
  const below = sub ? `<tspan dy="${n(size * 0.25)}" font-size="${n(size * 0.72)}">${escapeXml(sub)}</tspan>` : '';
  return `<text x="${n(x)}" y="${n(y)}" font-size="${n(size)}" text-anchor="${anchor}" fill="${colour}"${bold ? ' font-weight="bold"' : ''}${turn}>${escapeXml(content)}${below}</text>`;
}

export function rect(x: number, y: number, width: number, height: number, fill: string, stroke?: string, radius = 0): string {
  const edge = stroke ? ` stroke="${stroke}" stroke-width="1.2"` : '';
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${fill}"${edge}${radius ? ` rx="${n(radius)}"` : ''}/>`;
}

/** An arrow through the points x, y, x, y … */
export function path(points: readonly number[], colour = INK): string {
  const places = points.map((at, i) => `${i === 0 ? '' : i % 2 === 1 ? ',' : ' '}${n(at)}`).join('');
  const line = `<polyline points="${places}" fill="none" stroke="${colour}" stroke-width="1.3"/>`;
  const [x0, y0, x, y] = points.slice(-4);
  const length = Math.hypot(x - x0, y - y0) || 1;
  const [ux, uy] = [(x - x0) / length, (y - y0) / length];
  const corner = (side: number) => `${n(x - 7 * ux + side * 3.5 * uy)},${n(y - 7 * uy - side * 3.5 * ux)}`;
  return `${line}<polygon points="${n(x)},${n(y)} ${corner(1)} ${corner(-1)}" fill="${colour}"/>`;
}

/** Rounds to two decimals, without trailing zeros. */
function n(x: number): string {
  return String(Math.round(x * 100) / 100);
}
