import { el } from './dom.js';

/** A button that copies a text and confirms it for a moment. */
function copyButton(text: () => string): HTMLElement {
  const button = el('button', { type: 'button', class: 'quiet copy', 'aria-live': 'polite' }, 'Copy');
  button.addEventListener('click', async () => {
    button.textContent = (await copied(text())) ? 'Copied' : 'Press Ctrl+C';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  return button;
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // without permission, the user can still select and copy
    const area = el('textarea', { class: 'off-screen', 'aria-hidden': true });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

/** Program text with a copy button; lines with ← are highlighted. */
export function codeBlock(text: string, kind = ''): HTMLElement {
  const lines = text.split('\n').map(line => el('span', { class: /# ←/.test(line) ? 'mark' : '' }, line, '\n'));
  return el(
    'div',
    { class: `code ${kind}` },
    el('pre', { tabindex: 0 }, el('code', {}, ...lines)),
    copyButton(() => text),
  );
}
