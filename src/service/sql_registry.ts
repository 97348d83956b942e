import { encodeBase64, sameSecret } from "../bytes/mod.ts";
import { CorruptError, LimitError } from "../errors/mod.ts";
import { type Clock, type Scheduler, systemRandom, TimerScheduler } from "../ports/mod.ts";
import {
  type AccountState,
  type Admission,
  type Page,
  PERMISSIONS,
  type RegisteredAccount,
  type Registry,
  type StoredToken,
} from "./registry.ts";
import type { RegistryDatabase, RegistryValue } from "./registry_database.ts";
import { openRegistrySchema } from "./registry_schema.ts";
import { ServiceError } from "./service_error.ts";

/**
 * Maximum number of tokens of one account, and of tokens for all accounts. People do not review longer lists.
 */
const MAX_TOKENS = 100;

/** Maximum number of actions that are kept. Older ones are removed. */
const MAX_ACTIONS = 100_000;

/** How often the last use of a token is written at most, in milliseconds. */
const USE_INTERVAL_MS = 3_600_000;

/** How long a use waits for others that are written with it, in milliseconds. */
const USE_DELAY_MS = 5_000;

/** Maximum number of uses that wait to be written. One more is noted by the next use of its token. */
const MAX_USES = 2_000;

/** Maximum number of uses that one transaction writes. */
const USES_PER_BATCH = 500;

const TOKEN_COLUMNS =
  "id, hash, account, permissions, label, service_token.created_at, expires_at, last_used_at";

/** The columns of a `RegisteredAccount`. */
export const ACCOUNT_COLUMNS = "name, created_at, deleting, limits";

/** A registry in tables of a SQLite database, which may also contain the accounts. */
export class SqlRegistry implements Registry {
  readonly #database: RegistryDatabase;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  /** Name of the task that writes uses. Registries may share a scheduler. */
  readonly #task = `registry: uses ${encodeBase64(systemRandom.bytes(9))}`;
  /** Uses of tokens that are not written yet, by id. */
  #uses = new Map<string, number>();

  private constructor(database: RegistryDatabase, clock: Clock, scheduler: Scheduler) {
    this.#database = database;
    this.#clock = clock;
    this.#scheduler = scheduler;
    // A use that cannot be written is noted again by the next one.
    scheduler.register(this.#task, () => this.writeUses().catch(() => {}));
  }

  /**
   * Opens a registry, and brings its tables up to date. The caller owns the database and closes it.
   *
   * @param scheduler Writes the last uses of tokens, some seconds later. Defaults to timers of the host.
   * @throws {IncompatibleError} When the tables are of a newer release. Nothing was changed.
   */
  static async open(
    database: RegistryDatabase,
    clock: Clock,
    scheduler: Scheduler = new TimerScheduler(clock),
  ): Promise<SqlRegistry> {
    await openRegistrySchema(database);
    return new SqlRegistry(database, clock, scheduler);
  }

  /** See `Registry.admit`: one query. */
  async admit(
    tokenId: string | undefined,
    account: string | undefined,
    hash?: Uint8Array,
  ): Promise<Admission> {
    const nowMs = this.#clock.nowMs();
    const [row = []] = await this.#database.query(
      `SELECT deleting, service_account.created_at, limits, ${TOKEN_COLUMNS} FROM (SELECT 1) ` +
        "LEFT JOIN service_account ON name = ?1 " +
        "LEFT JOIN service_token ON id = ?2 AND ifnull(expires_at > ?3, 1)",
      [account ?? null, tokenId ?? null, nowMs],
    );
    const [deleting, registeredAtMs = null, limits = null, ...columns] = row;
    const token = columns[0] === null ? undefined : tokenOf(columns);
    if (token !== undefined && hash !== undefined && sameSecret(hash, token.hash)) this.#use(token, nowMs);
    return {
      account: stateOf(deleting),
      registeredAtMs: registeredAtMs === null ? undefined : Number(registeredAtMs),
      limits: limits === null ? undefined : parse(limits),
      token,
    };
  }

  /** Writes the uses of tokens that wait. Call it before the database is closed. */
  async writeUses(): Promise<void> {
    const uses = [...this.#uses];
    this.#uses = new Map();
    while (uses.length > 0) {
      await this.#database.batch(
        uses.splice(0, USES_PER_BATCH).map(([id, atMs]) => ({
          sql: "UPDATE service_token SET last_used_at = ? WHERE id = ?",
          params: [atMs, id],
        })),
      );
    }
  }

  #use({ id, lastUsedAtMs = Number.NEGATIVE_INFINITY }: StoredToken, nowMs: number): void {
    if (nowMs - lastUsedAtMs < USE_INTERVAL_MS || this.#uses.has(id) || this.#uses.size >= MAX_USES) return;
    this.#uses.set(id, nowMs);
    if (this.#uses.size === 1) this.#scheduler.schedule(this.#task, nowMs + USE_DELAY_MS);
  }

  /** See `Registry.listAccounts`: one query. */
  async listAccounts({ after, limit }: Page): Promise<RegisteredAccount[]> {
    const rows = await this.#database.query(
      `SELECT ${ACCOUNT_COLUMNS} FROM service_account WHERE name > ? ORDER BY name LIMIT ?`,
      [after ?? "", limit],
    );
    return rows.map(accountOf);
  }

  /** See `Registry.limitAccount`: one statement. */
  async limitAccount(name: string, registeredAtMs: number, limits: Admission["limits"]): Promise<void> {
    await this.#database.batch([
      {
        sql: "UPDATE service_account SET limits = ? WHERE name = ? AND created_at = ?",
        params: [JSON.stringify(limits), name, registeredAtMs],
      },
    ]);
  }

  /** See `Registry.addAccount`: one transaction, in which the clock of the registry moves. */
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

  /** See `Registry.beginDelete`: one transaction. */
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

  /** See `Registry.endDelete`: one statement. */
  async endDelete(name: string, registeredAtMs: number): Promise<void> {
    await this.#database.batch([
      {
        sql: "DELETE FROM service_account WHERE name = ? AND created_at = ? AND deleting = 1",
        params: [name, registeredAtMs],
      },
    ]);
  }

  /**
   * See `Registry.addToken`: one transaction, in which the account and the number of tokens are checked. At the
   * limit, the expired ones are removed first.
   */
  async addToken(token: StoredToken): Promise<void> {
    const { id, hash, account, permissions, label, createdAtMs, expiresAtMs } = token;
    const [, inserted] = await this.#database.batch([
      {
        sql:
          "DELETE FROM service_token WHERE account IS ?1 AND expires_at <= ?2 " +
          "AND (SELECT count(*) FROM service_token WHERE account IS ?1) >= ?3",
        params: [account ?? null, this.#clock.nowMs(), MAX_TOKENS],
      },
      {
        sql:
          "INSERT INTO service_token (id, hash, account, permissions, label, created_at, expires_at) " +
          "SELECT ?, ?, ?, ?, ?, ?, ? " +
          "WHERE (SELECT count(*) FROM service_token WHERE account IS ?) < ? " +
          "AND (? IS NULL OR EXISTS (SELECT 1 FROM service_account WHERE name = ? AND deleting = 0))",
        params: [
          ...[id, hash, account ?? null, permissions.join(" "), label, createdAtMs, expiresAtMs ?? null],
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

  /** See `Registry.listTokens`: one query. */
  async listTokens(account: string | undefined, { after, limit }: Page): Promise<StoredToken[]> {
    const rows = await this.#database.query(
      `SELECT ${TOKEN_COLUMNS} FROM service_token ` +
        `WHERE ${account === undefined ? "?1 IS NULL" : "account = ?1"} AND id > ?2 ORDER BY id LIMIT ?3`,
      [account ?? null, after ?? "", limit],
    );
    return rows.map(tokenOf);
  }

  /** See `Registry.revokeToken`: one statement. */
  async revokeToken(id: string): Promise<boolean> {
    const [deleted] = await this.#database.batch([
      { sql: "DELETE FROM service_token WHERE id = ?", params: [id] },
    ]);
    return deleted?.rowsAffected === 1;
  }

  /** See `Registry.recordAction`. */
  async recordAction({ key, ...action }: Parameters<Registry["recordAction"]>[0]): Promise<void> {
    await this.#database.batch([
      {
        sql:
          "INSERT INTO service_audit (key, entry) VALUES (?, ?) " +
          "ON CONFLICT (key) DO UPDATE SET entry = json_patch(entry, json_object(" +
          "'outcome', iif(entry ->> 'outcome' = 'done', 'done', excluded.entry ->> 'outcome'), 'times', " +
          "nullif(ifnull(entry ->> 'times', 1) + (excluded.entry -> 'outcome' IS NULL), 1)))",
        params: [key, JSON.stringify(action)],
      },
      {
        sql: "DELETE FROM service_audit WHERE id <= (SELECT max(id) FROM service_audit) - ?",
        params: [MAX_ACTIONS],
      },
    ]);
  }

  /** See `Registry.listActions`: one query. */
  async listActions({ after, limit }: Page): ReturnType<Registry["listActions"]> {
    const rows = await this.#database.query(
      "SELECT id, entry FROM service_audit WHERE id < ? ORDER BY id DESC LIMIT ?",
      [Number(after ?? Number.MAX_SAFE_INTEGER), limit],
    );
    return rows.map(([id, entry]) => ({ ...parse<StoredAction>(entry), id: Number(id) }));
  }
}

/** The account of a row with `ACCOUNT_COLUMNS`. */
export function accountOf([
  name,
  createdAtMs,
  deleting,
  limits = null,
]: readonly RegistryValue[]): RegisteredAccount {
  return {
    name: String(name),
    createdAtMs: Number(createdAtMs),
    ...(deleting === 0 ? {} : { deleting: true }),
    ...(limits === null ? {} : { limits: parse(limits) }),
  };
}

type StoredAction = Omit<Awaited<ReturnType<Registry["listActions"]>>[number], "id">;

/** The value of a column of JSON. */
function parse<T>(stored: RegistryValue | undefined): T {
  try {
    return JSON.parse(String(stored));
  } catch {
    throw new CorruptError("read registry: a stored value is not JSON");
  }
}

function timeOf(value: RegistryValue | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function stateOf(deleting: RegistryValue | undefined): AccountState {
  if (deleting === null || deleting === undefined) return "absent";
  return deleting === 0 ? "present" : "deleting";
}

function tokenOf(row: readonly RegistryValue[]): StoredToken {
  const [id, hash, account, permissions, label, createdAtMs, expiresAtMs, lastUsedAtMs] = row;
  if (!(hash instanceof Uint8Array)) throw new CorruptError("read token: the stored hash is not bytes");
  const listed = String(permissions).split(" ");
  return {
    id: String(id),
    hash,
    account: account === null ? undefined : String(account),
    permissions: PERMISSIONS.filter((permission) => listed.includes(permission)),
    label: String(label),
    createdAtMs: Number(createdAtMs),
    expiresAtMs: timeOf(expiresAtMs),
    lastUsedAtMs: timeOf(lastUsedAtMs),
  };
}
