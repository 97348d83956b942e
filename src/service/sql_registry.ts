import { CorruptError, LimitError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import {
  type AccountState,
  type Admission,
  type Page,
  PERMISSIONS,
  type RegisteredAccount,
  type Registry,
  type StoredToken,
} from "./registry.ts";
import { ServiceError } from "./service_error.ts";

/** A value in a row, and a parameter of a statement. */
export type RegistryValue = string | number | null | Uint8Array;

/** The database of a registry. Every driver of the SQLite backend implements it. */
export interface RegistryDatabase {
  /** Runs one read statement and returns its rows, each in column order. */
  query(sql: string, params: readonly RegistryValue[]): Promise<readonly (readonly RegistryValue[])[]>;
  /** Runs statements in one transaction, all or none. Its writes are durable when it resolves. */
  batch(
    statements: readonly { readonly sql: string; readonly params: readonly RegistryValue[] }[],
  ): Promise<readonly { readonly rowsAffected: number }[]>;
}

/**
 * Maximum number of tokens of one account, and of tokens for all accounts. People do not review longer lists.
 */
const MAX_TOKENS = 100;

const TABLES: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS service_account ( " +
    "name TEXT NOT NULL PRIMARY KEY, " +
    "created_at INTEGER NOT NULL, " +
    "deleting INTEGER NOT NULL DEFAULT 0 " +
    ") STRICT, WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS service_token ( " +
    "id TEXT NOT NULL PRIMARY KEY, " +
    "hash BLOB NOT NULL, " +
    "account TEXT, " +
    "permissions TEXT NOT NULL, " +
    "label TEXT NOT NULL, " +
    "created_at INTEGER NOT NULL " +
    ") STRICT, WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS service_token_account ON service_token (account)",
  // The latest registration time. In a database with accounts, it starts at their latest registration time:
  // they are looked at once, and not each time that an object wakes up.
  "CREATE TABLE IF NOT EXISTS service_clock ( " +
    "id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), " +
    "last INTEGER NOT NULL " +
    ") STRICT",
  "INSERT INTO service_clock (id, last) " +
    "SELECT 1, (SELECT ifnull(max(created_at), 0) FROM service_account) " +
    "WHERE NOT EXISTS (SELECT 1 FROM service_clock) ON CONFLICT (id) DO NOTHING",
];

const TOKEN_COLUMNS = "id, hash, account, permissions, label, created_at";

/** A registry in three tables of a SQLite database, which may also contain the accounts. */
export class SqlRegistry implements Registry {
  readonly #database: RegistryDatabase;
  readonly #clock: Clock;

  private constructor(database: RegistryDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Opens a registry and creates missing tables. The caller owns the database and closes it. */
  static async open(database: RegistryDatabase, clock: Clock): Promise<SqlRegistry> {
    await database.batch(TABLES.map((sql) => ({ sql, params: [] })));
    return new SqlRegistry(database, clock);
  }

  async admit(tokenId: string | undefined, account: string | undefined): Promise<Admission> {
    const [row = []] = await this.#database.query(
      "SELECT (SELECT deleting FROM service_account WHERE name = ?1), " +
        `(SELECT created_at FROM service_account WHERE name = ?1), ${TOKEN_COLUMNS} ` +
        "FROM (SELECT 1) LEFT JOIN service_token ON id = ?2",
      [account ?? null, tokenId ?? null],
    );
    const [deleting, registeredAtMs = null, ...token] = row;
    return {
      account: stateOf(deleting),
      registeredAtMs: registeredAtMs === null ? undefined : Number(registeredAtMs),
      token: token[0] === null ? undefined : tokenOf(token),
    };
  }

  async listAccounts({ after, limit }: Page): Promise<RegisteredAccount[]> {
    const rows = await this.#database.query(
      "SELECT name, created_at, deleting FROM service_account WHERE name > ? ORDER BY name LIMIT ?",
      [after ?? "", limit],
    );
    return rows.map(([name, createdAtMs, deleting]) => ({
      name: String(name),
      createdAtMs: Number(createdAtMs),
      ...(deleting === 0 ? {} : { deleting: true }),
    }));
  }

  async addAccount(name: string): Promise<AccountState> {
    const [, inserted] = await this.#database.batch([
      {
        sql:
          "UPDATE service_clock SET last = max(last + 1, ?) " +
          "WHERE NOT EXISTS (SELECT 1 FROM service_account WHERE name = ?)",
        params: [this.#clock.nowMs(), name],
      },
      {
        sql:
          "INSERT INTO service_account (name, created_at) SELECT ?, last FROM service_clock " +
          "WHERE true ON CONFLICT (name) DO NOTHING",
        params: [name],
      },
    ]);
    if (inserted?.rowsAffected === 1) return "absent";
    return (await this.admit(undefined, name)).account;
  }

  async beginDelete(name: string, registeredAtMs: number): Promise<boolean> {
    const params = [name, registeredAtMs];
    const [marked] = await this.#database.batch([
      { sql: "UPDATE service_account SET deleting = 1 WHERE name = ? AND created_at = ?", params },
      {
        sql:
          "DELETE FROM service_token " +
          "WHERE account = (SELECT name FROM service_account WHERE name = ? AND created_at = ?)",
        params,
      },
    ]);
    return marked?.rowsAffected === 1;
  }

  async endDelete(name: string, registeredAtMs: number): Promise<void> {
    await this.#database.batch([
      {
        sql: "DELETE FROM service_account WHERE name = ? AND created_at = ? AND deleting = 1",
        params: [name, registeredAtMs],
      },
    ]);
  }

  async addToken(token: StoredToken): Promise<void> {
    const { id, hash, account, permissions, label, createdAtMs } = token;
    const [inserted] = await this.#database.batch([
      {
        sql:
          `INSERT INTO service_token (${TOKEN_COLUMNS}) SELECT ?, ?, ?, ?, ?, ? ` +
          "WHERE (SELECT count(*) FROM service_token WHERE account IS ?) < ? " +
          "AND (? IS NULL OR EXISTS (SELECT 1 FROM service_account WHERE name = ? AND deleting = 0))",
        params: [
          ...[id, hash, account ?? null, permissions.join(" "), label, createdAtMs],
          ...[account ?? null, MAX_TOKENS, account ?? null, account ?? null],
        ],
      },
    ]);
    if (inserted?.rowsAffected === 1) return;
    // A token that outlives its account would be valid for the next account of this name.
    if (account !== undefined && (await this.admit(undefined, account)).account !== "present") {
      throw new ServiceError("not-found", "issue token: no such account");
    }
    throw new LimitError(`issue token: the limit of ${MAX_TOKENS} tokens is reached`);
  }

  async listTokens(account: string | undefined, { after, limit }: Page): Promise<StoredToken[]> {
    const rows = await this.#database.query(
      `SELECT ${TOKEN_COLUMNS} FROM service_token ` +
        "WHERE (account = ?1 OR ?1 IS NULL) AND id > ?2 ORDER BY id LIMIT ?3",
      [account ?? null, after ?? "", limit],
    );
    return rows.map(tokenOf);
  }

  async revokeToken(id: string): Promise<boolean> {
    const [deleted] = await this.#database.batch([
      { sql: "DELETE FROM service_token WHERE id = ?", params: [id] },
    ]);
    return deleted?.rowsAffected === 1;
  }
}

function stateOf(deleting: RegistryValue | undefined): AccountState {
  if (deleting === null || deleting === undefined) return "absent";
  return deleting === 0 ? "present" : "deleting";
}

function tokenOf(row: readonly RegistryValue[]): StoredToken {
  const [id, hash, account, permissions, label, createdAtMs] = row;
  if (!(hash instanceof Uint8Array)) throw new CorruptError("read token: the stored hash is not bytes");
  const listed = String(permissions).split(" ");
  return {
    id: String(id),
    hash,
    account: account === null ? undefined : String(account),
    permissions: PERMISSIONS.filter((permission) => listed.includes(permission)),
    label: String(label),
    createdAtMs: Number(createdAtMs),
  };
}
