import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepingNetworks } from '../../src/run/files/kept.js';
import { readNetworkFile } from '../../src/run/files/modelFile.js';

const path = join(mkdtempSync(join(tmpdir(), 'rnn-cli-kept-')), 'net.json');
const write = (units: number): void =>
  writeFileSync(path, JSON.stringify({ input: { timesteps: 4, features: 3 }, layers: [{ kind: 'lstm', name: 'a', units }] }));

it('one command line reads its network once', async () => {
  write(5);
  await keepingNetworks(async () => {
    const first = await readNetworkFile(path);
    expect(await readNetworkFile(path)).toBe(first);
  });
});

it('the next command line reads it again, and so does every call of the library', async () => {
  const units = async (): Promise<unknown> => ((await readNetworkFile(path)).spec!.layers as { units: number }[])[0].units;
  write(5);
  expect(await keepingNetworks(units)).toBe(5);
  write(6);
  expect(await keepingNetworks(units)).toBe(6);
  write(7);
  expect(await units()).toBe(7);
  write(8);
  expect(await units()).toBe(8);
});

it('a command that fails leaves nothing kept', async () => {
  await expect(keepingNetworks(() => Promise.reject(new Error('stop')))).rejects.toThrow('stop');
  write(5);
  const first = await readNetworkFile(path);
  expect(await readNetworkFile(path)).not.toBe(first);
});
