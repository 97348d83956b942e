import { userOfAddress, userOfSenderKeyName } from "../../addresses/mod.ts";
import type { Backend } from "../../backend/mod.ts";
import { decodeUtf8 } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import type { SqlDriver, SqlValue } from "../sqlite/mod.ts";

/** Users of one statement that looks for what is stored of them. */
const MAX_USERS = 500;

/** The parts of a table of Signal records. */
interface RecordTable {
  readonly table: "session" | "sender_key";
  readonly column: "address" | "name";
  readonly what: string;
  userOf(name: string): string;
  /** What else tells of a record: a sender key may be our own. */
  readonly evidence: string;
}

const SESSIONS: RecordTable = {
  table: "session",
  column: "address",
  what: "session",
  userOf: userOfAddress,
  evidence: "",
};

const SENDER_KEYS: RecordTable = {
  table: "sender_key",
  column: "name",
  what: "sender key",
  userOf: userOfSenderKeyName,
  evidence: ` OR EXISTS (SELECT 1 FROM device t WHERE t.device_id = scope.id
    AND asked.user IN (substr(t.pn, 1, length(asked.user)), substr(t.lid, 1, length(asked.user))))`,
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
 * - A session or a sender key. Its table is read as a whole for that, once for an account, when something is
 *   stored of a user, or the sender key may be our own. What was found holds from then on: what is written
 *   later is in both.
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
      if (answers.includes(undefined as Answer))
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
  readonly users: Set<string>;
  readonly done: Promise<void>;
}

class AbsentRecords {
  readonly #table: RecordTable;
  readonly #driver: SqlDriver;
  readonly #account: string;
  #next: Round | undefined;
  #reading: Promise<void> | undefined;
  /** Users of whom the table has a record that the index lacks, once the table was read. */
  #hidden: ReadonlySet<string> | undefined;

  constructor(table: RecordTable, driver: SqlDriver, account: string) {
    this.#table = table;
    this.#driver = driver;
    this.#account = account;
  }

  /** @throws {CorruptError} When the table has a record of one of the users that the index lacks. */
  async confirm(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const users = names.map((name) => this.#table.userOf(name));
    if (this.#hidden === undefined) {
      this.#next ??= this.#begin();
      for (const user of users) this.#next.users.add(user);
      await this.#next.done;
    }
    if (!users.some((user) => this.#hidden?.has(user))) return;
    throw new CorruptError(
      `read ${this.#table.what}: it is stored, and the index lacks it, the database is damaged: ` +
        "restore a backup, or run REINDEX and open the account again",
    );
  }

  #begin(): Round {
    const users = new Set<string>();
    const gather = async (): Promise<void> => {
      try {
        // Reads that are already waiting for the connection meet their absences before this one is answered.
        await this.#driver.query("SELECT 1", []);
      } finally {
        this.#next = undefined;
      }
      if (!(await this.#isAnyKnown([...users]))) return;
      this.#reading ??= this.#read();
      await this.#reading;
    };
    return { users, done: gather() };
  }

  async #isAnyKnown(users: readonly string[]): Promise<boolean> {
    for (let start = 0; start < users.length; start += MAX_USERS) {
      const part = users.slice(start, start + MAX_USERS);
      const rows = await this.#driver.query(
        `WITH scope (id) AS (SELECT device_id FROM account WHERE name = ?),
          asked (user) AS (VALUES ${part.map(() => "(?)").join(",")})
        SELECT 1 FROM scope CROSS JOIN asked WHERE ${KNOWN}${this.#table.evidence} LIMIT 1`,
        [this.#account, ...part],
      );
      if (rows.length > 0) return true;
    }
    return false;
  }

  /** Compares the whole table with its index. */
  async #read(): Promise<void> {
    const { table, column } = this.#table;
    try {
      // Bytes, since the name of another user may be damaged.
      const rows = await this.#driver.query(
        `SELECT DISTINCT CAST(t.user AS BLOB) FROM ${table} t NOT INDEXED
        WHERE t.device_id = (SELECT device_id FROM account WHERE name = ?)
          AND NOT EXISTS (SELECT 1 FROM ${table} i INDEXED BY sqlite_autoindex_${table}_1
            WHERE i.device_id = t.device_id AND i.user = t.user AND i.${column} = t.${column})`,
        [this.#account],
      );
      this.#hidden = new Set(
        rows.flatMap(([user]) => (user instanceof Uint8Array && decodeUtf8(user)) || []),
      );
    } catch (error) {
      this.#reading = undefined;
      throw error;
    }
  }
}
