/** The token of a database behind a server is used, and is not visible to other users of the machine. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HranaServer, startHranaServer } from "../support/hrana/hrana_server.mjs";

const CONVERSATION = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const HOLDFAST = fileURLToPath(new URL("../../dist/holdfast.mjs", import.meta.url));
const TOKEN = "database-token-of-this-test";

const folder = mkdtempSync(join(tmpdir(), "holdfast-token-"));
let server: HranaServer;
beforeAll(async () => {
  server = await startHranaServer({ directory: folder, authToken: TOKEN });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Program {
  readonly child: ChildProcess;
  output(): string;
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[], token: string): Program {
  const child = spawn(process.execPath, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HOLDFAST_ADMIN_TOKEN: "", HOLDFAST_DB_TOKEN: token },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, output: () => output, ended };
}

/** The URL of a database as `holdfast` takes it: http is that of a service. */
function databaseUrl(name: string): string {
  return `${server.url(name).replace(/^http:/, "libsql:")}?tls=0`;
}

/** The command lines of all processes on this machine. */
function commandLines(): string {
  const { stdout, status } = spawnSync("ps", ["-A", "-ww", "-o", "args"], { encoding: "utf8" });
  expect(status).toBe(0);
  return stdout;
}

describe("the token of a database server", () => {
  test("takes the token from the environment, not the command line", async () => {
    const url = server.url("conversation");
    const program = start([CONVERSATION, "--messages", "24", "--db", url], TOKEN);
    let ended = false;
    void program.ended.then(() => {
      ended = true;
    });
    const seen: string[] = [];
    while (!ended) {
      seen.push(commandLines());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await program.ended, program.output()).toBe(0);
    expect(program.output()).toContain("24 in all: each exactly once, in order");
    // The list contains the worker, whose command line has the URL after its script.
    expect(seen.some((lines) => lines.includes(`worker.js ${url}`))).toBe(true);
    expect(seen.join("\n")).not.toContain(TOKEN);
    expect(program.output()).not.toContain(TOKEN);
  });

  test("uses the same token for a service", async () => {
    const service = start([HOLDFAST, "serve", databaseUrl("service"), "--port", "0"], TOKEN);
    await expect.poll(() => service.output(), { timeout: 30_000 }).toContain("Stop with Ctrl-C");
    expect(commandLines()).not.toContain(TOKEN);
    expect(service.output()).not.toContain(TOKEN);
    service.child.kill("SIGTERM");
    expect(await service.ended).toBe(0);
  });

  test.each([
    ["no token", ""],
    ["another token", "not-the-token"],
  ])("fails with %s without printing the token", async (_, token) => {
    const conversation = [CONVERSATION, "--messages", "2", "--db", server.url("closed")];
    const serving = [HOLDFAST, "serve", databaseUrl("closed"), "--port", "0"];
    for (const args of [conversation, serving]) {
      const program = start(args, token);
      expect(await program.ended).toBe(args === serving ? 7 : 1);
      expect(program.output()).toContain("AUTH_JWT_INVALID");
      expect(program.output()).not.toContain("not-the-token");
    }
  });

  test("refuses a token in the URL without printing it", async () => {
    const program = start(
      [CONVERSATION, "--messages", "2", "--db", `${server.url("x")}?authToken=${TOKEN}`],
      "",
    );
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(/^start: the URL of --db carries a token, set HOLDFAST_DB_TOKEN/);
    expect(program.output()).not.toContain(TOKEN);
  });
});
