// A jest transform for scripts/mutate.mjs: files named in MUTATE_FILES get every mutant at once, each behind a question for its number, so
// that a run with another number needs no new compilation.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createTransformer } = require('@swc/jest');
const ts = require('typescript');

const swc = createTransformer({ jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } });

// what this file makes of a source is not to be taken from the cache of an older one
const OWN = createHash('sha256').update(readFileSync(__filename)).digest('hex');

/** operator -> what stands in its place */
const OPERATORS = new Map([
  ['+', '-'],
  ['-', '+'],
  ['*', '/'],
  ['/', '*'],
  ['%', '*'],
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['===', '!=='],
  ['!==', '==='],
  ['&&', '||'],
  ['||', '&&'],
  ['??', '&&'],
  ['+=', '-='],
  ['-=', '+='],
  ['*=', '/='],
]);

/** Every mutant of a source: { line, from, to }, and the text with all of them in it. */
function mutantsOf(name, text, firstId = 1) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
  const mutants = [];
  const add = (node, to) => {
    const id = firstId + mutants.length;
    mutants.push({
      id,
      file: name,
      line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1,
      from: node.getText().replace(/\s+/g, ' ').slice(0, 80),
      to,
    });
    return id;
  };

  /** the text of a node with the mutants inside it */
  function render(node) {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isImportDeclaration(node))
      return node.getFullText();
    const leading = node.getFullText().slice(0, node.getLeadingTriviaWidth());
    const children = inner => {
      let out = '';
      let at = node.getStart();
      const end = node.getEnd();
      ts.forEachChild(node, child => {
        out += text.slice(at, child.getFullStart()) + (inner ? inner(child) : render(child));
        at = child.getEnd();
      });
      return out + text.slice(at, end);
    };
    if (ts.isBinaryExpression(node) && OPERATORS.has(node.operatorToken.getText())) {
      const operator = node.operatorToken.getText();
      const other = OPERATORS.get(operator);
      // text joined with text has no difference
      const joins = operator === '+' && /['"`]/.test(node.getText());
      if (!joins) {
        const id = add(node, `${operator} becomes ${other}`);
        if (operator.endsWith('=') && !['===', '!==', '<=', '>='].includes(operator)) {
          const left = node.left.getText();
          const right = render(node.right).trim();
          return `${leading}(__m === ${id} ? (${left} ${other} ${right}) : (${left} ${operator} ${right}))`;
        }
        const left = render(node.left).trim();
        const right = render(node.right).trim();
        return `${leading}(__m === ${id} ? (${left} ${other} ${right}) : (${left} ${operator} ${right}))`;
      }
    }
    if (ts.isIfStatement(node)) {
      const yes = add(node.expression, 'the condition is always true');
      const no = add(node.expression, 'the condition is never true');
      const rendered = children(child =>
        child === node.expression ? `(__m === ${yes} || (__m !== ${no} && (${render(child).trim()})))` : render(child),
      );
      return leading + rendered;
    }
    if (ts.isConditionalExpression(node)) {
      const id = add(node.condition, 'the two branches are exchanged');
      // rendered once: its mutants have one number each, wherever the text stands
      const condition = render(node.condition).trim();
      const [yes, no] = [render(node.whenTrue).trim(), render(node.whenFalse).trim()];
      return `${leading}((__m === ${id} ? !(${condition}) : (${condition})) ? ${yes} : ${no})`;
    }
    if (
      ts.isNumericLiteral(node) &&
      !ts.isPropertyAssignment(node.parent) &&
      !ts.isEnumMember(node.parent) &&
      !ts.isLiteralTypeNode(node.parent)
    ) {
      const id = add(node, `${node.getText()} becomes ${node.getText()} + 1`);
      return `${leading}(__m === ${id} ? (${node.getText()} + 1) : ${node.getText()})`;
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
      const id = add(node, 'the negation is dropped');
      const operand = render(node.operand).trim();
      return `${leading}(__m === ${id} ? !!(${operand}) : !(${operand}))`;
    }
    if ((node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) && !ts.isLiteralTypeNode(node.parent)) {
      const id = add(node, `${node.getText()} is turned`);
      return `${leading}(__m === ${id} ? !${node.getText()} : ${node.getText()})`;
    }
    return leading + children();
  }
  let body = '';
  ts.forEachChild(file, child => {
    if (child.kind !== ts.SyntaxKind.EndOfFileToken) body += render(child);
  });
  // narrowing is lost behind the questions; types are not checked here
  return { mutants, text: `const __m = Number(process.env.MUTANT);\n${body}` };
}

const files = () => (process.env.MUTATE_FILES ?? '').split('|');
const matches = path => files().findIndex(file => file !== '' && path.split('\\').join('/').endsWith(`/${file}`));

module.exports = {
  mutantsOf,
  process(source, path, options) {
    const index = matches(path);
    return swc.process(index < 0 ? source : mutantsOf(files()[index], source, 1 + index * 10_000).text, path, options);
  },
  getCacheKey(source, path, options) {
    return `${swc.getCacheKey(source, path, options)}${matches(path) < 0 ? '' : `-mutants-${files().join('|')}-${OWN}`}`;
  },
};
