import { closeBrowser, drawn, openBrowser, openPage, soon, violations, withBrowser } from '../helpers/browser.js';

jest.setTimeout(120_000);

withBrowser('compare --html', () => {
  beforeAll(openBrowser);
  afterAll(closeBrowser);

  it('--simulate state-carry: sample 2, step 1 is the first difference, the cause and its fix are said', async () => {
    const { page, complaints, requests } = await openPage(['compare', '--N', '4', '--simulate', 'state-carry']);
    await soon(() => page.locator('h1').textContent()).toBe('DIFFERENT');
    await soon(() => page.locator('.first').textContent()).toContain('First difference: sample 2, step 1, rnn_1');
    await soon(() => page.locator('.why h2').textContent()).toContain('state-carry');
    const fix = await page.locator('.why .code').textContent();
    expect(fix).toContain('h = np.zeros(M)');
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    expect(await violations(page)).toEqual([]);
  });

  it('the switch shows the loop right and wrong: h kept, h reset', async () => {
    const { page } = await openPage(['compare', '--N', '4', '--cell', 'lstm', '--simulate', 'state-carry']);
    const loop = page.locator('.loops');
    const figure = loop.locator('svg[role=img]');
    await soon(() => figure.getAttribute('aria-label')).toBe('sample 2 starts with the last h of sample 1');
    await soon(() => loop.locator('.code').textContent()).toMatch(/zeros[\s\S]*for n/);
    await loop.getByRole('button', { name: 'h reset (right)' }).click();
    await drawn(page);
    await soon(() => figure.getAttribute('aria-label')).toBe('sample 2 starts with h = 0, as sample 1 does');
    await soon(() => loop.locator('.code').textContent()).toMatch(/for n[\s\S]*zeros/);
    await page
      .context()
      .grantPermissions(['clipboard-read', 'clipboard-write'])
      .catch(() => undefined);
    await page.locator('.why').getByRole('button', { name: 'PyTorch' }).click();
    await drawn(page);
    await soon(() => page.locator('.why .code').textContent()).toContain('rnn(x[n:n+1])');
    await page.locator('.why').getByRole('button', { name: 'Copy' }).click();
    await page.locator('.why').getByRole('button', { name: 'Copied' }).waitFor();
  });

  it('the two loops take the room there is when the window becomes narrower or wider', async () => {
    const { page } = await openPage(['compare', '--N', '4', '--simulate', 'state-carry']);
    const usual = page.viewportSize()!;
    const picture = page.locator('.loops .figure-scroll svg[role=img]');
    const width = () => picture.evaluate(svg => Number(svg.getAttribute('width')));
    const wide = await width();
    await page.setViewportSize({ ...usual, width: 390 });
    await soon(width).toBeLessThan(wide - 100);
    await page.setViewportSize(usual);
    await soon(width).toBe(wide);
  });

  it('outputs of another shape, at every step, equal ones and large ones open without a complaint', async () => {
    for (const argv of [
      ['compare', '--N', '2'],
      ['compare', '--N', '2', '--simulate', 'head-on-input'],
      ['compare', '--N', '3', '--task', 'many-to-many', '--simulate', 'state-carry'],
      ['compare', '--N', '3', '--bidirectional', '--cell', 'gru', '--simulate', 'gate-order:rzh'],
      ['compare', '--N', '2', '--simulate', 'stops-early', '--no-explain'],
    ]) {
      const { page, complaints } = await openPage(argv);
      expect([argv.join(' '), ...complaints]).toEqual([argv.join(' ')]);
      expect([argv.join(' '), ...(await violations(page))]).toEqual([argv.join(' ')]);
    }
  });

  it('the network can be looked into, at the first difference', async () => {
    const { page, complaints } = await openPage(['compare', '--N', '4', '--simulate', 'state-carry']);
    await page.getByText('Look inside the network').click();
    await page.locator('.hand .where').waitFor();
    await soon(() => page.locator('.hand .where').textContent()).toContain('step t = 1 of 10');
    await soon(() => page.getByLabel('sample n').last().inputValue()).toBe('2');
    expect(complaints).toEqual([]);
  });
});
