/** One token of a statement: a word, a number, a quoted text, a blob, a parameter or a symbol. */
export type Token = string;

const TOKEN = /\s+|x'[0-9a-fA-F]*'|'(?:[^']|'')*'|\?\d*|[A-Za-z_]\w*|\d+|<=|>=|<>|\|\||./gsy;

/** Splits a statement into tokens, without the white space between them. */
export function tokensOf(sql: string): Token[] {
  return (sql.match(TOKEN) ?? []).filter((token) => token.trim() !== "");
}

/** Joins tokens to a statement. */
export function sqlOf(tokens: readonly Token[]): string {
  let sql = "";
  let last = "";
  for (const token of tokens) {
    const isTight = last === "" || last === "." || last === "(" || /^[.,)]$/.test(token);
    sql += isTight ? token : ` ${token}`;
    last = token;
  }
  return sql;
}

/** The index of the parenthesis that closes the one at `open`. */
export function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    if (tokens[at] === "(") depth += 1;
    else if (tokens[at] === ")") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new RangeError("translate statement: a parenthesis is not closed");
}

/** The arguments between two parentheses, each as its tokens. */
export function argumentsOf(tokens: readonly Token[], open: number, close: number): Token[][] {
  const found: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(open + 1, close)) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (token === "," && depth === 0) found.push([]);
    else found[found.length - 1]?.push(token);
  }
  return found;
}

/** Whether a token is a word of lower case: the name of a table, a column, a function or an alias. */
export function isName(token: Token | undefined): boolean {
  return token !== undefined && /^[a-z_][a-z0-9_]*$/.test(token);
}
