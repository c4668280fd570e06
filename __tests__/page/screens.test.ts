import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { closeBrowser, drawn, openBrowser, openFile, rnnCli, temporary, violations, withBrowser } from '../helpers/browser.js';
import { THOROUGH } from '../helpers/effort.js';

/**
 * Every page at two or three sizes, light and dark: nothing is wider than the window, and axe-core finds nothing on a narrow dark one. The pictures
 * of docs/page.md are taken here (SCREENS=1 npx jest page/screens); SCREENS=FOLDER keeps all of them, to be looked at.
 */
jest.setTimeout(240_000);

const root = join(__dirname, '../..');
const PAGES = {
  forward: ['forward', 'model.keras', '-i', 'x.npy', '--step', '3', '--unit', '2'],
  compare: ['compare', 'model.keras', '-i', 'x.npy', '--against', 'leaky.npy'],
  shapes: ['shapes', '--cell', 'lstm', '--T', '10'],
  inspect: ['inspect', 'model.keras'],
};
const asked = process.env.SCREENS;
const SIZES: readonly (readonly [number, number])[] = [[1280, 900], ...(asked || THOROUGH ? [[768, 1024] as const] : []), [390, 844]];

withBrowser('the pages, light and dark', () => {
  let folder: string;
  beforeAll(async () => {
    await openBrowser();
    folder = temporary('screens');
    cpSync(join(root, 'examples/tutorial'), folder, { recursive: true });
    process.chdir(folder);
  });
  afterAll(async () => {
    process.chdir(root);
    await closeBrowser();
  });

  it.each(Object.entries(PAGES))('%s', async (name, argv) => {
    await rnnCli(...argv, '--html', `${name}.html`);
    const { page, complaints, requests } = await openFile(join(folder, `${name}.html`));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await settled(page);
        const where = `${name} ${width} ${colorScheme}`;
        expect([where, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([where, width]);
        if (asked && asked !== '1') await page.screenshot({ path: join(asked, `${where.replaceAll(' ', '-')}.png`), fullPage: true });
        if (asked && width === 1280 && (colorScheme === 'dark') === (name === 'compare'))
          await page.screenshot({ path: join(root, 'docs/images', `page-${name}.png`) });
      }
    }
    expect(await violations(page)).toEqual([]);
    expect([complaints, requests]).toEqual([[], []]);
  });
});

/** Two frames: what changed has been laid out and drawn. */
async function settled(page: Page): Promise<void> {
  await drawn(page);
  await page.waitForTimeout(150);
}
