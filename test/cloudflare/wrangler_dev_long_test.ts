import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { makeWorkerProject, wranglerCommand } from "./user_project.ts";

/** The line with the address, once the server listens. */
const READY = /Ready on (http:\/\/\S+)/;

describe("wrangler dev", () => {
  test("serves the guide's Durable Object example", { timeout: DOSED_TIMEOUT_MS }, async ({ skip }) => {
    const wrangler = wranglerCommand();
    if (wrangler === undefined) return skip("no Node that wrangler runs on is installed: npm run nodes");
    const [node, script] = wrangler;
    await using project = await makeWorkerProject();
    const server = spawn(node, [script, "dev", "--port", "0", "--inspector-port", "0"], {
      cwd: project.folder,
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    try {
      const url = await new Promise<string>((found, failed) => {
        for (const stream of [server.stdout, server.stderr]) {
          stream.on("data", (data) => {
            output += String(data);
            const address = READY.exec(output)?.[1];
            if (address !== undefined) found(address);
          });
        }
        server.on("exit", (code) => failed(new Error(`wrangler dev ended with ${code}:\n${output}`)));
      });
      const response = await fetch(`${url}/rename`);
      expect([response.status, await response.text()]).toEqual([200, "renamed"]);
    } finally {
      const ended = once(server, "exit");
      server.kill("SIGINT");
      await ended;
    }
  });
});
