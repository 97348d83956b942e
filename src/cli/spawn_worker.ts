import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkerReport } from "./worker.ts";

/** How a worker ended: by itself with an exit code, or by a signal. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it said on standard error. */
  readonly complaint: string;
}

/** A running worker. */
export interface Worker {
  /** Ends it as a crash does: without a last word. */
  kill(): void;
  readonly ended: Promise<WorkerEnd>;
}

/**
 * Starts a worker under the runtime that runs this program. It inherits the environment, and the database's
 * token in it.
 *
 * @param url Without secrets: everybody on this machine sees it.
 */
export function spawnWorker(url: string, target: string, onReport: (report: WorkerReport) => void): Worker {
  const script = fileURLToPath(new URL(import.meta.url.replace(/spawn_worker(\.\w+)$/, "worker$1")));
  const child: ChildProcess = spawn(process.execPath, [...runtimeArguments(), script, url, target], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr?.on("data", (chunk: Uint8Array) => {
    complaint = `${complaint}${new TextDecoder().decode(chunk)}`.slice(-4_096);
  });
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  lines.on("line", (line) => onReport(JSON.parse(line) as WorkerReport));
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

/** What a runtime's executable needs in front of a script. */
function runtimeArguments(): string[] {
  return "Deno" in globalThis ? ["run", "-A", "--no-remote", "--cached-only"] : process.execArgv;
}
