import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { runInMemory } from '../../src/run/inMemory.js';
import { closeBrowser, drawn, openBrowser, openPage, rnnCli, soon, temporary, violations, withBrowser } from '../helpers/browser.js';

jest.setTimeout(120_000);

/** Numbers of the page as JavaScript writes them: it shows a true minus sign. */
const plain = (texts: readonly string[]) => texts.map(text => text.trim().replaceAll('−', '-'));
const sha = (page: Page) => page.locator('.badge [data-sha256]').getAttribute('data-sha256');
const box = (page: Page, layer: string, step: number) => page.locator(`[data-key="box-${layer}-0-${step - 1}"]`);
const heatMapOf = (page: Page, label: RegExp) => page.getByRole('application', { name: label });

it('a page weighs at most 420 KB without its data', async () => {
  await rnnCli('forward', '--html', temporary('weight.html'));
  const page = readFileSync(temporary('weight.html'), 'utf8').replace(/(<script id="data"[^>]*>)[^<]*/, '$1');
  expect(Buffer.byteLength(page) / 1000).toBeLessThanOrEqual(420);
});

it('its policy allows its own script and style, by their digests, and nothing else', async () => {
  await rnnCli('forward', '--html', temporary('policy.html'));
  const page = readFileSync(temporary('policy.html'), 'utf8');
  const digest = (tag: string) =>
    createHash('sha256')
      .update(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page)![1])
      .digest('base64');
  expect(/Content-Security-Policy" content="([^"]*)"/.exec(page)![1].split('; ')).toEqual([
    "default-src 'none'",
    `script-src 'sha256-${digest('script')}' 'wasm-unsafe-eval'`,
    `style-src 'sha256-${digest('style')}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
  expect(page).not.toMatch(/\son[a-z]+\s*=\s*["']|javascript:/i);
});

withBrowser('forward --html', () => {
  beforeAll(openBrowser);
  afterAll(closeBrowser);

  it('the tutorial: y is the command line’s, and nothing is asked of the network', async () => {
    const { page, complaints, requests } = await openPage(['forward', '--N', '4']);
    await soon(() => sha(page)).toBe(JSON.parse(await rnnCli('forward', '--N', '4', '--engine', 'batched', '--json')).ySha256);
    await soon(() => page.locator('.badge').getAttribute('class')).toContain('equal');
    await soon(() => heatMapOf(page, /^h of rnn_1/).getAttribute('aria-label')).toBe('h of rnn_1, sample 1: 5 units down, 10 steps across');
    await soon(() => page.locator('.heat-map .size').first().textContent()).toBe('D = 3 × T = 10');
    await soon(() => page.locator('.figure .shape').allTextContents()).toContain('4×5');
    expect(requests).toEqual([]);
    expect(complaints).toEqual([]);
    expect(await violations(page)).toEqual([]);
  });

  it.each(['rnn', 'lstm', 'gru'])('step 3, unit 2 of an %s has the numbers of forward --step 3 --unit 2', async cell => {
    const { page } = await openPage(['forward', '--cell', cell]);
    await box(page, `${cell}_1`, 3).click();
    await drawn(page);
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('.hand .where:has-text("step t = 3 of 10, unit 2 of 5")');
    for (const folded of await page.locator('.hand details:not([open]) > summary').all()) await folded.click();
    const shown = plain(await page.locator('.hand .terms .number').allTextContents());
    const text = await rnnCli('forward', '--cell', cell, '--step', '3', '--unit', '2');
    const traced = text.slice(text.indexOf('unit 2'), text.indexOf(' weights  '));
    expect(shown.length).toBeGreaterThan(20);
    const numbers = new Set(traced.match(/-?\d+\.?\d*(e-?\d+)?/g));
    expect(shown.filter(number => !numbers.has(number))).toEqual([]);
    const last = plain(await page.locator('.hand .last .value').allTextContents())[0];
    const h = Number(/h_t\[2\].*=\s*(-?[\d.e-]+)\s*$/m.exec(traced)?.[1] ?? /=\s*(-?[\d.e-]+)\s*$/.exec(traced.trimEnd())![1]);
    expect(Number(last)).toBeCloseTo(h, 6);
  });

  it('a number of x that is changed gives the y of the command line for that x, bit for bit', async () => {
    const request = { N: 4, cell: 'lstm' } as const;
    const { page } = await openPage(['forward', '--N', '4', '--cell', 'lstm']);
    const before = await sha(page);
    await box(page, 'lstm_1', 3).click();
    await drawn(page);
    await heatMapOf(page, /^x, sample 1/).focus();
    await page.keyboard.press('ArrowDown');
    await drawn(page);
    await page.keyboard.press('Enter');
    await drawn(page);
    await page.keyboard.type('1.25');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.badge.changed');
    const { input } = await runInMemory(request);
    const x = input.x.data.slice();
    x[2 * 3 + 1] = 1.25;
    const nested = Array.from({ length: 4 }, (_, n) =>
      Array.from({ length: 10 }, (_, t) => [...x.subarray((n * 10 + t) * 3, (n * 10 + t + 1) * 3)]),
    );
    const file = temporary('x.json');
    writeFileSync(file, JSON.stringify(nested));
    const { ySha256 } = JSON.parse(await rnnCli('forward', '--cell', 'lstm', '-i', file, '--engine', 'batched', '--json'));
    await soon(() => sha(page)).toBe(ySha256);
    await page.getByRole('button', { name: 'back to the start' }).click();
    await page.waitForSelector('.badge.equal');
    await soon(() => sha(page)).toBe(before);
  });

  it('a graph made for one number of samples shows each of them', async () => {
    const wired = join(__dirname, '../reference/onnx_wired/states');
    const { page, complaints } = await openPage(['forward', `${wired}.onnx`, '-i', `${wired}.x.npz`]);
    await soon(() => page.locator('.badge').getAttribute('class')).toContain('equal');
    const shown = await page.locator('.hand .last .value').textContent();
    await page.getByLabel('sample n').fill('2');
    await page.getByLabel('sample n').press('Enter');
    await drawn(page);
    await soon(async () => (await page.locator('.hand .last .value').textContent()) !== shown).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('constants that read nothing, scalars as weights and as outputs, and tensors of many axes are walked through without a complaint', async () => {
    for (const name of ['keras_models/live_statistics_of_axes.keras', 'pt2/arranging.pt2', 'onnx_wired/gru_lens_forward.onnx']) {
      const file = join(__dirname, '../reference', name);
      const base = file.replace(/\.\w+$/, '');
      const { page, complaints } = await openPage(['forward', file, '-i', [`${base}.x.npz`, `${base}.x.npy`].find(existsSync)!]);
      await soon(() => page.locator('.badge').getAttribute('class')).toContain('equal');
      const layers = await page.locator('.chooser .tab, .chooser option').count();
      for (let k = 0; k < layers; k++) {
        await page.keyboard.press('l');
        await drawn(page);
      }
      expect([name, ...complaints]).toEqual([name]);
    }
  });

  it('an encoder–decoder, a convolution before an LSTM and a long LSTM with many units open, equal and without a complaint', async () => {
    const { cpu: ofSmall } = await openPage(['forward']);
    const keras = join(__dirname, '../reference/keras_models');
    for (const argv of [
      [join(keras, 'encdec.keras'), '-i', join(keras, 'encdec.x.npz')],
      [join(keras, 'live_cnn_lstm_speech.keras'), '-i', join(keras, 'live_cnn_lstm_speech.x.npy')],
      ['--cell', 'lstm', '--M', '128,128', '--T', '200', '--D', '16', '--bidirectional'],
    ]) {
      const { page, complaints, requests, cpu } = await openPage(['forward', ...argv]);
      await soon(() => page.locator('.badge').getAttribute('class')).toContain('equal');
      // a long trace is computed when the page is there: twice a small network's time, by measurement
      expect(cpu).toBeLessThan(10 * ofSmall);
      await page.keyboard.press('l');
      await drawn(page);
      await page.keyboard.press('End');
      await drawn(page);
      await drawn(page);
      expect([argv.join(' '), ...complaints, ...requests, ...(await violations(page))]).toEqual([argv.join(' ')]);
    }
  });

  it('a weight of each kind that is changed gives the y of the command line for those weights, bit for bit', async () => {
    const [model, x] = ['model.keras', 'x.npy'].map(name => join(__dirname, '../../examples/tutorial', name));
    const spec = temporary('net.json');
    await rnnCli('convert', model, spec, '--force');
    const net = JSON.parse(readFileSync(spec, 'utf8'));
    const { page } = await openPage(['forward', spec, '-i', x]);
    for (const [layer, weight, value] of [
      ['rnn', 'Wx', 0.75],
      ['rnn', 'Wh', -1.5],
      ['rnn', 'bh', 0.3],
      ['dense', 'Wo', 2.25],
      ['dense', 'bo', -0.125],
    ] as const) {
      await page.getByRole('group', { name: 'layers' }).getByRole('button', { name: layer }).click();
      await drawn(page);
      await heatMapOf(page, new RegExp(`^${weight} of ${layer}`)).focus();
      await page.keyboard.press('Home');
      await drawn(page);
      await page.keyboard.press('Enter');
      await drawn(page);
      await page.keyboard.type(String(value));
      await page.keyboard.press('Enter');
      net.weights[`${layer}/${weight}`].data[0] = value;
      writeFileSync(spec, JSON.stringify(net));
      const { ySha256 } = JSON.parse(await rnnCli('forward', spec, '-i', x, '--engine', 'batched', '--json'));
      await page.waitForSelector(`[data-sha256="${ySha256}"]`);
    }
    await page.getByRole('button', { name: 'back to the start' }).click();
    await page.waitForSelector('.badge.equal');
  });

  it('another size, cell, direction and seed give the y that the command line has for them', async () => {
    const { page, complaints } = await openPage(['forward', '--N', '2']);
    const set = async (name: RegExp, value: string) => {
      const field = page.getByRole('form').getByLabel(name);
      if ((await field.evaluate(node => (node as { tagName: string }).tagName)) === 'SELECT') await field.selectOption(value);
      else {
        await field.fill(value);
        await field.press('Enter');
      }
    };
    const flags = new Map([['--N', '2']]);
    for (const [name, value, flag, said = ''] of [
      [/^T steps/, '7', '--T', '7'],
      [/^D features/, '4', '--D', '4'],
      [/^M units/, '6', '--M', '6'],
      [/^K outputs/, '3', '--K', '3'],
      [/^N samples/, '3', '--N', '3'],
      [/^cell/, 'lstm', '--cell', 'lstm'],
      [/^cell/, 'gru', '--cell', 'gru'],
      [/^direction/, 'both', '--bidirectional'],
      [/^output/, 'many-to-many', '--task', 'many-to-many'],
      [/^seed/, 'abc', '--seed', 'abc'],
    ] as [RegExp, string, string, string?][]) {
      await set(name, value);
      flags.set(flag, said);
      const given = [...flags].flat().filter(word => word !== '');
      const { ySha256 } = JSON.parse(await rnnCli('forward', ...given, '--engine', 'batched', '--json'));
      await page.waitForSelector(`[data-sha256="${ySha256}"]`);
    }
    expect(complaints).toEqual([]);
    expect(await violations(page)).toEqual([]);
  });
});
