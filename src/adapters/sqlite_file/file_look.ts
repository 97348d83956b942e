import type { HostFiles } from "./host_modules.ts";

/** What one call of `stat` says about a file. */
export interface FileLook {
  readonly device: bigint;
  readonly inode: bigint;
  /** Birth time in nanoseconds, in whole milliseconds as Deno tells it. 0 where the file system has none. */
  readonly bornNs: bigint;
  /** Dates of the last change of the content, and of the content or the inode. */
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** `absent` when there is no file, `undefined` when the host cannot tell. */
export function lookAt(files: HostFiles, path: string): FileLook | "absent" | undefined {
  try {
    const stat = files.statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return "absent";
    const { dev, ino, birthtimeNs, mtimeNs, ctimeNs } = stat;
    // Without inodes (workerd has a file system of its own) no file can be told from another.
    if (typeof ino !== "bigint" || ino === 0n) return undefined;
    const bornNs = typeof birthtimeNs === "bigint" ? wholeMs(birthtimeNs) : 0n;
    return { device: dev, inode: ino, bornNs, modifiedNs: mtimeNs, changedNs: ctimeNs };
  } catch {
    return undefined;
  }
}

/** Whether two looks saw one inode of one device. */
export function isSameFile(one: FileLook, other: FileLook): boolean {
  return one.inode === other.inode && one.device === other.device;
}

/**
 * Whether the birth time of a file is one, by two looks at it. Some systems report 0, or the date of the last
 * change. So it counts once the file was written in between, and the birth time stayed.
 */
export function provesBirth(before: FileLook, after: FileLook): boolean {
  return (
    after.bornNs !== 0n &&
    before.bornNs === after.bornNs &&
    before.modifiedNs !== after.modifiedNs &&
    after.bornNs !== wholeMs(after.changedNs)
  );
}

function wholeMs(ns: bigint): bigint {
  return ns - (ns % 1_000_000n);
}
