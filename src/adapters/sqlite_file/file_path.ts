import { BackendError, CorruptError, StoreError } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import { requireNewOrWhole } from "./absent_file.ts";
import { type HostFiles, hasFileModes, workingFolder } from "./host_modules.ts";

/** Mode of a new file: only its owner can read and write it. */
const PRIVATE_MODE = 0o600;

/** Permissions of the group and of others. */
const OTHERS = 0o077n;

/** The kind of a file in its mode, and a folder's. */
const KIND_OF_FILE = 0o170000n;
const FOLDER = 0o040000n;

/** Has the code that the system gives when a folder is opened to be written. */
class IsFolder extends Error {
  readonly code = "EISDIR";
}

/** An existing file, with the path that the system resolved. */
export interface PreparedFile {
  /** Absolute, with symbolic links resolved. */
  readonly path: string;
  /** Whether users other than the owner have permissions on it. */
  readonly isOpenToOthers: boolean;
}

/**
 * Resolves a path and creates the file if it is absent: empty, private to its owner. Does not read the
 * content of the file.
 *
 * @throws {CorruptError} When the file is damaged so that it seems to be new.
 * @throws {BackendError} When the path cannot be resolved or the file cannot be created.
 */
export function prepareFile(files: HostFiles, path: string): PreparedFile {
  const absolute = isAbsolute(path) ? path : `${workingFolder()}/${path}`;
  try {
    if (files.statSync(absolute, { bigint: true, throwIfNoEntry: false }) === undefined) {
      requireNewOrWhole(files, absolute);
      create(files, absolute);
    }
    const real = files.realpathSync(absolute);
    const mode = files.statSync(real, { bigint: true, throwIfNoEntry: false })?.mode ?? 0n;
    // Before the size, which a folder has too.
    if ((mode & KIND_OF_FILE) === FOLDER) throw new IsFolder();
    requireNewOrWhole(files, real);
    return { path: real, isOpenToOthers: hasFileModes() && (mode & OTHERS) !== 0n };
  } catch (cause) {
    if (cause instanceof CorruptError) throw cause;
    throw new BackendError(`open database: ${reasonOf(cause)}: ${JSON.stringify(path)}`, { cause });
  }
}

/**
 * The path of a file that exists, as the system resolves it. Creates nothing.
 *
 * @throws {CorruptError} When the file is damaged so that it seems to be new.
 * @throws {BackendError} When there is no such file.
 */
export function findFile(files: HostFiles, path: string): string {
  const absolute = isAbsolute(path) ? path : `${workingFolder()}/${path}`;
  try {
    const stat = files.statSync(absolute, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) {
      requireNewOrWhole(files, absolute);
      throw new BackendError(`read database: there is no file ${JSON.stringify(path)}`);
    }
    if ((stat.mode & KIND_OF_FILE) === FOLDER) throw new IsFolder();
    const real = files.realpathSync(absolute);
    requireNewOrWhole(files, real);
    return real;
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new BackendError(`read database: ${reasonOf(cause)}: ${JSON.stringify(path)}`, { cause });
  }
}

/** Warns that users other than the owner have permissions on a file. */
export function warnOfPermissions(logger: Logger, path: string): void {
  logger.log("warn", "open database: other users may read or write the file, run chmod 600 on it", { path });
}

function create(files: HostFiles, path: string): void {
  try {
    files.closeSync(files.openSync(path, "wx", PRIVATE_MODE));
  } catch (error) {
    // Another process has created it.
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path) || path.startsWith("\\\\");
}

/** Explanations of the system's error codes for a user. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "the folder of the file does not exist, create it first",
  EISDIR: "the path is a folder, name a file in it",
  ENOTDIR: "the folder of the file is not a folder",
  EACCES: "this user must not use the folder or the file",
  EPERM: "this user must not use the folder or the file",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  ELOOP: "the symbolic links form a loop",
  EMFILE: "the process has too many open files",
  ENFILE: "the system has too many open files",
};

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return REASONS[code] ?? `the file cannot be reached (${code || "unknown reason"})`;
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
