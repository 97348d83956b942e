/**
 * The storage of a Durable Object outside of one: SQLite in memory, and an alarm that somebody else lets
 * ring.
 */

import Database from "libsql";
import type { SqlCursorLike, SqlStorageLike } from "../../src/adapters/durable_object/mod.ts";
import type { AccountStorageLike } from "../../src/worker/mod.ts";

/** What can be made to fail. */
export type StorageCall = "deleteAll" | "getAlarm" | "read" | "setAlarm" | "write";

type Cell = string | number | null | ArrayBuffer;

/** It outlives schedulers, as an object's storage outlives its memory. */
export class FakeObjectStorage implements AccountStorageLike {
  /** When the platform's alarm is due. */
  alarmAtMs: number | null = null;
  /** Writes of due times and settings of the alarm, in order. */
  readonly calls: string[] = [];
  /** Every statement that was run, in order. */
  readonly statements: string[] = [];
  /** How often each call is still to fail. */
  readonly failures: Record<StorageCall, number> = {
    deleteAll: 0,
    getAlarm: 0,
    read: 0,
    setAlarm: 0,
    write: 0,
  };
  /** Holds back the answers of `setAlarm` while it is set. */
  held: Promise<void> | undefined;
  /** How often everything was deleted. It happens a turn of the event loop after it was asked for. */
  deletions = 0;
  #database = new Database(":memory:");

  readonly sql: SqlStorageLike = {
    exec: (query, ...bindings): SqlCursorLike => {
      this.statements.push(query);
      this.#mayFail(/^\s*SELECT/.test(query) ? "read" : "write");
      if (/^\s*INSERT INTO alarm_tasks/.test(query)) this.calls.push("save");
      const statement = this.#database.prepare(query);
      const rows = statement.reader ? (statement.raw().all(...bindings) as unknown[][]) : [];
      if (!statement.reader) statement.run(...bindings);
      return { raw: () => rows.map((row) => row.map(cellOf)) };
    },
  };

  transactionSync<T>(work: () => T): T {
    return this.#database.transaction(work)();
  }

  async getAlarm(): Promise<number | null> {
    this.#mayFail("getAlarm");
    return this.alarmAtMs;
  }

  /** Takes effect at once, as on the platform; what can be late is the answer. */
  async setAlarm(scheduledTimeMs: number): Promise<void> {
    this.calls.push("setAlarm");
    const fails = this.#isFailing("setAlarm");
    if (!fails) this.alarmAtMs = scheduledTimeMs;
    await this.held;
    if (fails) throw new Error("setAlarm: the storage is broken");
  }

  async deleteAlarm(): Promise<void> {
    await turn();
    this.alarmAtMs = null;
  }

  async deleteAll(): Promise<void> {
    await turn();
    this.#mayFail("deleteAll");
    this.#database = new Database(":memory:");
    this.deletions += 1;
  }

  /** Rows that statements have inserted, updated or deleted since everything was last deleted. */
  get rowsWritten(): number {
    const [count] = this.#database.prepare("SELECT total_changes()").raw().get() as [number];
    return count;
  }

  /** How many tables there are. */
  get tables(): number {
    return this.#database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all().length;
  }

  /** What is stored, as it is. */
  get stored(): unknown {
    const exists = this.#database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'alarm_tasks'").get();
    if (exists === undefined) return undefined;
    const row = this.#database.prepare("SELECT due_times FROM alarm_tasks").get() as { due_times: string };
    return JSON.parse(row.due_times);
  }

  /** Damages what is stored. */
  overwrite(dueTimes: string): void {
    this.#database.prepare("UPDATE alarm_tasks SET due_times = ?").run(dueTimes);
  }

  /** What `deleteAll` leaves. */
  clear(): void {
    this.#database.exec("DROP TABLE IF EXISTS alarm_tasks");
    this.alarmAtMs = null;
  }

  /** How often something was written or set since this was asked last: each is billed as a row. */
  takeCalls(): string[] {
    return this.calls.splice(0);
  }

  #mayFail(call: StorageCall): void {
    if (this.#isFailing(call)) throw new Error(`${call}: the storage is broken`);
  }

  #isFailing(call: StorageCall): boolean {
    if (this.failures[call] === 0) return false;
    this.failures[call] -= 1;
    return true;
  }
}

/** As the platform has it. */
function cellOf(value: unknown): Cell {
  return value instanceof Uint8Array ? new Uint8Array(value).buffer : (value as Cell);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
