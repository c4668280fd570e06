import { closeBrowser, drawn, openBrowser, openPage, rnnCli, soon, violations, withBrowser } from '../helpers/browser.js';

jest.setTimeout(120_000);

const totals = async (...flags: string[]) => JSON.parse(await rnnCli('shapes', ...flags, '--json')).totals;
const text = (n: number) => n.toLocaleString('en');

withBrowser('shapes --html', () => {
  beforeAll(openBrowser);
  afterAll(closeBrowser);

  it.each(['rnn', 'lstm', 'gru'])(
    'the sliders of an %s count again as the command line does, under every framework’s rules',
    async cell => {
      const { page, complaints } = await openPage(['shapes', '--cell', cell]);
      const set = async (letter: string, value: number) => {
        const field = page.getByLabel(`${letter} as a number`);
        await field.fill(String(value));
        await field.press('Enter');
        await drawn(page);
      };
      for (const [letter, value] of [
        ['D', 7],
        ['M', 12],
        ['K', 4],
        ['T', 33],
      ] as const)
        await set(letter, value);
      const counted = await totals('--cell', cell, '--D', '7', '--M', '12', '--K', '4', '--T', '33');
      // waited for, and not read at once: on a busy machine the page draws some frames after the key
      await page.locator(`.badge .params:text-is("${text(counted.params)}")`).waitFor();
      await page.locator('.work', { hasText: text(counted.macsPerSample) }).waitFor();
      for (const [framework, count] of Object.entries(counted.byFramework))
        await page.locator(`[data-framework=${framework}]:text-is("${text(count as number)}")`).waitFor();
      expect(complaints).toEqual([]);
      expect(await violations(page)).toEqual([]);
    },
  );

  it('one more step adds no parameter, one more unit does', async () => {
    const { page } = await openPage(['shapes']);
    const effect = (letter: string) => page.locator(`.slider.axis-${letter} .effect`).textContent();
    await soon(() => effect('T')).toBe('one more T: parameters stay, multiply-adds +40');
    await soon(() => effect('M')).toContain('parameters +17');
  });

  it('a slider is moved by keys, and a symbolic T stays a letter', async () => {
    const { page } = await openPage(['shapes', '--layers', 'lstm:64,gru:32,dense:10', '--D', '3']);
    await soon(() => page.locator('.layers').textContent()).toContain('N×T×3');
    await page.getByRole('slider', { name: /^K/ }).focus();
    await page.keyboard.press('ArrowRight');
    await drawn(page);
    const { params } = await totals('--layers', 'lstm:64,gru:32,dense:11', '--D', '3');
    await page.locator(`.badge .params:text-is("${text(params)}")`).waitFor();
    await page.getByRole('button', { name: 'leave T symbolic' }).click();
    await page.locator('.layers', { hasText: /N×\d+×3/ }).waitFor();
  });

  it('a row and a box choose the same layer', async () => {
    const { page } = await openPage(['shapes', '--layers', 'bilstm:4,gru:3,dense:2', '--T', '4', '--D', '3']);
    await page.locator('.layers').getByRole('button', { name: 'gru_2' }).click();
    await drawn(page);
    await soon(() => page.locator('.box.chosen').first().getAttribute('aria-label')).toContain('gru_2');
    await page.locator('.box', { hasText: 'dense' }).first().click();
    await drawn(page);
    await soon(() => page.locator('.layers tr.chosen').first().textContent()).toContain('dense_1');
  });
});
