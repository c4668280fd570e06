import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { closeBrowser, openBrowser, openFile, rnnCliIn, temporary, violations, withBrowser } from '../helpers/browser.js';

/**
 * Every page at three sizes, light and dark: nothing is wider than the window, and axe-core finds nothing on a narrow dark one. The pictures of docs/page.md are taken here
 * (SCREENS=1 npx jest page/screens) and must still look alike; SCREENS=FOLDER keeps all of them, to be looked at.
 */
jest.setTimeout(240_000);

const root = join(__dirname, '../..');
const PAGES = {
  forward: ['forward', 'model.keras', '-i', 'x.npy', '--step', '3', '--unit', '2'],
  compare: ['compare', 'model.keras', '-i', 'x.npy', '--against', 'leaky.npy'],
  shapes: ['shapes', '--cell', 'lstm', '--T', '10'],
  inspect: ['inspect', 'model.keras'],
};
const SIZES = [
  [1280, 900],
  [768, 1024],
  [390, 844],
] as const;
const asked = process.env.SCREENS;

withBrowser('the pages at three sizes, light and dark', () => {
  let folder: string;
  beforeAll(async () => {
    await openBrowser();
    folder = temporary('screens');
    cpSync(join(root, 'examples/tutorial'), folder, { recursive: true });
  });
  afterAll(closeBrowser);

  it.each(Object.entries(PAGES))('%s', async (name, argv) => {
    rnnCliIn(folder, ...argv, '--html', `${name}.html`);
    const { page, complaints, requests } = await openFile(join(folder, `${name}.html`));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await settled(page);
        const where = `${name} ${width} ${colorScheme}`;
        expect([where, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([where, width]);
        if (asked && asked !== '1') await page.screenshot({ path: join(asked, `${where.replaceAll(' ', '-')}.png`), fullPage: true });
        if (width === 1280 && (colorScheme === 'dark') === (name === 'compare')) await likeTheDocs(page, `page-${name}.png`);
      }
    }
    expect(await violations(page)).toEqual([]);
    expect([complaints, requests]).toEqual([[], []]);
  });
});

/** Two frames: what changed has been laid out and drawn. */
async function settled(page: Page): Promise<void> {
  await page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await page.waitForTimeout(150);
}

/** The picture in docs/images has the same bright and dark parts; fonts may differ from machine to machine. */
async function likeTheDocs(page: Page, name: string): Promise<void> {
  const path = join(root, 'docs/images', name);
  const shot = await page.screenshot();
  if (asked || !existsSync(path)) writeFileSync(path, shot);
  const kept = readFileSync(path);
  const blank = await page.context().newPage();
  const likeness = await blank.evaluate<number>(`(${CORRELATION})(${JSON.stringify([shot, kept].map(png => png.toString('base64')))})`);
  expect([name, likeness > 0.8]).toEqual([name, true]);
}

/** Of two pictures, each made of 64 × 45 grey values; computed by the browser, which reads PNG. */
const CORRELATION = `async pictures => {
  const [a, b] = await Promise.all(pictures.map(async base64 => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + base64;
    await image.decode();
    const context = new OffscreenCanvas(64, 45).getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, 64, 45);
    const { data } = context.getImageData(0, 0, 64, 45);
    const grey = Array.from({ length: 64 * 45 }, (_, k) => data[4 * k] + data[4 * k + 1] + data[4 * k + 2]);
    const mean = grey.reduce((sum, v) => sum + v, 0) / grey.length;
    return grey.map(v => v - mean);
  }));
  const dot = (x, y) => x.reduce((sum, v, k) => sum + v * y[k], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}`;
