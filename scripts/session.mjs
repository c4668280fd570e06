// A terminal session as SVG, drawn from what the real program prints: node scripts/session.mjs > docs/images/session.svg
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const COMMAND = ['compare', 'model.keras', '-i', 'x.npy', '--against', 'leaky.npy'];
const COLUMNS = 96;

const [CELL, LINE, MARGIN, BAR] = [7.8, 18, 16, 30];
const COLOURS = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 36: '#79c0ff' };
const [BACKGROUND, TEXT, FAINT] = ['#0d1117', '#e6edf3', '#8b949e'];

const { stdout } = spawnSync(
  process.execPath,
  [`${root}bin/rnn-cli.js`, ...COMMAND, '--color', 'always', '--style', 'plain', '--width', String(COLUMNS)],
  { cwd: `${root}examples/tutorial`, encoding: 'utf8' },
);
process.stdout.write(svgOf([`\u001b[2m$\u001b[22m \u001b[1mrnn-cli ${COMMAND.join(' ')}\u001b[22m`, ...stdout.trimEnd().split('\n')]));

function svgOf(lines) {
  const spans = lines.map(spansOf);
  const longest = Math.max(...spans.map(line => line.reduce((sum, { text }) => sum + [...text].length, 0)));
  const [width, height] = [Math.round(longest * CELL + 2 * MARGIN), lines.length * LINE + BAR + MARGIN];
  const texts = spans.map((line, i) => lineOf(line, BAR + (i + 1) * LINE - 5)).join('\n');
  const dots = ['#ff5f57', '#febc2e', '#28c840']
    .map((fill, i) => `<circle cx="${MARGIN + 4 + 18 * i}" cy="15" r="5" fill="${fill}"/>`)
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="rnn-cli ${COMMAND.join(' ')}">
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
${dots}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="${TEXT}">
${texts}
</g>
</svg>
`;
}

/** Every piece of one colour gets its place and its length, so that columns stand under each other in any font. */
function lineOf(spans, y) {
  let column = 0;
  return spans
    .map(({ text, bold, fill }) => {
      const count = [...text].length;
      const x = MARGIN + column * CELL;
      column += count;
      const style = `${bold ? ' font-weight="bold"' : ''}${fill ? ` fill="${fill}"` : ''}`;
      return text.trim() === ''
        ? ''
        : `<text x="${x.toFixed(1)}" y="${y}" textLength="${(count * CELL).toFixed(1)}" xml:space="preserve"${style}>${escaped(text)}</text>`;
    })
    .join('');
}

/** 'a\u001b[31mb' -> pieces of one style each. */
function spansOf(line) {
  const spans = [];
  let [bold, fill] = [false, undefined];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are the subject
  for (const [, codes, text] of line.matchAll(/(?:\u001b\[([\d;]*)m)?([^\u001b]*)/g)) {
    for (const code of codes === undefined ? [] : codes.split(';').map(Number)) {
      if (code === 1) bold = true;
      else if (code === 2) fill = FAINT;
      else if (code === 22) [bold, fill] = [false, fill === FAINT ? undefined : fill];
      else if (code === 39) fill = undefined;
      else if (code === 0) [bold, fill] = [false, undefined];
      else fill = COLOURS[code] ?? fill;
    }
    if (text !== '') spans.push({ text, bold, fill });
  }
  return spans;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
