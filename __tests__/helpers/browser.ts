import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { useBuiltPage } from './builtPage.js';
import { runCli } from './runCli.js';

/** Pages of --html in a real browser: Chromium, where one is installed. */

const PLACES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].map(name => `/usr/bin/${name}`);
const executablePath = process.env.RNN_CLI_CHROMIUM ?? [...PLACES, '/opt/google/chrome/chrome'].find(existsSync);

/** .ci/run sees to a browser and asks for it; elsewhere a missing one is said and its tests are left out. */
export const withBrowser = executablePath === undefined && process.env.RNN_CLI_NEEDS_CHROMIUM === undefined ? describe.skip : describe;
if (withBrowser === describe.skip) process.stderr.write('no Chromium here: the tests of the page in a browser are left out\n');

export interface Opened {
  readonly page: Page;
  /** what the console said and what was thrown */
  readonly complaints: readonly string[];
  /** addresses beside the file itself */
  readonly requests: readonly string[];
  /** milliseconds of the page's main thread until the first numbers, whatever else the machine does */
  readonly cpu: number;
}

export interface View {
  /** code that runs before that of the page */
  readonly before?: string;
}

beforeAll(useBuiltPage);

let browser: Browser | undefined;
let folder: string | undefined;

export async function openBrowser(): Promise<void> {
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

export async function closeBrowser(): Promise<void> {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
}

export function temporary(name: string): string {
  folder ??= mkdtempSync(join(tmpdir(), 'rnn-page-'));
  return join(folder, name);
}

/** A command line. @returns stdout */
export async function rnnCli(...argv: readonly string[]): Promise<string> {
  const { stdout, stderr, exit } = await runCli(argv);
  if (exit > 1) throw new Error(`rnn-cli ${argv.join(' ')}: exit ${exit}\n${stderr}`);
  return stdout;
}

let written = 0;

/** Writes the page of a command line and opens it from disk. */
export async function openPage(argv: readonly string[], view: View = {}): Promise<Opened> {
  const file = temporary(`page-${++written}.html`);
  await rnnCli(...argv, '--html', file);
  return openFile(file, view);
}

let usual: Page | undefined;

/** One page for all that need no code before their own, one after the other: a new one is a new process. */
async function pageFor({ before }: View): Promise<Page> {
  const fresh = async () => (await browser!.newContext({ reducedMotion: 'reduce' })).newPage();
  if (before) {
    const page = await fresh();
    await page.addInitScript(before);
    return page;
  }
  usual ??= await fresh();
  for (const event of ['console', 'pageerror', 'request'] as const) usual.removeAllListeners(event);
  return usual;
}

export async function openFile(file: string, view: View = {}): Promise<Opened> {
  const page = await pageFor(view);
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('request', request => {
    if (!/^(file|data):/.test(request.url())) requests.push(request.url());
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('[data-ready]');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  return { page, complaints, requests, cpu: 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value };
}

/** of the page, in functions that are run there */
declare function requestAnimationFrame(run: () => void): void;

/** Waits until the page has drawn what the last input asked for: it draws in the frame after. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
}

/** How long a page may take to show what was asked of it: the machine may do much else. */
const PATIENCE_MS = 30_000;

/**
 * expect() of what a page shows, read again until it is as expected: what computes first is drawn some frames later.
 * `await soon(() => heading.textContent()).toBe('SAME')`
 */
export function soon<T>(read: () => Promise<T>): Omit<jest.Matchers<Promise<void>, T>, 'not'> {
  const until = performance.now() + PATIENCE_MS;
  const matcher = (name: string) =>
    async function again(...expected: unknown[]): Promise<void> {
      const value = await read();
      try {
        return (expect(value) as unknown as Record<string, (...expected: unknown[]) => void>)[name](...expected);
      } catch (error) {
        if (performance.now() > until) throw error;
      }
      await new Promise(resolve => setTimeout(resolve, 20));
      return again(...expected);
    };
  return new Proxy({}, { get: (_, name: string) => matcher(name) }) as never;
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core has against the page as it is now: rule and element. */
export async function violations(page: Page): Promise<string[]> {
  // beside the page's own policy, which forbids every other script
  const session = await page.context().newCDPSession(page);
  const run = async (expression: string) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  await run(axe);
  return run(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 160) + ' ' + failureSummary.slice(0, 200))))`);
}
