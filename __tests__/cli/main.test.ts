import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/cli/main.js';
import { type OutputStream, wantsColor } from '../../src/cli/streams.js';
import { readTensors } from '../helpers/readFormat.js';
import { runCli } from '../helpers/runCli.js';

const ESC = '\u001b';

describe('rnn-cli', () => {
  const home = process.cwd();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-cli-'));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  it('alone is a tour of four lines, each of which runs', async () => {
    const { stdout, exit } = await runCli([]);
    expect(exit).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines)
      expect([0, 1]).toContain((await runCli(/^rnn-cli (.*?) {2,}/.exec(line.replace(/^rnn-cli (\w+) +/, 'rnn-cli $1 '))![1])).exit);
  });

  it('prints its version and its help', async () => {
    const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    expect((await runCli('--version')).stdout).toMatch(new RegExp(`^(${version}|dev)\n$`));
    const { stdout } = await runCli('--help');
    expect(stdout).toContain('Examples\n  rnn-cli shapes\n');
    for (const [, call] of stdout.matchAll(/^ {2}rnn-cli (.*)$/gm)) {
      const { exit, stderr } = await runCli(call);
      // an example with the user's own files, which are not here
      if (/ \w+\.(keras|onnx)\b/.test(call))
        expect([call, stderr]).toEqual([call, expect.stringMatching(/^error: \w+\.\w+: no such file/)]);
      else expect([call, [0, 1].includes(exit)]).toEqual([call, true]);
    }
  });

  it('shapes is the table of the contract', async () => {
    const { stdout, stderr, exit } = await runCli('shapes --T 10 --D 3 --M 5 --K 2');
    expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
    expect(stdout).toBe(`SimpleRNN, many to one    N samples  T=10 steps  D=3 features  M=5 units  K=2 outputs

 layer     what             shape     size     params          how
 input     x                (N, T, D) N×10×3        –
 rnn_1     Wx               D×M       3×5          15          D·M
           Wh               M×M       5×5          25          M·M
           bh               M         5             5          M
           → last h         (N, M)    N×5          45          M·(D + M + 1)
 dense_1   Wo               M×K       5×2          10          M·K
           bo               K         2             2          K
           → y              (N, K)    N×2          12          K·(M + 1)
 total                                             57          228 B as float32

 counted as   keras 57   torch 62 (two biases)   onnx 62   tfjs 57
 MACs         410 per sample = T·(D·M + M·M) + M·K   (matrix products only)
 state        20 B per sample;  kept for training (all h): 200 B per sample
`);
  });

  it.each([
    ['shapes --cell lstm', 192, 212],
    ['shapes --cell gru', 162, 162],
    ['shapes --layers "lstm:64,gru:32,dense:10" --D 3', 27146, 27402],
  ])('%s has %i parameters, %i in PyTorch', async (call, keras, torch) => {
    const { totals } = JSON.parse((await runCli(`${call} --json`)).stdout);
    expect([totals.params, totals.byFramework.keras, totals.byFramework.torch]).toEqual([keras, keras, torch]);
  });

  it('shapes --summary is what Keras prints, at the width that is said or that Keras would take', async () => {
    const recorded = JSON.parse(readFileSync(join(__dirname, '..', 'reference', 'keras_extra', 'summaries.json'), 'utf8')).cases;
    const textOf = (start: string) => recorded.find((c: { desc: string }) => c.desc.startsWith(start)).text;
    expect((await runCli('shapes --summary --width 100')).stdout).toBe(textOf('tutorial line_length=100'));
    expect((await runCli('shapes --summary')).stdout).toBe(textOf('tutorial default width, COLUMNS=80'));
    expect((await runCli('shapes --summary', { columns: 200 })).stdout).toBe(textOf('tutorial default width, COLUMNS=200'));
    expect((await runCli('shapes --summary --show-trainable --width 80')).stdout).toBe(textOf('tutorial show_trainable'));
    expect(JSON.parse((await runCli('shapes --summary --json --width 80')).stdout).summary).toBe(textOf('tutorial line_length=80'));
  });

  it('--json is one line, the same for the same seed and another for another', async () => {
    for (const call of ['shapes', 'forward --N 3 --cell lstm', 'compare --N 2']) {
      const [once, again] = [await runCli(`${call} --json`), await runCli(`${call} --json`)];
      expect(once.stdout).toMatch(/^\{.*\}\n$/);
      expect(once.stdout).toBe(again.stdout);
      expect(JSON.parse(once.stdout).schema).toMatch(new RegExp(`^rnn-cli/${call.split(' ')[0]}@1$`));
    }
    const [a, b] = [await runCli('forward --json'), await runCli('forward --json --seed 43')];
    expect(JSON.parse(a.stdout).ySha256).not.toBe(JSON.parse(b.stdout).ySha256);
  });

  it('--jsonl is a line a sample, with the same y', async () => {
    const { y } = JSON.parse((await runCli('forward --N 3 --json')).stdout);
    const lines = (await runCli('forward --N 3 --jsonl')).stdout.trimEnd().split('\n');
    expect(lines.map(line => JSON.parse(line))).toEqual(y.map((row: number[], n: number) => ({ n, y: row })));
  });

  it.each(['npy', 'npz', 'csv', 'json'])('-o y.%s saves y whole, refuses to overwrite, and is read back as the same', async extension => {
    const file = `out.${extension}`;
    const first = await runCli(`forward --N 4 -o ${file}`);
    expect(first).toMatchObject({ exit: 0, stdout: expect.stringContaining(` saved     ${file}\n`) });
    const bytes = readFileSync(file);
    expect(await runCli(`forward --N 4 -o ${file} --seed 1`)).toMatchObject({
      exit: 4,
      stdout: '',
      stderr: expect.stringContaining('[E_EXISTS]'),
    });
    expect(readFileSync(file)).toEqual(bytes);
    expect((await runCli(`forward --N 4 -o ${file} --seed 1 --force`)).exit).toBe(0);
    expect(readFileSync(file)).not.toEqual(bytes);
    await runCli(`forward --N 4 -o ${file} --force`);
    expect(await runCli(`compare --N 4 --against ${file}`)).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('SAME   8 of 8 values, largest 0,'),
    });
  });

  it('--trace FILE saves every gate and state; --trace prints them below the equations', async () => {
    await runCli('forward --cell lstm --T 4 --trace trace.npz');
    const { tensors } = await readTensors(readFileSync('trace.npz'));
    expect([...tensors].map(([name, t]) => [name, t.shape])).toEqual([
      ['y', [1, 2]],
      ...['gates/i', 'gates/f', 'gates/g', 'gates/o', 'h', 'c'].map(name => [`lstm_1/${name}`, [1, 4, 5]]),
    ]);
    const { stdout } = await runCli('forward --cell lstm --T 4 --trace');
    for (const text of ['lstm_1   sample 1, step 4 of 4\n', ' f = σ(sum_f) ', ' c_t = f⊙c_{t−1} + i⊙g ']) expect(stdout).toContain(text);
  });

  it('--style csv prints the table alone, and its counts add up to the total', async () => {
    const rows = (await runCli('shapes --cell lstm --style csv')).stdout.trimEnd().split('\n');
    expect(rows[0]).toBe('layer,what,shape,size,params,how');
    expect(rows[4]).toBe('lstm_1,→ last h,"(N, M)",N×5,,4·M·(D + M + 1)');
    const counts = rows.slice(1).map(row => Number(row.replace(/"[^"]*"/, '').split(',')[4]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(192);
    expect((await runCli('forward --N 2 --K 3 --style csv')).stdout).toMatch(/^sample,y1,y2,y3\n1(,-?[\d.e-]+){3}\n2(,-?[\d.e-]+){3}\n$/);
    const compared = (await runCli('compare --N 3 --simulate state-carry --style csv')).stdout.split('\n');
    expect(compared[0]).toBe('sample,largest,at,manual,batched,verdict');
    expect(compared.slice(1, 4).map(row => row.split(',')[5])).toEqual(['same', 'different', 'different']);
  });

  it('schema prints the names of the documents, and the file of one', async () => {
    expect((await runCli('schema')).stdout).toBe(
      'shapes\nforward\ncompare\ncompare-models\ncompare-arrays\ninspect\nconvert\nprobe\nexplain\nerror\nspec\n',
    );
    const { stdout } = await runCli('schema spec');
    expect(stdout).toBe(readFileSync(join(__dirname, '..', '..', 'schemas', 'spec.schema.json'), 'utf8'));
  });

  it('a command says which word it needs', async () => {
    expect(await runCli('completion')).toMatchObject({ exit: 2, stderr: expect.stringContaining('fix: rnn-cli completion bash') });
    expect(await runCli('completion zsh fish')).toMatchObject({ exit: 2, stderr: expect.stringContaining("found 'fish'") });
    expect(await runCli('completion tcsh')).toMatchObject({ exit: 2, stderr: expect.stringContaining('bash, zsh, fish, powershell') });
  });

  it('--states prints h of every step', async () => {
    const { stdout } = await runCli('forward --T 3 --states');
    expect(stdout).toContain('h of every step  1×3×5\n');
    expect(stdout).toMatch(/\n {6}1 {5}3 /);
  });

  it('on a terminal long results are cut and say so, with --full and in pipes they are whole', async () => {
    const rows = (text: string) => text.split('\n').filter(line => /^[│ ] +\d+ /.test(line)).length;
    const cut = await runCli('forward --N 50', { columns: 80 });
    expect(rows(cut.stdout)).toBe(20);
    expect(cut.stdout).toContain('… 30 more rows (--full prints all)');
    expect(rows((await runCli('forward --N 50 --full', { columns: 80 })).stdout)).toBe(50);
    expect(rows((await runCli('forward --N 50')).stdout)).toBe(50);
    const wide = await runCli('forward --K 40 --no-color', { columns: 80 });
    // what has no room beside it goes below
    expect([wide.stdout.includes('y40 '), wide.stdout.match(/│ sample │/g)?.length]).toEqual([true, 8]);
    expect((await runCli('forward --K 400 --no-color', { columns: 80 })).stdout).toMatch(/ … \d+ more columns/);
    for (const line of wide.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('compare explains the notebook’s mistake', async () => {
    const { stdout, exit } = await runCli('compare --N 4 --simulate state-carry');
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^DIFFERENT {3}6 of 8 values, 3 of 4 samples {5}largest \S+ at sample \d, y\d {3}allowed \S+ \(auto\)\n/);
    expect(stdout).toMatch(/ {3}state-carry +\S+ {3}← fits\n {3}as specified +\S+\n/);
    expect(stdout).toContain('\n WHY  The hidden state is not reset to zero');
    expect(stdout).toContain('\n FIX  for n in range(N):\n          h = np.zeros(M)');
    expect((await runCli('compare --N 4 --simulate state-carry --no-explain')).stdout).not.toContain('WHY');
  });

  it('compare tells shapes first', async () => {
    writeFileSync('ten.json', JSON.stringify(Array.from({ length: 10 }, (_, i) => [i, 2 * i])));
    const { stdout, exit } = await runCli('compare --against ten.json');
    expect(exit).toBe(1);
    expect(stdout).toContain('yours (10,2), right (1,2): one row per time step; the network gives its last step only');
    // numbers that no mistake leads to have no cause
    expect(stdout).not.toContain(' FIX  ');
  });

  it('notes go to stderr, unless --quiet; details with --verbose', async () => {
    writeFileSync('nan.csv', 'NaN,2,3\n4,5,6\n');
    expect((await runCli('forward -i nan.csv')).stderr).toMatch(/^note: .*not finite/m);
    expect((await runCli('forward -i nan.csv -q')).stderr).toBe('');
    expect((await runCli('forward -v')).stderr).toMatch(/^input seed 42, .*\nengine batched \(.*\), float32\nforward took [\d.]+ s\n$/);
  });

  it('tables are boxes on a terminal, plain in a pipe, and what --style says', async () => {
    expect((await runCli('shapes', { columns: 100 })).stdout).toContain('┌──');
    expect((await runCli('shapes')).stdout).not.toContain('┌');
    expect((await runCli('shapes --style plain', { columns: 100 })).stdout).not.toContain('┌');
    expect((await runCli('shapes --style markdown')).stdout).toContain('| layer   | what ');
    for (const columns of [60, 80, 120]) {
      const { stdout } = await runCli('shapes --layers "bilstm:64,gru:32,dense:10" --no-color', { columns });
      for (const line of stdout.split('\n').filter(l => /^[│┌├└]/.test(l))) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  it('a bug is exit 70 with one line; RNN_CLI_DEBUG=1 adds the stack', async () => {
    const broken: OutputStream = {
      on: () => undefined,
      write: () => undefined,
      get isTTY(): boolean {
        throw new TypeError('planted');
      },
    };
    const pieces: string[] = [];
    const stderr: OutputStream = {
      on: () => undefined,
      write: (data, done) => {
        pieces.push(String(data));
        done();
      },
    };
    expect(await main(['shapes'], { stdout: broken, stderr, env: {} })).toBe(70);
    expect(pieces.join('')).toMatch(
      /^error: this is a bug in rnn-cli: TypeError: planted {3}\[E_INTERNAL\]\n {2}fix: please report [^\n]*\n$/,
    );
    await main(['shapes'], { stdout: broken, stderr, env: { RNN_CLI_DEBUG: '1' } });
    expect(pieces.join('')).toMatch(/\n {4}at /);
  });
});

describe('wantsColor', () => {
  const terminal = { isTTY: true } as OutputStream;
  const pipe = { isTTY: false } as OutputStream;
  it.each([
    ['the flag before everything', 'always', pipe, { NO_COLOR: '1', TERM: 'dumb' }, true],
    ['the flag before everything', 'never', terminal, { FORCE_COLOR: '1' }, false],
    ['--no-color as never', false, terminal, { FORCE_COLOR: '1' }, false],
    ['NO_COLOR before FORCE_COLOR', 'auto', terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['an empty NO_COLOR as none', undefined, terminal, { NO_COLOR: '' }, true],
    ['FORCE_COLOR before TERM', undefined, pipe, { FORCE_COLOR: '1', TERM: 'dumb' }, true],
    ['FORCE_COLOR=0 as no', undefined, terminal, { FORCE_COLOR: '0' }, false],
    ['TERM=dumb before the terminal', undefined, terminal, { TERM: 'dumb' }, false],
    ['the terminal last', undefined, terminal, {}, true],
    ['the pipe last', undefined, pipe, {}, false],
  ] as const)('takes %s', (_, flag, stream, env, expected) => expect(wantsColor(flag, stream, env)).toBe(expected));

  it('decides for each stream', async () => {
    const { stdout, stderr } = await runCli('shapes --t 3', { columns: 80 });
    expect(stdout).toBe('');
    expect(stderr).toContain(`${ESC}[31merror:${ESC}[39m`);
  });
});
