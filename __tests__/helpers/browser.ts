import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { useBuiltPage } from './builtPage.js';
import { runCli } from './runCli.js';

/** Pages of --html in a real browser: Chromium, where one is installed. */

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/opt/google/chrome/chrome'];
const executablePath = process.env.RNN_CLI_CHROMIUM ?? PLACES.find(existsSync);

/** .ci/run sees to a browser and asks for it; elsewhere a missing one is said and its tests are left out. */
export const withBrowser = executablePath === undefined && process.env.RNN_CLI_NEEDS_CHROMIUM === undefined ? describe.skip : describe;
if (withBrowser === describe.skip) process.stderr.write('no Chromium here: the tests of the page in a browser are left out\n');

export interface Opened {
  readonly page: Page;
  /** what the console said and what was thrown */
  readonly complaints: readonly string[];
  /** addresses beside the file itself */
  readonly requests: readonly string[];
  /** milliseconds from the navigation to the first numbers */
  readonly ms: number;
  /** milliseconds of the page's main thread until then */
  readonly cpu: number;
}

export interface View {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
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

/** Writes the page of a command line and opens it from disk. */
export async function openPage(argv: readonly string[], view: View = {}): Promise<Opened> {
  const file = temporary('page.html');
  await rnnCli(...argv, '--html', file, '--force');
  return openFile(file, view);
}

export async function openFile(file: string, { width = 1280, height = 900, dark = false, before }: View = {}): Promise<Opened> {
  const context = await browser!.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
  if (before) await context.addInitScript(before);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('request', request => {
    if (!/^(file|data):/.test(request.url())) requests.push(request.url());
  });
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const started = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('[data-ready]');
  const ms = performance.now() - started;
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  return { page, complaints, requests, ms, cpu: 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value };
}

/** of the page, in functions that are run there */
declare function requestAnimationFrame(run: () => void): void;

/** Waits until the page has drawn what the last input asked for: it draws in the frame after. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
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
