import type { HostFileStat, HostFiles } from "./host_modules.ts";

/** What tells whether a file is the one that it was, and has not been written since. */
export interface FileIdentity extends Pick<HostFileStat, "dev" | "ino" | "size" | "mtimeNs" | "ctimeNs"> {}

/** The identity of a file; `undefined` when it is absent, or on a file system that has no inodes. */
export function identityOf(files: HostFiles, path: string): FileIdentity | undefined {
  const stat = files.statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined || stat.ino === 0n ? undefined : stat;
}

/** Whether nothing was written to the file since, and it was not replaced by another one. */
export function isUntouched(was: FileIdentity, is: FileIdentity | undefined): boolean {
  if (is === undefined) return false;
  const members = ["dev", "ino", "size", "mtimeNs", "ctimeNs"] as const;
  return members.every((member) => was[member] === is[member]);
}
