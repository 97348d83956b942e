import type { SqlStatement } from "../sqlite/mod.ts";
import type { PostgresStatement } from "./postgres_driver.ts";

/**
 * How long one try of a commit waits for another transaction of its account, in milliseconds. There are as many
 * tries as `BusyRetry` makes. A setting of the user's own stays.
 */
const LOCK_TIMEOUT_MS = 1_000;

/** Locks of the database itself, beside those of accounts, whose ids begin with 1. */
const SET_ASIDE = 0;
const LAYOUT = -1;
const REGISTRY = -2;

/** Locks are named by 32-bit numbers. Two accounts that share one only wait for each other. */
const MAX_KEY = 2 ** 31 - 1;

/**
 * The first statement of a commit, for each account that it changes. The second one is the guard: it must see
 * what the transaction before has committed, and a statement sees what was committed when it began. So the
 * lock is a statement of its own.
 *
 * It also fails a transaction whose isolation is not READ COMMITTED, in which the guard would see the state
 * before the wait, and it has an acknowledged commit written to disk where the server does not.
 */
const LOCK = `SELECT CASE WHEN current_setting('lock_timeout') = '0'
    THEN set_config('lock_timeout', '${LOCK_TIMEOUT_MS}ms', true) END,
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'local', true) END,
  CAST(CASE WHEN current_setting('transaction_isolation') = 'read committed' THEN '1' ELSE 'isolation' END AS integer),
  pg_advisory_xact_lock($1, $2)`;

/** Locks of what a batch changes besides rows of its own account. */
interface Locked {
  readonly pattern: RegExp;
  keyOf(statement: SqlStatement): number;
}

const LOCKED: readonly Locked[] = [
  // The guard names the account by its id.
  { pattern: /^SELECT CASE WHEN EXISTS \(SELECT 1 FROM account/, keyOf: ({ params }) => Number(params[0]) },
  { pattern: /^SELECT CASE WHEN \(SELECT owner IS \?/, keyOf: ({ params }) => Number(params[3]) },
  { pattern: /^DELETE FROM account WHERE device_id = \?/, keyOf: ({ params }) => Number(params[0]) },
  // Accounts change their names, and are deleted by their age.
  { pattern: /^(?:UPDATE account SET name|DELETE FROM account WHERE device_id IN)/, keyOf: () => SET_ASIDE },
  { pattern: /(?:holdfast|service)_schema/, keyOf: () => LAYOUT },
  // Its statements decide by rows of other tables, such as whether an account of a token is there.
  { pattern: /^(?:INSERT INTO|UPDATE|DELETE FROM) service_/, keyOf: () => REGISTRY },
];

/** The locks that a statement needs, by its text. */
export function lockOf(sql: string): Locked["keyOf"] | undefined {
  return LOCKED.find(({ pattern }) => pattern.test(sql))?.keyOf;
}

/** The statements that take locks, in one order, so that no two transactions wait for each other. */
export function lockStatements(schema: string, keys: Iterable<number>): PostgresStatement[] {
  const ascending = [...new Set([...keys].map((key) => key % MAX_KEY))].sort((a, b) => a - b);
  const space = spaceOf(schema);
  return ascending.map((key) => ({ sql: LOCK, params: [space, key], reads: false }));
}

/** Accounts of two schemas have the same ids and need different locks. */
function spaceOf(schema: string): number {
  let hash = 0x811c9dc5;
  for (const letter of `holdfast ${schema}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash | 0;
}
