import { writeFileSync } from 'node:fs';
import { closeBrowser, drawn, openBrowser, openPage, soon, temporary, violations, withBrowser } from '../helpers/browser.js';

jest.setTimeout(120_000);

/** A .safetensors file of tensors by name and shape, with numbers that differ. */
function safetensors(name: string, tensors: readonly (readonly [string, readonly number[]])[]): string {
  let end = 0;
  const entries = tensors.map(([key, shape]) => {
    const start = end;
    end += 4 * shape.reduce((a, b) => a * b, 1);
    return [key, { dtype: 'F32', shape, data_offsets: [start, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const numbers = Float32Array.from({ length: end / 4 }, (_, k) => Math.sin(k));
  const file = temporary(name);
  writeFileSync(file, Buffer.concat([length, header, Buffer.from(numbers.buffer)]));
  return file;
}

withBrowser('inspect --html', () => {
  beforeAll(openBrowser);
  afterAll(closeBrowser);

  it('a model: every tensor with its role, its numbers as a heat map, and the network', async () => {
    const { page, complaints, requests } = await openPage([
      'inspect',
      safetensors('lstm.safetensors', [
        ['lstm.weight_ih_l0', [20, 3]],
        ['lstm.weight_hh_l0', [20, 5]],
        ['lstm.bias_ih_l0', [20]],
        ['lstm.bias_hh_l0', [20]],
        ['fc.weight', [2, 5]],
        ['fc.bias', [2]],
      ]),
    ]);
    const row = page.locator('.list tr', { hasText: 'weight_ih_l0' });
    await row.click();
    await drawn(page);
    await soon(() => page.locator('.tensor h2').textContent()).toContain('weight_ih_l0');
    await soon(() => page.locator('.tensor .work').textContent()).toContain('gates i f g o');
    await page.locator('.tensor').getByText('Table').click();
    await drawn(page);
    await soon(() => page.locator('.tensor tbody td').count()).toBeGreaterThan(10);
    expect([complaints, requests]).toEqual([[], []]);
    expect(await violations(page)).toEqual([]);
  });

  it('names with markup, quotes, a closing script tag and control characters are shown as they are', async () => {
    const name = `</script><script>alert(1)</script><img src=x onerror="document.title='hacked'">'"&amp;\u0007\u202e`;
    const file = safetensors('hostile.safetensors', [
      [name, [1]],
      ['b', [1]],
    ]);
    const { page, complaints } = await openPage(['inspect', file]);
    await page.locator('.list tr', { hasText: 'alert(1)' }).click();
    await drawn(page);
    const shown = page.locator('.tensor h2');
    await soon(() => shown.textContent()).toContain('</script><script>alert(1)</script><img src=x');
    await soon(() => shown.textContent()).toContain('\\u0007\\u202e');
    await soon(() => page.title()).toContain('rnn-cli inspect');
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('thousands of tensors and large ones: figures in place of numbers, and the page stays quick', async () => {
    const { cpu: ofSmall } = await openPage(['inspect', safetensors('few.safetensors', [['weight', [4, 3]]])]);
    const many = Array.from({ length: 3000 }, (_, i): [string, number[]] => [`block.${i}.weight`, [4, 3]]);
    const { page, complaints, cpu } = await openPage(['inspect', safetensors('many.safetensors', [['big.weight', [1500, 400]], ...many])]);
    await page.locator('.list tr', { hasText: 'big.weight' }).click();
    await drawn(page);
    await soon(() => page.locator('.tensor').textContent()).toContain('600,000 numbers: too many');
    await page.getByLabel('tensors whose name has').fill('block.2999');
    await drawn(page);
    await page.locator('.list tr', { hasText: 'block.2999.weight' }).click();
    await drawn(page);
    await soon(() => page.locator('.tensor h2').textContent()).toBe('block.2999.weight');
    expect(complaints).toEqual([]);
    expect(cpu).toBeLessThan(20 * ofSmall);
  });
});
