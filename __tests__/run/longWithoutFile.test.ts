import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runForward } from '../../src/run/forward.js';
import { forwardLongSample } from '../../src/run/stream.js';
import { runCli } from '../helpers/runCli.js';

/** 64 MiB and a step: what is read in pieces though nothing is written. */
const [T, D] = [2 ** 17 + 1, 128];
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-long-'));
const path = join(folder, 'x.npy');
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  const header = Buffer.from(
    `\x93NUMPY\x01\x00\x76\x00${`{'descr': '<f4', 'fortran_order': False, 'shape': (1, ${T}, ${D}), }`.padEnd(117)}\n`,
    'latin1',
  );
  const some = (seed: number) => Buffer.from(Float32Array.from({ length: 64 * D }, (_, k) => Math.sin(seed + k * k)).buffer);
  const file = openSync(path, 'w');
  writeSync(file, header);
  writeSync(file, some(1));
  ftruncateSync(file, header.length + 4 * T * D);
  writeSync(file, some(2), 0, 4 * 64 * D, header.length + 4 * (T - 64) * D);
  closeSync(file);
});

/** Numbers as float32: JSON has the shortest that mean it. */
const rounded = (value: unknown) => JSON.parse(JSON.stringify(value), (_, v) => (typeof v === 'number' ? Math.fround(v) : v));

it('one long sample has the same y and last states in pieces as whole, without a file to write', async () => {
  const { stdout, exit } = await runCli(['forward', '--layers', 'lstm:3,dense:2', '-i', path, '--json']);
  expect(exit).toBe(0);
  const inPieces = JSON.parse(stdout);
  expect(inPieces.engineChoice).toMatch('in pieces');
  const whole = await runForward({ layers: 'lstm:3,dense:2', input: path });
  expect(rounded(inPieces.y)).toEqual(whole.y);
  expect(inPieces.ySha256).toBe(whole.ySha256);
  expect(inPieces.shape).toEqual(whole.shape);
  expect(rounded(inPieces.states.final)).toEqual(rounded(whole.states.final));
});

it('how far it is grows to the whole of it', async () => {
  const seen: { done: number; total: number | null; part?: number | null }[] = [];
  const request = { layers: 'rnn:1', input: path, format: 'npy' as const };
  await forwardLongSample({ ...request, onProgress: progress => seen.push(progress) });
  expect(seen.length).toBeGreaterThan(1);
  expect(seen.every(({ done, total }) => done === 0 && total === 1)).toBe(true);
  const parts = seen.map(({ part }) => part!);
  expect([...parts].sort((a, b) => a - b)).toEqual(parts);
  expect(parts[0]).toBeGreaterThan(0);
  expect(parts.at(-1)).toBe(1);
});

it.each([
  ['every step is put out', { layers: 'rnn:2+seq' }],
  ['steps are traced', { layers: 'rnn:2', trace: true }],
  ['the network reads from the end', { layers: 'birnn:2' }],
])('where %s, it is read whole', async (_, request) => {
  expect(await forwardLongSample({ ...request, input: path, format: 'npy' })).toBeUndefined();
});
