/**
 * What a process wrote to the files of a folder, in the order of its calls, and what a disk may have of it after
 * a loss of power.
 *
 * The calls are those of the kernel, recorded by `strace`. A disk may have lost any part of what was written to a
 * file since the last sync of that file, also a part of one write. What was written through a map of memory is
 * not recorded: that is the index of the log alone (`-shm`), which SQLite makes anew.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { SeededRandom } from "../../src/testing/mod.ts";

/** One call of the process. */
export type DiskCall =
  | { readonly kind: "write"; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly file: string; readonly length: number }
  | { readonly kind: "create" | "remove" | "sync"; readonly file: string }
  | { readonly kind: "syncFolder" }
  /** A line of standard output. */
  | { readonly kind: "said"; readonly line: string };

const TRACED =
  "write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate," +
  "rename,renameat,renameat2,link,linkat,unlink,unlinkat,openat,open,creat";

/** The bytes that a disk writes whole. */
const SECTOR_BYTES = 512;

/** Whether this machine can record. */
export function canRecord(): boolean {
  return spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
}

/** The program that records another one into a file: see `NodeProgram.start`. */
export function recorder(trace: string): readonly string[] {
  return ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", `trace=${TRACED}`, "-o", trace];
}

/** The calls of a recording that touch files of a folder, and the lines that the process said. */
export function readRecording(trace: string, folder: string): DiskCall[] {
  const calls: DiskCall[] = [];
  const unfinished = new Map<string, string>();
  let output = "";
  for (const line of readFileSync(trace, "latin1").split("\n")) {
    const space = line.indexOf(" ");
    const [pid, text] = [line.slice(0, space), line.slice(space).trimStart()];
    const begun = /^(.*) <unfinished \.\.\.>$/s.exec(text)?.[1];
    if (begun !== undefined) {
      unfinished.set(pid, begun);
      continue;
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text)?.[1];
    const whole = rest === undefined ? text : `${unfinished.get(pid) ?? ""}${rest}`;
    const call = parseCall(whole, folder);
    if (call === undefined) continue;
    if (call.kind !== "said") calls.push(call);
    else {
      output += call.line;
      const lines = output.split("\n");
      output = lines.pop() ?? "";
      for (const said of lines) calls.push({ kind: "said", line: said });
    }
  }
  return calls;
}

const HEX = /\\x([0-9a-f]{2})/g;

function bytesOf(text: string): Buffer {
  return Buffer.from(text.replace(HEX, "$1"), "hex");
}

function textOf(text: string): string {
  return bytesOf(text).toString();
}

function parseCall(text: string, folder: string): DiskCall | undefined {
  const [, name, args = "", result] = /^(\w+)\((.*)\)\s+= (-?\d+)/s.exec(text) ?? [];
  // What failed has changed nothing.
  if (name === undefined || result === undefined || result.startsWith("-")) return undefined;
  const path = /^\d+<([^>]*)>/.exec(args)?.[1];
  const named = path === undefined ? undefined : textOf(path);
  const fileIn = (each: string | undefined): string | undefined =>
    each !== undefined && dirname(each) === folder ? basename(each) : undefined;
  const file = fileIn(named);
  if (name === "write" && args.startsWith("1<")) {
    return { kind: "said", line: textOf(/"([^"]*)"/.exec(args)?.[1] ?? "") };
  }
  if (name === "openat") {
    const [, opened = "", flags = ""] = /^[^,]*, "([^"]*)", ([A-Z_|]+)/.exec(args) ?? [];
    const created = flags.includes("O_CREAT") ? fileIn(textOf(opened)) : undefined;
    return created === undefined ? undefined : { kind: "create", file: created };
  }
  if (name === "unlink") {
    const removed = fileIn(textOf(/"([^"]*)"/.exec(args)?.[1] ?? ""));
    return removed === undefined ? undefined : { kind: "remove", file: removed };
  }
  if (name === "fsync" && named === folder) return { kind: "syncFolder" };
  if (file === undefined) return refuseRename(name, args, folder);
  if (name === "fsync" || name === "fdatasync") return { kind: "sync", file };
  if (name === "pwrite64") {
    const [, hex = "", size, at] = /^[^,]*, "([^"]*)", (\d+), (\d+)$/.exec(args) ?? [];
    const bytes = bytesOf(hex);
    if (bytes.length !== Number(size) || result !== size) throw new Error("read recording: a cut off write");
    return { kind: "write", file, at: Number(at), bytes };
  }
  if (name === "ftruncate") return { kind: "truncate", file, length: Number(/, (\d+)$/.exec(args)?.[1]) };
  throw new Error(`read recording: ${name} on ${file} is not understood`);
}

function refuseRename(name: string, args: string, folder: string): undefined {
  const isKnown = /^(open|creat|rename|link)/.test(name);
  const touches = [...args.matchAll(/"([^"]*)"/g)].some(([, each]) => dirname(textOf(each ?? "")) === folder);
  if (isKnown && touches) throw new Error(`read recording: ${name} is not understood`);
}

/** The calls on one file that the disk may not have. */
interface FileState {
  /** What the disk has for certain. `undefined`: no file. */
  durable: Buffer | undefined;
  pending: Exclude<DiskCall, { kind: "said" | "syncFolder" }>[];
}

/** How a disk loses what was not synced. */
export type Loss =
  /** Nothing is lost. */
  | "nothing"
  /** Everything since the last sync. */
  | "all"
  /** All calls from some call on. */
  | "suffix"
  /** The same, and a part of the last call that is left. */
  | "torn"
  /** Any calls: a disk writes in an order of its own. */
  | "some";

export const LOSSES: readonly Loss[] = ["nothing", "all", "suffix", "torn", "some"];

/** A disk to which the calls of a recording are made, one after the other. */
export class RecordedDisk {
  readonly #files = new Map<string, FileState>();

  make(call: DiskCall): void {
    if (call.kind === "said") return;
    if (call.kind === "syncFolder") {
      for (const state of this.#files.values()) settleExistence(state);
      return;
    }
    let state = this.#files.get(call.file);
    if (state === undefined) {
      state = { durable: undefined, pending: [] };
      this.#files.set(call.file, state);
    }
    if (call.kind !== "sync") state.pending.push(call);
    else {
      for (const each of state.pending) state.durable = changed(state.durable, each);
      state.pending = [];
    }
  }

  /** Writes what the disk may have into a folder, over the files that are there, and removes all others. */
  writeTo(folder: string, loss: Loss, random: SeededRandom): void {
    for (const file of readdirSync(folder)) if (!this.#files.has(file)) rmSync(join(folder, file));
    for (const [file, { durable, pending }] of this.#files) {
      let bytes = durable;
      for (const call of left(pending, loss, random)) bytes = changed(bytes, call);
      const path = join(folder, file);
      if (bytes === undefined || file.endsWith("-shm")) rmSync(path, { force: true });
      // Over the old bytes: the file keeps its inode, as after a loss of power.
      else writeFileSync(path, bytes);
    }
  }
}

function settleExistence(state: FileState): void {
  const last = state.pending.findLastIndex(({ kind }) => kind === "create" || kind === "remove");
  if (last < 0) return;
  if (state.pending[last]?.kind === "remove") {
    state.durable = undefined;
    state.pending = state.pending.slice(last + 1);
  } else state.durable ??= Buffer.alloc(0);
}

type FileCall = FileState["pending"][number];

function left(pending: readonly FileCall[], loss: Loss, random: SeededRandom): readonly FileCall[] {
  if (loss === "nothing") return pending;
  if (loss === "all") return [];
  if (loss === "some") return pending.filter(() => random.below(2) === 0);
  const kept = pending.slice(0, random.below(pending.length + 1));
  const next = pending[kept.length];
  if (loss === "suffix" || next?.kind !== "write") return kept;
  const sectors = Math.ceil(next.bytes.length / SECTOR_BYTES);
  return [...kept, { ...next, bytes: next.bytes.subarray(0, random.below(sectors) * SECTOR_BYTES) }];
}

function changed(bytes: Buffer | undefined, call: FileCall): Buffer | undefined {
  switch (call.kind) {
    case "create":
      return bytes ?? Buffer.alloc(0);
    case "remove":
      return undefined;
    case "truncate":
      return resized(bytes ?? Buffer.alloc(0), call.length);
    case "write": {
      const before = bytes ?? Buffer.alloc(0);
      const after = resized(before, Math.max(before.length, call.at + call.bytes.length));
      call.bytes.copy(after, call.at);
      return after;
    }
    case "sync":
      return bytes;
  }
}

/** A copy with a length. What is added is zero. */
function resized(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.alloc(length);
  bytes.copy(copy);
  return copy;
}
