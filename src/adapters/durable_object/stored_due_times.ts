import { CorruptError } from "../../errors/mod.ts";
import { firstRow } from "./first_row.ts";
import type { ObjectStorageLike } from "./object_storage.ts";

/** One row for all tasks, so that tasks planned together cost one row. */
const CREATE =
  "CREATE TABLE IF NOT EXISTS alarm_tasks ( " +
  "id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), " +
  "due_times TEXT NOT NULL " +
  ") STRICT";

/** Due times in milliseconds, by task name. */
export type DueTimes = ReadonlyMap<string, number>;

/**
 * Reads the stored due times of an object. Its alarm alone has one time and no name.
 *
 * @throws {CorruptError} When the stored text is malformed.
 */
export function loadDueTimes(storage: ObjectStorageLike): DueTimes {
  const row = firstRow(storage, "SELECT due_times FROM alarm_tasks");
  return row === undefined ? new Map() : parse(String(row[0]));
}

/**
 * Replaces the stored due times. Like every write of the object, it is durable before any later output leaves
 * the object.
 */
export function saveDueTimes(storage: ObjectStorageLike, dueTimes: DueTimes): void {
  const json = JSON.stringify(Object.fromEntries(dueTimes));
  storage.transactionSync(() => {
    [...storage.sql.exec(CREATE).raw()];
    const upsert =
      "INSERT INTO alarm_tasks (id, due_times) VALUES (1, ?) " +
      "ON CONFLICT (id) DO UPDATE SET due_times = excluded.due_times";
    [...storage.sql.exec(upsert, json).raw()];
  });
}

function parse(json: string): DueTimes {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // As malformed as other values.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value);
    if (entries.every((entry): entry is [string, number] => Number.isSafeInteger(entry[1])))
      return new Map(entries);
  }
  throw new CorruptError("read alarm tasks: malformed");
}
