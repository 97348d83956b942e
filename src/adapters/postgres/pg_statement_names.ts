import { hexOf } from "../../bytes/mod.ts";
import { systemRandom } from "../../ports/mod.ts";

/** Names that a connection gets. Beyond it statements are prepared each time. */
const MAX_NAMES = 512;

/** Names of the statements that are prepared on a connection. */
interface Names {
  /**
   * Of this connection alone. A pooler that gives it another server would otherwise find a statement of another
   * connection under the same name.
   */
  readonly prefix: string;
  readonly bySql: Map<string, string>;
  /** Those of forgotten statements too, which may still be prepared. */
  given: number;
}

/** Those of each connection. Shared, so that drivers over one pool agree. */
const connections = new WeakMap<object, Names>();

/**
 * The name of a statement on a connection, and whether it must be prepared first; without a name when there are
 * too many.
 */
export function statementName(
  connection: object,
  sql: string,
): { readonly name: string; readonly isNew: boolean } {
  let names = connections.get(connection);
  if (names === undefined) {
    names = { prefix: `holdfast_${hexOf(systemRandom.bytes(8))}`, bySql: new Map(), given: 0 };
    connections.set(connection, names);
  }
  const known = names.bySql.get(sql);
  if (known !== undefined) return { name: known, isNew: false };
  if (names.given >= MAX_NAMES) return { name: "", isNew: true };
  names.given += 1;
  const name = `${names.prefix}_${names.given}`;
  names.bySql.set(sql, name);
  return { name, isNew: true };
}

/** Statements may not have been prepared: they get other names when they come again. */
export function forgetStatements(connection: object, sqls: Iterable<string>): void {
  const names = connections.get(connection)?.bySql;
  for (const sql of sqls) names?.delete(sql);
}
