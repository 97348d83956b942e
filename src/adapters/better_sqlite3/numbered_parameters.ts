/** Quoted texts and names, comments, and parameters with their number. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?(\d*)/g;

/** A statement for the library, and how its parameters are handed over. */
export interface HandedOver {
  readonly sql: string;
  handOver(params: readonly unknown[]): readonly unknown[];
}

const asList = (params: readonly unknown[]): readonly unknown[] => [params];

/**
 * The library counts a parameter that is written with its number (`?4`) as a named one: its value stands in an
 * object, and those of the others, in order, in a list. That takes longer than the list alone, so numbers that
 * say nothing are left out.
 */
export function handOverOf(sql: string): HandedOver {
  const named = new Set<number>();
  let count = 0;
  let isInOrder = true;
  for (const [token, digits] of sql.matchAll(TOKEN)) {
    if (!token.startsWith("?")) continue;
    count += 1;
    if (!digits) continue;
    named.add(Number(digits));
    isInOrder &&= Number(digits) === count;
  }
  if (named.size === 0) return { sql, handOver: asList };
  if (isInOrder) {
    const plain = sql.replace(TOKEN, (token) => (token.startsWith("?") ? "?" : token));
    return { sql: plain, handOver: asList };
  }
  return {
    sql,
    handOver: (params) => {
      const byName: Record<string, unknown> = {};
      const others: unknown[] = [];
      for (let index = 0; index < params.length; index += 1) {
        if (named.has(index + 1)) byName[index + 1] = params[index];
        else others.push(params[index]);
      }
      return [others, byName];
    },
  };
}
