/**
 * Files of a user beside databases. A database is never opened here: closing a descriptor of it would drop
 * the locks of SQLite in this process.
 */

import { Buffer } from "node:buffer";
import { createReadStream, statSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { hexOf } from "../../bytes/mod.ts";
import { systemRandom } from "../../ports/mod.ts";
import { CommandError } from "./command_error.ts";

/** Reads a text that is installed beside the program. */
export async function readProgramFile(url: URL): Promise<string> {
  return await readFile(url, "utf8");
}

/** Names of what installing, building and running leave in a folder: packages, databases, settings, secrets. */
const LEFT_BEHIND =
  /^(?:\..*|node_modules|dist|out|backups|worker-configuration\.d\.ts|package-lock\.json|deno\.lock|bun\.lockb?|.*\.db(?:-\w+)?)$/;

/**
 * Reads the files of a folder that is installed beside the program, by their paths, with `/` between names.
 * What a user's own commands leave in such a folder is left out.
 */
export async function readProgramFolder(url: URL): Promise<ReadonlyMap<string, Uint8Array>> {
  const root = fileURLToPath(url);
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name)).split(sep);
    if (entry.isFile() && !path.some((name) => LEFT_BEHIND.test(name)))
      files.set(path.join("/"), await readFile(join(root, ...path)));
  }
  return files;
}

/** Writes a file of a new project. @throws {CommandError} When there is a file at the path. */
export async function writeProjectFile(path: string, bytes: Uint8Array, isPrivate: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, bytes, { flag: "wx", mode: isPrivate ? PRIVATE_MODE : 0o666 });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "EEXIST") throw error;
    throw new CommandError("refused", `write file: ${JSON.stringify(path)} exists`);
  }
}

/** What a path of a user is. */
export type FileSort = "absent" | "folder" | "sqlite" | "transfer" | "other";

/** The beginning of a SQLite database, and of a transfer file. */
const SQLITE = "SQLite format 3";
const TRANSFER = "HFTRANSF";

/** Finds out what a source of an import is, by its first bytes. */
export async function sortOfFile(path: string): Promise<FileSort> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return "absent";
  if (stat.isDirectory()) return "folder";
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE.length), 0, SQLITE.length, 0);
    const start = buffer.subarray(0, bytesRead).toString("latin1");
    if (start === SQLITE) return "sqlite";
    return start.startsWith(TRANSFER) ? "transfer" : "other";
  } finally {
    await file.close();
  }
}

/**
 * Bytes of a file that is no database, chunk by chunk. The file is opened by the first read, and closed by the
 * last one or when the reader leaves.
 *
 * @throws {CommandError} When there is none.
 */
export function readChunks(path: string): AsyncIterable<Uint8Array> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new CommandError("absent", `open file: there is no file ${JSON.stringify(path)}`);
  return chunksOf(path);
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield* createReadStream(path);
}

/** Mode of a folder that is made for it. */
const PRIVATE_FOLDER_MODE = 0o700;

/** Mode of a file with keys: only its owner can read it. */
const PRIVATE_MODE = 0o600;

/** The end of the name of a file that is being written. */
export const PART_END = ".part";

/** A part that was not written to for so long, in milliseconds, is of a process that was killed. */
export const STALE_PART_MS = 3_600_000;

/**
 * Writes a file that is there as a whole or not at all: see `writeFilled`.
 *
 * @returns The number of bytes.
 * @throws {CommandError} When there is a file at the path.
 */
export async function writeWhole(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void = () => {},
): Promise<number> {
  let bytes = 0;
  await writeFilled(path, async (write) => {
    for await (const piece of pieces) {
      await write(piece);
      bytes += piece.length;
      onBytes(bytes);
    }
  });
  return bytes;
}

/**
 * Writes what `fill` writes, beside the path, and renames it when it is on disk. What a killed process leaves
 * ends in `.part`, and is replaced once it is old.
 *
 * @throws {CommandError} When there is a file at the path, or another process is writing it.
 */
export async function writeFilled(
  path: string,
  fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  refuseExisting(path);
  await mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER_MODE });
  const part = `${path}${PART_END}`;
  const file = await openPart(part);
  try {
    await fill((bytes) => file.writeFile(bytes));
    await file.sync();
    await file.close();
    refuseExisting(path);
    await rename(part, path);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(part).catch(() => {});
    throw error;
  }
}

/** Makes a new file: an old one could have a wider mode, and another writer. */
async function openPart(part: string): Promise<FileHandle> {
  await removeStale(part);
  try {
    return await open(part, "wx", PRIVATE_MODE);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "EEXIST") throw error;
    throw new CommandError(
      "refused",
      `write file: ${JSON.stringify(part)} is being written, or was left by a process that was killed`,
      "Wait for the other command, or delete that file.",
    );
  }
}

/** Removes what a killed process left, and not the file that another command has begun in its place. */
async function removeStale(part: string): Promise<void> {
  const { mtimeMs } = statSync(part, { throwIfNoEntry: false }) ?? {};
  if (mtimeMs === undefined || Date.now() - mtimeMs <= STALE_PART_MS) return;
  const taken = `${part}.${hexOf(systemRandom.bytes(8))}`;
  try {
    await rename(part, taken);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return;
    throw error;
  }
  if (statSync(taken).mtimeMs === mtimeMs) await unlink(taken);
  else await rename(taken, part);
}

function refuseExisting(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new CommandError(
      "refused",
      `write file: ${JSON.stringify(path)} exists`,
      "Name a file that does not exist yet.",
    );
}

/** Reads a file that is no database as a whole. @throws {CommandError} When there is none, or it is one. */
export async function readWhole(path: string): Promise<Uint8Array> {
  const sort = await sortOfFile(path);
  if (sort === "absent" || sort === "folder")
    throw new CommandError("absent", `read file: there is no file ${JSON.stringify(path)}`);
  if (sort === "sqlite") throw new CommandError("usage", `read file: ${JSON.stringify(path)} is a database`);
  return await readFile(path);
}

/** The names in a folder; none where it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory())
    throw new CommandError("refused", `open folder: ${JSON.stringify(folder)} is a file`);
  return await readdir(folder);
}

/** Removes a file of ours. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path);
}
