import type { HostFileStat, HostFiles } from "./host_modules.ts";

/** Identifies a file and its last change. */
export interface FileIdentity extends Pick<HostFileStat, "dev" | "ino" | "size" | "mtimeNs" | "ctimeNs"> {}

/**
 * The identity of a file; `undefined` when the file is absent or cannot be reached, or its file system has no
 * inodes.
 */
export function identityOf(files: HostFiles, path: string): FileIdentity | undefined {
  try {
    const stat = files.statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined || stat.ino === 0n ? undefined : stat;
  } catch {
    return undefined;
  }
}

/** Whether the file was neither changed nor replaced since. */
export function isUntouched(was: FileIdentity, is: FileIdentity | undefined): boolean {
  if (is === undefined) return false;
  const members = ["dev", "ino", "size", "mtimeNs", "ctimeNs"] as const;
  return members.every((member) => was[member] === is[member]);
}
