import { readFileSync, writeFileSync } from 'node:fs';

/** One test for each section of a table, which begins with `== ` and its name: it reads as it is said now. UPDATE_OUT=1 writes the table anew. */
export function testSections(table: string, names: readonly string[], lines: (name: string) => readonly string[]): void {
  const recorded = new Map(
    readFileSync(table, { encoding: 'utf8', flag: 'a+' })
      .trimEnd()
      .split(/\n(?=== )/)
      .map(text => [text.slice(3).split('\n')[0], text]),
  );
  const found: string[] = [];
  afterAll(() => {
    if (process.env.UPDATE_OUT === '1') writeFileSync(table, `${found.join('\n')}\n`);
  });

  it.each(names)('%s', name => {
    const said = [`== ${name}`, ...lines(name)].join('\n');
    found.push(said);
    if (process.env.UPDATE_OUT !== '1') expect(said.split('\n')).toEqual(recorded.get(name)?.split('\n'));
  });
}
