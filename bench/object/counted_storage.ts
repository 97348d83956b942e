/**
 * The storage of a Durable Object, with a count of what the platform bills: rows read and written, index
 * entries included, and alarms set.
 */

import type { AccountStorageLike } from "../../src/worker/mod.ts";

/** Further members of a real storage. */
interface RealStorage extends AccountStorageLike {
  readonly sql: {
    exec(
      query: string,
      ...bindings: (string | number | null | Uint8Array)[]
    ): {
      raw(): Iterable<readonly (string | number | null | ArrayBuffer)[]> & {
        toArray(): (string | number | null | ArrayBuffer)[][];
      };
      readonly rowsRead: number;
      readonly rowsWritten: number;
    };
  };
}

/** Counts billed rows. Keeps its own alarm, since time is simulated and the platform's is not. */
export class CountedStorage implements AccountStorageLike {
  readonly sql: AccountStorageLike["sql"];
  readonly #real: RealStorage;
  rowsRead = 0;
  rowsWritten = 0;
  alarmsSet = 0;
  alarmAtMs: number | undefined;
  /** Called when the alarm is set. */
  onAlarmSet: (atMs: number) => void = () => {};

  constructor(real: RealStorage) {
    this.#real = real;
    this.sql = {
      exec: (query, ...bindings) => {
        const cursor = real.sql.exec(query, ...bindings);
        const rows = cursor.raw().toArray();
        this.rowsRead += cursor.rowsRead;
        this.rowsWritten += cursor.rowsWritten;
        return { raw: () => rows };
      },
    };
  }

  /** Number of billed rows. */
  get billedRows(): number {
    return this.rowsWritten + this.alarmsSet;
  }

  transactionSync<T>(work: () => T): T {
    return this.#real.transactionSync(work);
  }

  async getAlarm(): Promise<number | null> {
    return this.alarmAtMs ?? null;
  }

  async setAlarm(atMs: number): Promise<void> {
    this.alarmsSet += 1;
    this.alarmAtMs = atMs;
    this.onAlarmSet(atMs);
  }

  async deleteAlarm(): Promise<void> {
    this.alarmAtMs = undefined;
  }

  deleteAll(): Promise<void> {
    return this.#real.deleteAll();
  }
}
