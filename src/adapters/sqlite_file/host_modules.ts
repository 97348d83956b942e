import { builtinModule } from "../../ports/mod.ts";

/** The members of a host's `process` that this adapter uses. Not every host has them. */
interface HostProcess {
  readonly platform?: string;
  cwd?(): string;
}

/** Dates and numbers of a file, as `stat` with `bigint` returns them. */
export interface HostFileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly birthtimeNs: bigint;
}

/**
 * The calls of `node:fs` that this adapter uses. None of them may open a database: see
 * `tools/check_file_calls.mjs`.
 */
export interface HostFiles {
  statSync(path: string, options: { bigint: true; throwIfNoEntry: false }): HostFileStat | undefined;
  realpathSync(path: string): string;
  openSync(path: string, flags: "wx" | "wx+" | "r+", mode: number): number;
  readSync(descriptor: number, into: Uint8Array, offset: number, length: number, position: number): number;
  writeSync(descriptor: number, from: Uint8Array, offset: number, length: number, position: number): number;
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

/** The host's file system, `undefined` if it has none. */
export function hostFiles(): HostFiles | undefined {
  return builtinModule<HostFiles>("node:fs");
}

/** The working folder, which resolves relative paths. */
export function workingFolder(): string {
  return hostProcess()?.cwd?.() ?? "/";
}

/** Whether files have the permissions of their owner, their group and others. */
export function hasFileModes(): boolean {
  return hostProcess()?.platform !== "win32";
}

/**
 * Runs `task` after a delay, unless the process ends before.
 *
 * @returns A function that cancels it, `undefined` if the host has no such timer.
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
