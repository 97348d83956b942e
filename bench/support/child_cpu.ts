import { readdirSync, readFileSync } from "node:fs";

/**
 * A clock of the CPU time of all running child processes, in microseconds. The Linux kernel counts it per
 * thread. On other systems the clock returns elapsed time instead.
 */
export function childrenCpuClock(): () => number {
  if (process.platform !== "linux") return () => performance.now() * 1_000;
  const pids = childrenOf(process.pid);
  if (pids.length === 0) throw new Error("measure child processes: there is none");
  return () => pids.reduce((sum, pid) => sum + cpuUs(pid), 0);
}

function childrenOf(parent: number): string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === parent);
}

/** The parent of a process, `undefined` when the process has ended. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // `pid (name) state parent …`, and a name may contain spaces and parentheses.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** The first number of `schedstat` is the time that a thread has run, in nanoseconds. */
function cpuUs(pid: string): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return ns / 1_000;
}
