import { encodeUtf8 } from "../bytes/mod.ts";
import type { DebugSnapshot, SnapshotBackup, SnapshotSink } from "../device/mod.ts";
import { ArgumentTypeError, IncompatibleError, requireObject, requireType } from "../errors/mod.ts";
import { backupAccount, type TransferSink } from "./backup_account.ts";
import { Batch } from "./batched.ts";
import { type HostFile, type HostFiles, hostFiles } from "./host_modules.ts";
import { whole, writeNew } from "./new_files.ts";

/** Permissions: only the user may read keys. */
const FOLDER_MODE = 0o700;

/** Most characters of a snapshot's name in the name of its file. */
const MAX_NAME_LENGTH = 80;

/** Options of `snapshotFolder`. */
export interface SnapshotFolderOptions {
  /** Seals backups: 8 to 1,024 characters. Without it they have every key in the clear. */
  readonly passphrase?: string | undefined;
}

/**
 * A snapshot sink that writes files into a folder on this machine (Node, Bun, Deno), readable by their owner
 * alone. Their names begin with the snapshot's name and its time in milliseconds.
 *
 * - `.ndjson`: a snapshot. A line of JSON with the device and the counts, then a line for each row.
 * - `.holdfast`: a snapshot with secrets, as a transfer file: see `importAccount`.
 * - `.extra`: the extra bytes beside either.
 *
 * A file appears under its name when it is whole and on disk.
 *
 * @throws {IncompatibleError} When the runtime has no files.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { snapshotFolder } from "@holdfast/store/transfer";
 *
 * async function debug(folder: string) {
 *   const snapshotSink = snapshotFolder(folder, { passphrase: "correct horse battery" });
 *   await using account = await openAccount({ backend: memoryBackend(), snapshotSink });
 *   await account.device.createSnapshot("before-upgrade");
 *   await account.device.createSnapshot("before-upgrade", undefined, { secrets: true });
 * }
 * ```
 */
export function snapshotFolder(folder: string, options: SnapshotFolderOptions = {}): SnapshotSink {
  requireType("snapshot folder", folder, "string");
  if (folder === "") throw new ArgumentTypeError("snapshot folder: its path is empty");
  requireObject("options", options);
  const files = hostFiles();
  if (files === undefined) throw new IncompatibleError("snapshot folder: the runtime has no files");
  const { passphrase } = options;
  const sink = async (snapshot: DebugSnapshot): Promise<void> => {
    const path = await placeOf(files, folder, snapshot);
    await writeNew(files, `${path}.ndjson`, (file) => writeLines(file, snapshot));
    await writeExtra(files, path, snapshot.extra);
  };
  const backup = async (made: SnapshotBackup): Promise<void> => {
    const path = await placeOf(files, folder, made);
    await writeNew(files, `${path}.holdfast`, async (file) => {
      const into: TransferSink = { write: (bytes) => file.writeFile(bytes) };
      await backupAccount(made.account, into, { passphrase });
    });
    await writeExtra(files, path, made.extra);
  };
  return Object.assign(sink, { backup });
}

async function writeLines(file: HostFile, snapshot: DebugSnapshot): Promise<void> {
  const { rows, extra, database, ...rest } = snapshot;
  const batch = new Batch();
  const { extra: _, ...counts } = database;
  batch.add(lineOf({ ...rest, database: counts, extraBytes: extra?.length }));
  for await (const row of rows) if (batch.add(lineOf(row))) await file.writeFile(batch.take());
  await file.writeFile(batch.take());
}

function lineOf(value: unknown): Uint8Array {
  return encodeUtf8(`${JSON.stringify(value)}\n`);
}

/** Where the files of a snapshot are, without their ends. */
async function placeOf(
  files: HostFiles,
  folder: string,
  { name, takenAtMs }: Pick<DebugSnapshot, "name" | "takenAtMs">,
): Promise<string> {
  await whole(files.mkdir(folder, { recursive: true, mode: FOLDER_MODE }));
  // A name is any text: it must not leave the folder.
  const plain = name.replace(/[^\w-]+/g, "_").slice(0, MAX_NAME_LENGTH);
  return `${folder}/${plain}-${takenAtMs}`;
}

async function writeExtra(files: HostFiles, path: string, extra: Uint8Array | undefined): Promise<void> {
  if (extra !== undefined) await writeNew(files, `${path}.extra`, (file) => file.writeFile(extra));
}
