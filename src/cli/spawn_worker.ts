import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkerReport } from "./worker.ts";

/** How a worker ended: with an exit code, or by a signal. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Its standard error output. */
  readonly complaint: string;
}

/** A running worker. */
export interface Worker {
  /** Kills it, as a crash. */
  kill(): void;
  readonly ended: Promise<WorkerEnd>;
}

/**
 * Starts a worker on the present runtime. It inherits the environment with the database's token.
 *
 * @param url Must not contain secrets: every user of this machine can read it.
 */
export function spawnWorker(url: string, target: string, onReport: (report: WorkerReport) => void): Worker {
  return spawnProgram("worker", [url, target], onReport);
}

/**
 * Starts a program of this folder on the present runtime. It prints lines of JSON, and ends when its input
 * does.
 *
 * @param name Its file, without the extension.
 */
export function spawnProgram<Report>(
  name: string,
  args: readonly string[],
  onReport: (report: Report) => void,
  input?: string,
): Worker {
  const script = fileURLToPath(new URL(import.meta.url.replace(/spawn_worker(\.\w+)$/, `${name}$1`)));
  const child: ChildProcess = spawn(process.execPath, [...runtimeArguments(), script, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A program that is killed may close its input before it has read it.
  child.stdin?.on("error", () => {});
  if (input !== undefined) child.stdin?.write(input);
  let complaint = "";
  child.stderr?.on("data", (chunk: Uint8Array) => {
    complaint = `${complaint}${new TextDecoder().decode(chunk)}`.slice(-4_096);
  });
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  lines.on("line", (line) => onReport(JSON.parse(line) as Report));
  const ended = new Promise<WorkerEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, complaint: complaint.trim() }));
  });
  return {
    kill: () => {
      child.kill("SIGKILL");
    },
    ended,
  };
}

/** Arguments of the runtime's executable before a script. */
function runtimeArguments(): string[] {
  return "Deno" in globalThis ? ["run", "-A", "--no-remote", "--cached-only"] : process.execArgv;
}
