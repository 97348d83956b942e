/** Counts what the platform bills of the storage of objects in this isolate. */

/** What was billed. */
export interface RowCounts {
  read: number;
  /** Rows written, index entries included. */
  written: number;
  /** Alarms set, each of which is billed as a row. */
  alarms: number;
}

interface Cursor {
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

interface CountedStorage {
  readonly sql: { exec(...parameters: unknown[]): Cursor };
  setAlarm(...parameters: unknown[]): Promise<void>;
}

const counts: RowCounts = { read: 0, written: 0, alarms: 0 };
const storages = new WeakSet<object>();
let open: Cursor[] = [];
let isPatched = false;

/** Counts a storage from now on. */
export function countRows(storage: CountedStorage): void {
  storages.add(storage.sql);
  storages.add(storage);
  if (isPatched) return;
  isPatched = true;
  const sql = Object.getPrototypeOf(storage.sql) as CountedStorage["sql"];
  const { exec } = sql;
  sql.exec = function (this: object, ...parameters) {
    const cursor = exec.apply(this as CountedStorage["sql"], parameters);
    if (storages.has(this)) open.push(cursor);
    return cursor;
  };
  const prototype = Object.getPrototypeOf(storage) as CountedStorage;
  const { setAlarm } = prototype;
  prototype.setAlarm = function (this: object, ...parameters) {
    if (storages.has(this)) counts.alarms += 1;
    return setAlarm.apply(this as CountedStorage, parameters);
  };
}

/** What was billed since the last call. A cursor has its numbers once it was read. */
export function takeCounts(): RowCounts {
  for (const { rowsRead, rowsWritten } of open) {
    counts.read += rowsRead;
    counts.written += rowsWritten;
  }
  open = [];
  const taken = { ...counts };
  Object.assign(counts, { read: 0, written: 0, alarms: 0 });
  return taken;
}
