import { userOfAddress, userOfSenderKeyName } from "../../addresses/mod.ts";
import type { Backend } from "../../backend/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import type { SqlDriver, SqlValue } from "../sqlite/mod.ts";

/** Names of one statement that looks for what is stored of their users. */
const MAX_NAMES = 500;

/** Users of one reading of a table. */
const MAX_USERS = 16_000;

/** The parts of a table of Signal records. */
interface RecordTable {
  readonly table: "session" | "sender_key";
  readonly column: "address" | "name";
  readonly what: string;
  userOf(name: string): string;
  /** What else tells of a record: our own sender keys have marks of their group, and our own user. */
  readonly evidence: string;
  groupOf(name: string): string;
}

const SESSIONS: RecordTable = {
  table: "session",
  column: "address",
  what: "session",
  userOf: userOfAddress,
  evidence: "",
  groupOf: () => "",
};

const SENDER_KEYS: RecordTable = {
  table: "sender_key",
  column: "name",
  what: "sender key",
  userOf: userOfSenderKeyName,
  evidence: ` OR EXISTS (SELECT 1 FROM sender_key_device t
      WHERE t.device_id = scope.id AND t.group_jid = asked.group_jid)
    OR EXISTS (SELECT 1 FROM device t WHERE t.device_id = scope.id
      AND asked.user IN (substr(t.pn, 1, length(asked.user)), substr(t.lid, 1, length(asked.user))))`,
  groupOf: (name) => name.slice(0, Math.max(0, name.indexOf(":"))),
};

/** Other tables that tell that there is state of a user. */
const KNOWN = ["identity", "session", "sender_key", "device_list"]
  .map((table) => {
    return `EXISTS (SELECT 1 FROM ${table} t WHERE t.device_id = scope.id AND t.user = asked.user)`;
  })
  .join(" OR ");

/**
 * Confirms what a backend over a file calls absent: the index alone may lack it.
 *
 * - An account, before it is registered: a new identity would be made beside the stored one.
 * - A session or a sender key. Its table is read as a whole for that, so only for users of whom something is
 *   stored, for our own, or for a group whose members hold our key. Absences that are met together share one
 *   reading, and what is found of a user holds from then on: what is written later is in both.
 */
export function confirmAbsences(backend: Backend, driver: SqlDriver, account: string): Backend {
  const sessions = new AbsentRecords(SESSIONS, driver, account);
  const senderKeys = new AbsentRecords(SENDER_KEYS, driver, account);
  const one =
    <Answer>(read: (name: string) => Promise<Answer>, absent: AbsentRecords) =>
    async (name: string): Promise<Answer> => {
      const answer = await read.call(backend, name);
      if (answer === undefined || answer === false) await absent.confirm([name]);
      return answer;
    };
  const many =
    <Answer>(read: (names: readonly string[]) => Promise<Answer[]>, absent: AbsentRecords) =>
    async (names: readonly string[]): Promise<Answer[]> => {
      const answers = await read.call(backend, names);
      await absent.confirm(names.filter((_, index) => answers[index] === undefined));
      return answers;
    };
  const { create, commit, readOwner } = backend;
  const registered = new RegisteredAccount(driver, account);
  return Object.assign(backend, {
    getSession: one(backend.getSession, sessions),
    getSessions: many(backend.getSessions, sessions),
    hasSession: one(backend.hasSession, sessions),
    loadSessionRow: one(backend.loadSessionRow, sessions),
    loadSessionRows: many(backend.loadSessionRows, sessions),
    getSenderKey: one(backend.getSenderKey, senderKeys),
    loadSenderKeyRow: one(backend.loadSenderKeyRow, senderKeys),
    loadSenderKeyRows: many(backend.loadSenderKeyRows, senderKeys),
    create: async () => {
      await registered.confirm();
      return await create.call(backend);
    },
    commit: async (...args: Parameters<Backend["commit"]>) => {
      // An owner was registered.
      if (args[1]?.guard?.owner === undefined) await registered.confirm();
      return await commit.apply(backend, args);
    },
    readOwner: async () => {
      const owner = await readOwner.call(backend);
      if (owner === undefined) await registered.requireRow();
      return owner;
    },
  });
}

/** An account, before it is registered. */
class RegisteredAccount {
  readonly #driver: SqlDriver;
  readonly #name: string;
  #isFound = false;

  constructor(driver: SqlDriver, name: string) {
    this.#driver = driver;
    this.#name = name;
  }

  /** @throws {CorruptError} When the account is registered, and the index of names lacks it. */
  async confirm(): Promise<void> {
    if (this.#isFound) return;
    this.#isFound = (await this.#find()) !== undefined;
    if (this.#isFound) return;
    const rows = await this.#driver.query("SELECT 1 FROM account NOT INDEXED WHERE name = ?", [this.#name]);
    // Another process may have registered it since it was looked for.
    if (rows.length === 0 || (await this.#find()) !== undefined) return;
    throw new CorruptError(
      "open account: it is stored, and the index of account names lacks it, restore a backup, or run REINDEX",
    );
  }

  /** @throws {CorruptError} When the index of names has the account, and its row is gone. */
  async requireRow(): Promise<void> {
    const id = await this.#find();
    if (id === undefined) return;
    const rows = await this.#driver.query("SELECT 1 FROM account WHERE device_id = ?", [id]);
    if (rows.length === 0)
      throw new CorruptError("open account: its row is missing, the database is damaged, restore a backup");
  }

  async #find(): Promise<SqlValue | undefined> {
    const [row] = await this.#driver.query("SELECT device_id FROM account WHERE name = ?", [this.#name]);
    return row?.[0];
  }
}

/** Absences in one table that are asked for in one turn. */
interface Round {
  /** Names by user. */
  readonly names: Map<string, string>;
  readonly done: Promise<void>;
}

class AbsentRecords {
  readonly #table: RecordTable;
  readonly #driver: SqlDriver;
  readonly #account: string;
  /** Users of whom the index has all that the table has. */
  readonly #confirmed = new Set<string>();
  #next: Round | undefined;

  constructor(table: RecordTable, driver: SqlDriver, account: string) {
    this.#table = table;
    this.#driver = driver;
    this.#account = account;
  }

  /** @throws {CorruptError} When the table has a record of one of the users that the index lacks. */
  async confirm(names: readonly string[]): Promise<void> {
    const open = names.filter((name) => !this.#confirmed.has(this.#table.userOf(name)));
    if (open.length === 0) return;
    this.#next ??= this.#begin();
    for (const name of open) this.#next.names.set(name, this.#table.userOf(name));
    await this.#next.done;
  }

  #begin(): Round {
    const names = new Map<string, string>();
    // Reads that are already waiting for the connection meet their absences before this one is answered.
    const done = this.#driver.query("SELECT 1", []).then(async () => {
      this.#next = undefined;
      const asked = [...names].map(([name, user]) => ({ user, group: this.#table.groupOf(name) }));
      const known = await this.#knownUsers(asked);
      for (let start = 0; start < known.length; start += MAX_USERS) {
        const users = known.slice(start, start + MAX_USERS);
        await this.#scan(users);
        for (const user of users) this.#confirmed.add(user);
      }
    });
    return { names, done };
  }

  async #knownUsers(asked: readonly { readonly user: string; readonly group: string }[]): Promise<string[]> {
    const known = new Set<string>();
    for (let start = 0; start < asked.length; start += MAX_NAMES) {
      const part = asked.slice(start, start + MAX_NAMES);
      const rows = await this.#driver.query(
        `WITH scope (id) AS (SELECT device_id FROM account WHERE name = ?),
          asked (n, user, group_jid) AS (VALUES ${part.map((_, n) => `(${n},?,?)`).join(",")})
        SELECT n FROM scope CROSS JOIN asked WHERE ${KNOWN}${this.#table.evidence}`,
        [this.#account, ...part.flatMap(({ user, group }): SqlValue[] => [user, group])],
      );
      for (const [n] of rows) known.add(part[Number(n)]?.user ?? "");
    }
    return [...known];
  }

  async #scan(users: readonly string[]): Promise<void> {
    const { table, column, what } = this.#table;
    const rows = await this.#driver.query(
      `WITH scope (id) AS (SELECT device_id FROM account WHERE name = ?),
        asked (user) AS (VALUES ${users.map(() => "(?)").join(",")})
      SELECT count(*) FROM ${table} t NOT INDEXED
      WHERE t.device_id = (SELECT id FROM scope) AND t.user IN (SELECT user FROM asked)
        AND NOT EXISTS (SELECT 1 FROM ${table} i INDEXED BY sqlite_autoindex_${table}_1
          WHERE i.device_id = t.device_id AND i.user = t.user AND i.${column} = t.${column})`,
      [this.#account, ...users],
    );
    if (rows[0]?.[0] === 0) return;
    throw new CorruptError(
      `read ${what}: it is stored, and the index lacks it, the database is damaged: restore a backup, or run REINDEX`,
    );
  }
}
