/**
 * The storage of a Durable Object for tests without one: SQLite in memory, and an alarm that the test runs.
 */

import Database from "libsql";
import type { SqlCursorLike, SqlStorageLike } from "../../src/adapters/durable_object/mod.ts";
import type { AccountStorageLike } from "../../src/worker/mod.ts";

/** Calls that can be made to fail. */
export type StorageCall = "deleteAll" | "getAlarm" | "read" | "setAlarm" | "write";

type Cell = string | number | null | ArrayBuffer;

/** A storage that outlives schedulers, as an object's storage outlives its memory. */
export class FakeObjectStorage implements AccountStorageLike {
  /** When the platform's alarm is due. */
  alarmAtMs: number | null = null;
  /** Writes of due times and settings of the alarm, in order. */
  readonly calls: string[] = [];
  /** Every statement that was run, in order. */
  readonly statements: string[] = [];
  /** Number of coming failures of each call. */
  readonly failures: Record<StorageCall, number> = {
    deleteAll: 0,
    getAlarm: 0,
    read: 0,
    setAlarm: 0,
    write: 0,
  };
  /** Delays the answers of `setAlarm` while set. */
  held: Promise<void> | undefined;
  /** Number of times that everything was deleted, which happens one turn of the event loop after the call. */
  deletions = 0;
  protected database: InstanceType<typeof Database> = new Database(":memory:");

  readonly sql: SqlStorageLike = {
    exec: (query, ...bindings): SqlCursorLike => {
      this.statements.push(query);
      this.#mayFail(/^\s*SELECT/.test(query) ? "read" : "write");
      if (/^\s*INSERT INTO alarm_tasks/.test(query)) this.calls.push("save");
      const statement = this.database.prepare(query);
      const rows = statement.reader ? (statement.raw().all(...bindings) as unknown[][]) : [];
      if (!statement.reader) statement.run(...bindings);
      return { raw: () => rows.map((row) => row.map(cellOf)) };
    },
  };

  transactionSync<T>(work: () => T): T {
    return this.database.transaction(work)();
  }

  async getAlarm(): Promise<number | null> {
    this.#mayFail("getAlarm");
    return this.alarmAtMs;
  }

  /** Takes effect at once, as on the platform. Only the answer can be late. */
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
    this.database = new Database(":memory:");
    this.deletions += 1;
  }

  /** Rows that statements have inserted, updated or deleted since the last `deleteAll`. */
  get rowsWritten(): number {
    const [count] = this.database.prepare("SELECT total_changes()").raw().get() as [number];
    return count;
  }

  /** Number of tables. */
  get tables(): number {
    return this.database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all().length;
  }

  /** The stored due times. */
  get stored(): unknown {
    const exists = this.database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'alarm_tasks'").get();
    if (exists === undefined) return undefined;
    const row = this.database.prepare("SELECT due_times FROM alarm_tasks").get() as { due_times: string };
    return JSON.parse(row.due_times);
  }

  /** Overwrites the stored due times. */
  overwrite(dueTimes: string): void {
    this.database.prepare("UPDATE alarm_tasks SET due_times = ?").run(dueTimes);
  }

  /** Resets the storage to its state after `deleteAll`. */
  clear(): void {
    this.database.exec("DROP TABLE IF EXISTS alarm_tasks");
    this.alarmAtMs = null;
  }

  /** Returns and clears the recorded writes and alarm settings. Each is billed as a row. */
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

/** Converts a value as the platform does. */
function cellOf(value: unknown): Cell {
  return value instanceof Uint8Array ? new Uint8Array(value).buffer : (value as Cell);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
