import { createHash, randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { BackendError } from "../../errors/mod.ts";
import type { BackupKey, BackupStore, WriteBytes } from "../../service/mod.ts";
import { namesIn, PART_END, readChunks, removeFile, STALE_PART_MS, writeFilled } from "./files.ts";

const END = ".holdfast";

/** The file of a backup: the time of its beginning, in milliseconds. */
const FILE = /^(\d{1,15})\.holdfast$/;

/** Longest name of an account that is the name of a folder as it is. */
const MAX_PLAIN_NAME = 100;

/**
 * Backups of a service in a folder: in it a folder for each account, and in that a file for each backup, by
 * its time. A file has its name once it is whole and on disk.
 */
export class BackupFolder implements BackupStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the folder. @throws {BackendError} When it cannot be made or written to. */
  async prepare(): Promise<void> {
    const probe = join(this.#path, `.probe-${randomUUID()}`);
    await told(async () => {
      await writeFilled(probe, async () => {});
      await removeFile(probe);
    });
  }

  async list(account: string): Promise<readonly number[]> {
    const names = await told(() => namesIn(this.#folderOf(account)));
    return names
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  async write({ account, madeAtMs }: BackupKey, fill: (write: WriteBytes) => Promise<void>): Promise<void> {
    const folder = this.#folderOf(account);
    await told(async () => {
      for (const name of await namesIn(folder)) await removeStale(join(folder, name));
      await writeFilled(join(folder, nameOf(madeAtMs)), fill);
    });
  }

  /** Bytes of a backup; `undefined` when there is none. */
  async sizeOf({ account, madeAtMs }: BackupKey): Promise<number | undefined> {
    const path = join(this.#folderOf(account), nameOf(madeAtMs));
    return await told(async () => statSync(path, { throwIfNoEntry: false })?.size);
  }

  /** The bytes of a backup. */
  read({ account, madeAtMs }: BackupKey): AsyncIterable<Uint8Array> {
    return readChunks(join(this.#folderOf(account), nameOf(madeAtMs)));
  }

  async delete({ account, madeAtMs }: BackupKey): Promise<void> {
    await told(() => removeFile(join(this.#folderOf(account), nameOf(madeAtMs))));
  }

  #folderOf(account: string): string {
    return join(this.#path, folderNameOf(account));
  }
}

/** The name of an account's folder, also where the system ignores case. */
function folderNameOf(account: string): string {
  const plain = encodeURIComponent(account);
  if (plain.length <= MAX_PLAIN_NAME && !/[A-Z*]/.test(account)) return `account-${plain}`;
  return `account-sha256-${createHash("sha256").update(account).digest("hex")}`;
}

function nameOf(madeAtMs: number): string {
  return `${madeAtMs}${END}`;
}

async function removeStale(path: string): Promise<void> {
  if (!path.endsWith(`${END}${PART_END}`)) return;
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  if (mtimeMs !== undefined && Date.now() - mtimeMs > STALE_PART_MS) await removeFile(path);
}

/** Errors of the system by their code: their messages have paths. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    if (typeof code !== "string" || !/^E[A-Z]+$/.test(code)) throw error;
    throw new BackendError(`keep backup: ${code}`, { cause: error });
  }
}
