import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import * as ts from 'typescript';

/**
 * The import rows of DESIGN.md 1.1 as a test: a folder of src/ imports only from lower rows, folders of one row do not see each other.
 * Type imports count: a type is a dependency of the reader, too.
 */
const ROW: Record<string, number> = {
  cli: 11,
  index: 11,
  browser: 11,
  page: 11,
  report: 10,
  run: 9,
  diagnosis: 8,
  engines: 7,
  conventions: 6,
  weights: 5,
  model: 4,
  layers: 3,
  cells: 3,
  ops: 2.5,
  activations: 2,
  formats: 2,
  random: 2,
  tensor: 1,
  numerics: 1,
  registry: 1,
  errors: 0,
  escape: 0,
  once: 0,
  processorTime: 0,
};

/** Where a row is not the whole rule. */
const SAME_ROW_ALLOWED = new Set(['layers -> cells']);
const ONLY: Record<string, readonly string[]> = {
  cli: ['run', 'report', 'errors', 'escape', 'registry'],
  index: ['run', 'report', 'errors'],
  browser: ['run', 'errors'],
};
/** package or builtin -> the only files that may import it */
const HOME: Record<string, RegExp> = {
  commander: /^cli\//,
  chalk: /^report\//,
  'cli-table3': /^report\//,
  seedrandom: /^random\/seedrandom\.ts$/,
  fs: /^run\/files\//,
};

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** path below src/ of a relative import, undefined for packages */
  readonly target?: string;
}

const root = join(__dirname, '..', 'src');
const files = sourceFiles(root);
const imports = files.flatMap(file => importsOf(file));

describe('the import rows', () => {
  it('reads a tree worth checking', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(imports.filter(i => i.target).length).toBeGreaterThan(10);
  });

  it('every folder of src/ has a row', () => {
    expect([...new Set(files.map(folderOf))].filter(folder => ROW[folder] === undefined)).toEqual([]);
  });

  it('a folder imports only from lower rows', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (target === undefined) return false;
      const [from, to] = [folderOf(file), folderOf(target)];
      return from !== to && !(ROW[to] < ROW[from]) && !SAME_ROW_ALLOWED.has(`${from} -> ${to}`);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('cli, index.ts and browser.ts see run, report and errors, nothing below', () => {
    const wrong = imports.filter(({ file, target }) => {
      const allowed = ONLY[folderOf(file)];
      if (target === undefined || allowed === undefined) return false;
      return folderOf(target) !== folderOf(file) && !allowed.includes(folderOf(target));
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('report knows of run its requests and results only', () => {
    const wrong = imports.filter(
      i =>
        folderOf(i.file) === 'report' &&
        i.target !== undefined &&
        folderOf(i.target) === 'run' &&
        !/^run\/(result|request)\.ts$/.test(i.target),
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('relative imports lead to files that exist', () => {
    expect(imports.filter(i => i.target !== undefined && !files.includes(i.target)).map(describeImport)).toEqual([]);
  });

  it('no cycle exists', () => {
    expect(findCycle()).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  const page = readFileSync(join(root, '..', 'ARCHITECTURE.md'), 'utf8');
  const paths = page.split('## Three paths')[1].split('\n## ')[0].split('\n**').slice(1);

  it('has three paths of at most 12 files', () => {
    expect(paths.length).toBe(3);
    expect(paths.map(path => filesOf(path).length).filter(n => n < 8 || n > 12)).toEqual([]);
  });

  it('each file of a path is reached from another one of it, within its own folder', () => {
    const lost = paths.flatMap(path => {
      const named = filesOf(path).filter(file => file !== 'bin/rnn-cli.js');
      return named.slice(1).filter(file => !isReached(file, named));
    });
    expect(lost).toEqual([]);
  });

  it('names files and folders that exist', () => {
    const named = [...page.matchAll(/`((?:[a-z]\w*\/)+(?:\w+\.ts)?)`/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(40);
    const known = new Set([...files, ...files.flatMap(file => foldersOf(file))]);
    expect(named.filter(name => !known.has(name) && ![...known].some(other => other.endsWith(`/${name}`)))).toEqual([]);
  });
});

function filesOf(text: string): string[] {
  return [...new Set([...text.matchAll(/`([\w/-]+\.(?:ts|js))`/g)].map(([, name]) => name))];
}

function isReached(file: string, from: readonly string[]): boolean {
  const seen = new Set(from.filter(other => other !== file));
  for (const at of seen) {
    const inside = imports.filter(i => i.file === at && i.target && folderOf(i.target) === folderOf(file));
    for (const { target } of inside) seen.add(target!);
  }
  return seen.has(file);
}

/** 'run/files/save.ts' -> 'src/', 'src/run/', 'src/run/files/' */
function foldersOf(file: string): string[] {
  const parts = ['src', ...file.split('/').slice(0, -1)];
  return parts.map((_, i) => `${parts.slice(0, i + 1).join('/')}/`);
}

describe('third-party packages', () => {
  const packages = imports.filter(i => i.target === undefined);

  it('chalk and cli-table3 live in report, commander in cli, fs in run/files, seedrandom in random/seedrandom.ts', () => {
    const wrong = packages.filter(({ file, specifier }) => {
      const home = HOME[specifier.replace(/^node:/, '')];
      return home !== undefined && !home.test(file);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  it('each is imported in one folder only', () => {
    const folders = new Map<string, Set<string>>();
    for (const { file, specifier } of packages.filter(p => !isBuiltin(p.specifier))) {
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      folders.set(name, (folders.get(name) ?? new Set()).add(folderOf(file)));
    }
    expect([...folders].filter(([, where]) => where.size > 1).map(([name, where]) => `${name}: ${[...where].join(', ')}`)).toEqual([]);
  });

  it('each stands in package.json', () => {
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(join(root, '..', 'package.json'), 'utf8'));
    const known = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    const missing = packages.filter(
      ({ specifier }) =>
        !isBuiltin(specifier) &&
        !known.has(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        ),
    );
    expect(missing.map(describeImport)).toEqual([]);
  });
});

describe('the edges', () => {
  it('only cli and three files of run/files touch process, only cli the console', () => {
    const wrong = files.flatMap(file => {
      const names =
        folderOf(file) === 'cli'
          ? []
          : /^run\/files\/(files|readErrors|atomicWrite)\.ts$/.test(file)
            ? ['console']
            : ['process', 'console'];
      return globalsOf(file, names).map(name => `${file}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('a registry list is only export lines', () => {
    const wrong = files
      .filter(file => /\/all\.ts$/.test(file))
      .flatMap(file => {
        const text = read(file).replace(/export \{[^}]*\} from/g, list => list.replace(/\s+/g, ' '));
        const lines = text.split('\n').filter(line => line.trim() !== '' && !/^(\/\*\*|\s*\*|\/\/)/.test(line));
        return lines
          .filter(line => !/^export (\{[^}]*\}|\* as \w+|\*) from '\.\/[\w./]+\.js';$/.test(line))
          .map(line => `${file}: ${line}`);
      });
    expect(wrong).toEqual([]);
  });
});

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    // AssemblyScript is another language with its own compiler
    if (entry.isDirectory()) return entry.name === 'assembly' ? [] : sourceFiles(path);
    return entry.name.endsWith('.ts') ? [relative(root, path).replaceAll('\\', '/')] : [];
  });
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** 'engines/batched/pool.ts' -> 'engines', 'errors.ts' -> 'errors' */
function folderOf(file: string): string {
  return file.split('/')[0].replace(/\.ts$/, '');
}

function importsOf(file: string): Import[] {
  return ts.preProcessFile(read(file), true, true).importedFiles.map(({ fileName: specifier }) => {
    if (!specifier.startsWith('.')) return { file, specifier };
    const target = join(dirname(file), specifier).replaceAll('\\', '/').replace(/\.js$/, '.ts');
    return { file, specifier, target };
  });
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function describeImport({ file, specifier }: Import): string {
  return `${file} imports ${specifier}`;
}

/** Names of these used as free-standing objects: `process.env` counts, `layer.process` and comments do not. */
function globalsOf(file: string, names: readonly string[]): string[] {
  const text = read(file);
  // most files have none of the words, and need not be parsed
  if (!names.some(name => text.includes(name))) return [];
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) found.add(node.expression.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false));
  return names.filter(name => found.has(name));
}

/** The files of one import cycle, or [] (depth-first search; grey = on the path). */
function findCycle(): string[] {
  const edges = new Map<string, string[]>();
  for (const { file, target } of imports) if (target !== undefined) edges.set(file, [...(edges.get(file) ?? []), target]);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of files) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
