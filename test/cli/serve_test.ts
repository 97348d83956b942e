/** The services of `holdfast serve` and `holdfast dev`, used by the commands that they print. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../dist/holdfast.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holdfast-serve-"));

/**
 * Process groups of the services. workerd outlives the program that started it, so whole groups are killed.
 */
const groups: number[] = [];

afterAll(() => {
  for (const group of groups) killGroup(group);
  rmSync(folder, { recursive: true, force: true });
});

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has ended.
  }
}

interface Service {
  readonly child: ChildProcess;
  /** Its output until it was ready. */
  readonly greeting: string;
  readonly ended: Promise<number | null>;
}

async function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Service> {
  const child = spawn(process.execPath, [PROGRAM, ...args, "--port", "0"], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HOLDFAST_ADMIN_TOKEN: "", ...env },
  });
  if (child.pid !== undefined) groups.push(child.pid);
  let [greeting, complaint] = ["", ""];
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      greeting += chunk;
      if (greeting.includes("Stop with Ctrl-C")) resolve();
    });
    void ended.then((code) => reject(new Error(`the service ended with ${code}: ${complaint}`)));
  });
  return { child, greeting, ended };
}

/** Runs the printed commands and returns the answer of each request. */
function runSession(greeting: string, env: NodeJS.ProcessEnv = {}): Record<string, unknown>[] {
  const lines = greeting.split("\n").filter((line) => /^ {2}(TOKEN|curl)/.test(line));
  const script = lines.map((line) => (line.startsWith("  curl") ? `${line}; echo` : line)).join("\n");
  const { stdout, status } = spawnSync("bash", ["-ec", script], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  expect(status).toBe(0);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
}

const KEPT_TOKEN = "0123456789abcdef0123456789abcdef";

describe("the printed commands of a service", () => {
  test.each([
    ["a database", ["serve", join(folder, "service.db")]],
    ["Durable Objects", ["dev", join(folder, "objects")]],
  ])("runs the printed commands over %s, also after a restart", async (_, args) => {
    const first = await start(args);
    const [created, saved, device, stats, token] = runSession(first.greeting);
    expect(created).toEqual({ name: "bot-1", created: true });
    expect(saved).toMatchObject({ open: true, committed: 1, isolated: 0 });
    expect(device).toMatchObject({ hasPushName: true });
    expect(stats).toMatchObject({ open: true, account: { rowsWritten: 1, saver: { state: "idle" } } });
    expect(token).toMatchObject({ account: "bot-1", permissions: ["account"] });
    first.child.kill("SIGTERM");
    await first.ended;

    const env = { HOLDFAST_ADMIN_TOKEN: KEPT_TOKEN };
    const second = await start(args, env);
    expect(second.greeting).not.toContain(KEPT_TOKEN);
    const again = runSession(second.greeting, env);
    expect(again[0]).toEqual({ name: "bot-1", created: false });
    expect(again[2]).toMatchObject({ registrationId: device?.registrationId });
  });
});
