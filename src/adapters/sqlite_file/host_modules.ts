/** The members of a host's `process` that are used here. Not every host has them. */
interface HostProcess {
  readonly platform?: string;
  cwd?(): string;
  getBuiltinModule?(name: string): unknown;
}

/** Dates and numbers of a file, as `stat` with `bigint` returns them. */
export interface HostFileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** The calls of `node:fs` that are used here. None of them reads a database. */
export interface HostFiles {
  statSync(path: string, options: { bigint: true; throwIfNoEntry: false }): HostFileStat | undefined;
  realpathSync(path: string): string;
  openSync(path: string, flags: "wx", mode: number): number;
  closeSync(descriptor: number): void;
}

/** A timer that does not keep the process alive. */
interface HostTimers {
  setTimeout(task: () => void, ms: number): { unref?(): unknown };
  clearTimeout(timer: unknown): void;
}

function hostProcess(): HostProcess | undefined {
  return (globalThis as { readonly process?: HostProcess }).process;
}

/** A module that is built into the host; `undefined` where the host has none of that name. */
export function builtinModule<T>(name: string): T | undefined {
  return hostProcess()?.getBuiltinModule?.(name) as T | undefined;
}

/** The host's file system; `undefined` where it has none. */
export function hostFiles(): HostFiles | undefined {
  return builtinModule<HostFiles>("node:fs");
}

/** The folder that relative paths start from. */
export function workingFolder(): string {
  return hostProcess()?.cwd?.() ?? "/";
}

/** Whether files have the permissions of their owner, their group and others. */
export function hasFileModes(): boolean {
  return hostProcess()?.platform !== "win32";
}

/**
 * Runs `task` after some time, unless the process ends before.
 *
 * @returns How to cancel it; `undefined` where the host has no such timer.
 */
export function unreferencedTimer(task: () => void, ms: number): (() => void) | undefined {
  const timers = builtinModule<HostTimers>("node:timers");
  const timer = timers?.setTimeout(task, ms);
  if (timer?.unref === undefined) {
    timers?.clearTimeout(timer);
    return undefined;
  }
  timer.unref();
  return () => timers?.clearTimeout(timer);
}
