import { BackendError } from "../errors/mod.ts";
import type { HostFile, HostFiles } from "./host_modules.ts";

/** Permissions: a backup has keys, and a snapshot has the JIDs of everybody. */
const FILE_MODE = 0o600;

/** Writes a new file under another name first. A failure leaves nothing. */
export async function writeNew(
  files: HostFiles,
  path: string,
  write: (file: HostFile) => Promise<void>,
): Promise<void> {
  const part = `${path}.part`;
  const file = await whole(files.open(part, "wx", FILE_MODE));
  try {
    try {
      await write(file);
      await whole(file.sync());
    } finally {
      await file.close();
    }
    await whole(files.rename(part, path));
  } catch (error) {
    await files.unlink(part).catch(() => {});
    throw error;
  }
}

/** Waits for a call on files. @throws {BackendError} With the code of its failure. */
export async function whole<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    throw new BackendError(`write file: ${typeof code === "string" ? code : "failed"}`, { cause: error });
  }
}
