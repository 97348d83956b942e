import { CorruptError } from "../../errors/mod.ts";
import { readSchema, type SqlDriver } from "../sqlite/mod.ts";
import type { HostFiles } from "./host_modules.ts";
import { WITNESS_SUFFIX } from "./witness_file.ts";

/** Bytes of the header of a database. SQLite writes whole pages. */
const HEADER_BYTES = 100n;

/** Bytes of the header of a log. A log without frames has no more. */
const LOG_HEADER_BYTES = 32n;

/**
 * Refuses a file that cannot be new: one that lacks its beginning, or is missing or empty beside a witness or
 * a log with frames. By its size alone: closing a descriptor of the file would drop the locks of SQLite.
 *
 * @throws {CorruptError} The message says what to do.
 */
export function requireNewOrWhole(files: HostFiles, path: string): void {
  const size = sizeOf(files, path);
  if (size !== undefined && size >= HEADER_BYTES) return;
  const name = JSON.stringify(path);
  if (size !== undefined && size > 0n)
    throw new CorruptError(`open database: ${name} has ${size} bytes, restore a backup`);
  const state = size === undefined ? "is missing" : "is empty";
  if (hasWitness(files, path)) throw new CorruptError(besideWitness(path, state));
  if ((sizeOf(files, `${path}-wal`) ?? 0n) > LOG_HEADER_BYTES) {
    throw new CorruptError(
      `open database: ${name} ${state} beside its log ${JSON.stringify(`${path}-wal`)}, ` +
        "restore a backup, or delete the log too to start anew",
    );
  }
}

/**
 * Refuses a database without tables beside a witness.
 *
 * @throws {CorruptError} The message says what to do.
 */
export async function requireNewOrTables(
  files: HostFiles | undefined,
  path: string,
  driver: SqlDriver,
): Promise<void> {
  if (files === undefined || (await hasTables(driver)) || !hasWitness(files, path)) return;
  // Another process may have made the tables, and then the witness, since they were looked for.
  if (!(await hasTables(driver))) throw new CorruptError(besideWitness(path, "has no tables"));
}

async function hasTables(driver: SqlDriver): Promise<boolean> {
  return (await readSchema(driver)).version > 0;
}

function besideWitness(path: string, state: string): string {
  const witness = JSON.stringify(`${path}${WITNESS_SUFFIX}`);
  return (
    `open database: ${JSON.stringify(path)} ${state} beside its witness ${witness}, ` +
    "restore a backup, or delete the witness too to start anew"
  );
}

function hasWitness(files: HostFiles, path: string): boolean {
  return sizeOf(files, `${path}${WITNESS_SUFFIX}`) !== undefined;
}

function sizeOf(files: HostFiles, path: string): bigint | undefined {
  return files.statSync(path, { bigint: true, throwIfNoEntry: false })?.size;
}
