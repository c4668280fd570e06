import type { PageData } from '../run/page/pageData.js';
import { comparePage } from './comparePage.js';
import { el } from './dom.js';
import { forwardPage } from './forwardPage.js';
import { inspectPage } from './inspectPage.js';
import { shapesPage } from './shapesPage.js';

/** Reads the page's data and builds the page of its kind. */
function start(): void {
  const data: PageData = JSON.parse(document.getElementById('data')!.textContent!);
  const root = el('div', { class: `page ${data.kind}` });
  document.body.append(root);
  if (data.kind === 'forward') forwardPage(root, data);
  else if (data.kind === 'compare') comparePage(root, data);
  else if (data.kind === 'shapes') shapesPage(root, data);
  else inspectPage(root, data);
}

start();
