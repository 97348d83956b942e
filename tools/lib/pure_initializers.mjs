/**
 * Why: a bundler leaves a declaration of a bundled file out only if it can see that its initializer has no
 * effect. Of calls, spreads and property reads it cannot, so that a Worker that imports one class carried a
 * quarter of the package with it. Importing a module of this package has no effect (docs/design/layers.md), so
 * the build says of each such initializer that it is pure.
 */

import { readFileSync } from "node:fs";
import ts from "typescript";

/** Expressions of which every bundler sees that they have no effect. */
const PLAIN = new Set([
  ts.SyntaxKind.ArrowFunction,
  ts.SyntaxKind.FunctionExpression,
  ts.SyntaxKind.ClassExpression,
  ts.SyntaxKind.StringLiteral,
  ts.SyntaxKind.NumericLiteral,
  ts.SyntaxKind.BigIntLiteral,
  ts.SyntaxKind.NoSubstitutionTemplateLiteral,
  ts.SyntaxKind.RegularExpressionLiteral,
  ts.SyntaxKind.TrueKeyword,
  ts.SyntaxKind.FalseKeyword,
  ts.SyntaxKind.NullKeyword,
  ts.SyntaxKind.Identifier,
]);

/** @param {ts.Expression} expression @returns {boolean} */
function isPlain(expression) {
  if (ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression))
    return isPlain(expression.expression);
  if (ts.isParenthesizedExpression(expression)) return isPlain(expression.expression);
  if (ts.isPrefixUnaryExpression(expression)) return isPlain(expression.operand);
  if (ts.isArrayLiteralExpression(expression)) return expression.elements.every(isPlain);
  if (ts.isObjectLiteralExpression(expression))
    return expression.properties.every(
      (property) =>
        property.name !== undefined &&
        !ts.isComputedPropertyName(property.name) &&
        (!ts.isPropertyAssignment(property) || isPlain(property.initializer)),
    );
  return PLAIN.has(expression.kind);
}

/** @param {ts.Statement} statement @returns {(ts.Expression | undefined)[]} */
function initializersOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name, initializer }) =>
      ts.isIdentifier(name) ? initializer : undefined,
    );
  if (!ts.isClassDeclaration(statement)) return [];
  return statement.members.map((member) =>
    ts.isPropertyDeclaration(member) && ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static
      ? member.initializer
      : undefined,
  );
}

/**
 * Wraps each initializer of a module's constants and static fields that may seem to have an effect.
 *
 * @param {string} text source of a module
 */
export function markPure(text) {
  const source = ts.createSourceFile("module.ts", text, ts.ScriptTarget.Latest, true);
  const found = source.statements
    .flatMap(initializersOf)
    .flatMap((initializer) => (initializer === undefined || isPlain(initializer) ? [] : [initializer]));
  let [marked, last] = ["", 0];
  for (const initializer of found) {
    const [start, end] = [initializer.getStart(), initializer.getEnd()];
    marked += `${text.slice(last, start)}/* @__PURE__ */ (() => (${text.slice(start, end)}))()`;
    last = end;
  }
  return marked + text.slice(last);
}

/** @type {import("esbuild").Plugin} */
export const pureInitializers = {
  name: "pure initializers",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: markPure(readFileSync(path, "utf8")),
      loader: "ts",
    }));
  },
};
