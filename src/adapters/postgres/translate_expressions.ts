import { argumentsOf, closingOf, isName, type Token } from "./tokens.ts";

/** Translates functions and operators that PostgreSQL has under another name or in another form. */
export function translateExpressions(tokens: readonly Token[]): Token[] {
  const translated: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    const rewrite = tokens[at + 1] === "(" ? FUNCTIONS[token] : undefined;
    if (rewrite !== undefined) {
      const close = closingOf(tokens, at + 1);
      translated.push(...rewrite(argumentsOf(tokens, at + 1, close).map(translateExpressions)));
      at = close;
    } else if (token === "IS" && tokens[at + 1]?.startsWith("$")) {
      translated.push("IS NOT DISTINCT FROM");
    } else if (token.startsWith("x'")) {
      translated.push(`'\\x${token.slice(2)}::bytea`);
    } else if (token.startsWith("$") && tokens[at + 1] === "IS" && tokens[at + 2] === "NULL") {
      // Nothing else tells its type.
      translated.push(`${token}::text`);
    } else if (token === "NOT" && tokens[at + 1] === "INDEXED") {
      at += 1;
    } else if (token.startsWith("$") && isCondition(tokens, at)) {
      translated.push(token, "<> 0");
    } else if (token.startsWith("$") && tokens[at - 1] === "LIMIT") {
      // SQLite has no limit below zero.
      translated.push(`nullif(${token}::bigint, -1)`);
    } else if (token === "user") {
      // Without quotes it is the name of the database's role.
      translated.push('"user"');
    } else translated.push(token);
  }
  return translated;
}

/** Whether a parameter stands for a condition, which is bound as 0 or 1. */
function isCondition(tokens: readonly Token[], at: number): boolean {
  return (
    (tokens[at - 1] === "(" && tokens[at + 1] === "OR") || (tokens[at - 1] === "OR" && tokens[at + 1] === ")")
  );
}

type Rewrite = (parts: readonly Token[][]) => Token[];

const FUNCTIONS: Readonly<Record<string, Rewrite>> = {
  ifnull: ([first = [], other = []]) =>
    // A condition has a type of its own.
    call("coalesce", [first, first.includes(">") && other.join() === "1" ? ["true"] : other]),
  max: (parts) => call(parts.length > 1 ? "greatest" : "max", parts),
  min: (parts) => call(parts.length > 1 ? "least" : "min", parts),
  instr: ([text = [], part = []]) => ["position(", ...part, "IN", ...text, ")"],
  json_each: ([list = []]) => [...call("json_array_elements_text", [[...list, "::json"]]), "AS each (value)"],
  iif: ([condition = [], yes = [], no = []]) => {
    const isMixed = yes.join() === "1" && no[0]?.startsWith("convert_to(") === true;
    return isMixed
      ? ["CASE WHEN", ...condition, "THEN '\\x69'::bytea ELSE '\\x62'::bytea ||", ...no, "END"]
      : ["CASE WHEN", ...condition, "THEN", ...yes, "ELSE", ...no, "END"];
  },
  CAST: ([part = []]) =>
    part.slice(-2).join(" ") === "AS BLOB"
      ? [`convert_to(${part.slice(0, -2).join(" ")}, 'UTF8')`]
      : call("CAST", [part]),
};

function call(name: string, parts: readonly Token[][]): Token[] {
  return [name, "(", ...parts.flatMap((part, index) => (index === 0 ? part : [",", ...part])), ")"];
}

/**
 * The check that fails a transaction: `CASE … ELSE json('word') END`. Here the word is cast to a number. The
 * result is cast and not the word, since PostgreSQL evaluates a cast of a constant when it plans.
 */
export function translateCheck(tokens: readonly Token[]): Token[] {
  const at = tokens.indexOf("json");
  if (at === -1) return [...tokens];
  if (tokens[1] !== "CASE" || tokens[at - 2] !== "1" || tokens[at + 4] !== "END")
    throw new RangeError("translate statement: a check has another form");
  return [
    "SELECT",
    "CAST(",
    ...tokens.slice(1, at - 2),
    "'1'",
    "ELSE",
    tokens[at + 2] as Token,
    "END AS integer)",
  ];
}

/**
 * Names the table of columns in the assignments of an upsert, where a bare name could be of the stored or of
 * the new row.
 */
export function qualifyUpsert(tokens: readonly Token[], table: string): Token[] {
  const start = tokens.indexOf("DO");
  if (start === -1 || tokens[start + 1] !== "UPDATE") return [...tokens];
  const translated = tokens.slice(0, start + 3);
  let depth = 0;
  let isTarget = true;
  for (let at = start + 3; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    const isColumn =
      isName(token) && tokens[at + 1] !== "(" && tokens[at + 1] !== "." && tokens[at - 1] !== ".";
    if (isColumn && isTarget) isTarget = false;
    else if (isColumn) {
      translated.push(table, ".", token);
      continue;
    }
    if (depth === 0 && token === ",") isTarget = true;
    translated.push(token);
  }
  return translated;
}
