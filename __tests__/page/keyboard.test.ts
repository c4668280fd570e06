import type { Page } from 'playwright-core';
import { closeBrowser, drawn, openBrowser, openPage, soon, withBrowser } from '../helpers/browser.js';

jest.setTimeout(120_000);

/** Runs in the page before its own code: elements keep which listeners of a mouse they got. */
const LISTENED = `const { addEventListener } = EventTarget.prototype;
EventTarget.prototype.addEventListener = function (type, ...rest) {
  if (/^(click|dblclick|pointerdown|mousedown|pointerenter)$/.test(type)) this.MOUSE = true;
  return addEventListener.call(this, type, ...rest);
};`;

/** What a mouse can act on by a listener, and no key: neither in the order of Tab nor moved to by arrows nor inside of what is. */
const ONLY_BY_MOUSE = `(() => {
  const keys = '[tabindex], button, input, select, textarea, summary, a[href]';
  const mouse = [...document.querySelectorAll('body *')].filter(e => e.MOUSE || e.onclick || e.ondblclick || e.onpointerdown || e.onmousedown || e.onpointerenter);
  globalThis.HEARD = mouse.length;
  return mouse.filter(e => !e.closest(keys) && !e.querySelector(keys)).map(e => e.outerHTML.slice(0, 120));
})()`;

/** The controls that Tab comes to, from the first to the last, each once; of groups that arrows move in, the one that has the Tab. */
async function walked(page: Page, atLeast: number): Promise<Set<string>> {
  await page.evaluate(`globalThis.WALKED = []; addEventListener('focusin', ({ target }) => WALKED.push(NAME(target)))`);
  await page.locator('.skip').focus();
  const names = () => page.evaluate<string[]>('WALKED');
  for (let k = 0; k < atLeast; k++) await page.keyboard.press('Tab');
  for (let k = 0, seen = await names(); k < 100 && new Set(seen).size === seen.length; k++, seen = await names()) {
    if (await page.evaluate('document.activeElement === document.body')) break;
    await page.keyboard.press('Tab');
  }
  return new Set(await names());
}

const NAME = `globalThis.NAME = e => { e.NR ??= (globalThis.COUNT = (globalThis.COUNT ?? 0) + 1); return e.NR + ' ' + e.tagName + ' ' + (e.getAttribute('aria-label') || e.textContent).slice(0, 50); };
globalThis.SHOWN = () => [...document.querySelectorAll('button, input, select, textarea, summary, a[href], [tabindex="0"]')]
  .filter(e => e.checkVisibility() && e.tabIndex >= 0 && !e.disabled).map(NAME)`;

const PAGES: readonly (readonly string[])[] = [
  ['forward', '--N', '2', '--cell', 'lstm', '--T', '4'],
  ['compare', '--N', '3', '--simulate', 'state-carry'],
  ['shapes', '--T', '4'],
  ['inspect', 'examples/tutorial/model.keras'],
];

withBrowser('keys alone', () => {
  beforeAll(openBrowser);
  afterAll(closeBrowser);

  it.each(PAGES.map(argv => [argv[0], argv] as const))('%s: Tab comes to every control, and nothing asks for a mouse', async (_, argv) => {
    const { page } = await openPage(argv, { before: LISTENED });
    await page.evaluate(NAME);
    // everything that can be unfolded is unfolded by keys
    for (const summary of await page.locator('summary').all()) {
      if (!(await summary.isVisible())) continue;
      if (await summary.evaluate(node => (node.parentElement as { open?: boolean }).open === true)) continue;
      await summary.focus();
      await page.keyboard.press('Enter');
      await drawn(page);
    }
    const shown = await page.evaluate<string[]>('SHOWN()');
    const reached = await walked(page, shown.length);
    expect(shown.filter(name => !reached.has(name))).toEqual([]);
    await soon(() => page.evaluate(ONLY_BY_MOUSE)).toEqual([]);
    await soon(() => page.evaluate('HEARD')).toBeGreaterThan(3);
  });

  it('forward: step, unit, sample, layer, play, a box and a term by keys', async () => {
    const { page } = await openPage(['forward', '--N', '2', '--cell', 'lstm', '--T', '6']);
    const where = () => page.locator('.hand .where').textContent();
    const press = async (...keys: string[]) => {
      for (const key of keys) {
        await page.keyboard.press(key);
        await drawn(page);
      }
    };
    await press('ArrowRight', 'ArrowRight', 'ArrowDown');
    await soon(() => where()).toBe('lstm_1, step t = 3 of 6, unit 2 of 5');
    await press('End', 'ArrowLeft', 'ArrowUp', 'n');
    await soon(() => where()).toBe('lstm_1, step t = 5 of 6, unit 1 of 5');
    await soon(() => page.getByLabel('sample n').inputValue()).toBe('2');
    await press('p', 'Home', 'l');
    await soon(() => where()).toContain('dense_1');
    await press('l');
    // the focus goes along with the selected box
    await page.locator('.box.here').focus();
    await press('ArrowRight');
    await soon(() => page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('lstm_1, step 2');
    await page.locator('[data-key="box-dense_1-0-null"], [data-key^="box-dense_1"]').first().focus();
    await press('Enter');
    await soon(() => where()).toContain('dense_1');
    await press('l');
    await page.locator('.hand .terms tr').first().focus();
    await press('ArrowDown');
    await soon(() => page.evaluate('document.activeElement.textContent')).toContain('xt[2]');
    await page.locator('[data-key=play]').focus();
    await press('Enter');
    await soon(() => page.locator('[data-key=play]').getAttribute('aria-label')).toBe('pause');
    await press('Space');
    await soon(() => page.locator('[data-key=play]').getAttribute('aria-label')).toBe('play');
    await page.locator('.scrub').focus();
    await press('Home', 'ArrowRight', 'ArrowRight');
    await soon(() => where()).toContain('t = 3 of 6');
  });

  it('compare: explanation, framework of the fix, loop and copy by keys', async () => {
    const { page } = await openPage(['compare', '--N', '3', '--simulate', 'state-carry']);
    const press = async (selector: string, key: string) => {
      await page.locator(selector).first().focus();
      await page.keyboard.press(key);
      await drawn(page);
    };
    await press('.why button:text-is("Keras")', 'Enter');
    await soon(() => page.locator('.why button:text-is("Keras")').getAttribute('aria-pressed')).toBe('true');
    await press('[data-key=loop-false]', 'Space');
    await soon(() => page.locator('.loops svg[role=img]').getAttribute('aria-label')).toContain('h = 0');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await press('.why .copy', 'Enter');
    await page.locator('.why').getByRole('button', { name: 'Copied' }).waitFor();
    await page
      .getByRole('application', { name: /^difference/ })
      .first()
      .focus();
    await page.keyboard.press('ArrowRight');
    await drawn(page);
    await soon(() => page.locator('.maps .readout').nth(2).textContent()).toContain('n = 3');
  });

  it('shapes and inspect: a size, a layer and a tensor by keys', async () => {
    const { page } = await openPage(['shapes', '--T', '4']);
    await page.locator('.box[data-key^=box-dense]').first().focus();
    await page.keyboard.press('Enter');
    await drawn(page);
    await soon(() => page.locator('.layers tr.chosen').first().textContent()).toContain('dense_1');
    await page.getByLabel('M as a number').fill('9');
    await page.keyboard.press('Enter');
    await page.locator('.badge.changed').waitFor();
    const inspected = await openPage(['inspect', 'examples/tutorial/model.keras']);
    await inspected.page.getByRole('button', { name: 'layers/simple_rnn/cell/vars/1' }).focus();
    await inspected.page.keyboard.press('Enter');
    await drawn(inspected.page);
    await soon(() => inspected.page.locator('.tensor h2').textContent()).toBe('layers/simple_rnn/cell/vars/1');
  });
});
