import { readFileSync } from 'node:fs';

/** Calls and the answers recorded for them in a text: a line '$ call', the answer below it. */
export function recordedAnswers(path: string, before = '$ '): { readonly call: string; readonly expected: string }[] {
  const blocks = `\n${readFileSync(path, 'utf8')}`.split(`\n${before}`).slice(1);
  return blocks.map(block => {
    const [call, ...rest] = block.split('\n');
    return { call, expected: rest.join('\n').trimEnd() };
  });
}
