import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../programs/free_port.ts";

/** A Redis server for one test. */
export interface RedisServer {
  readonly port: number;
  /** Stops answering, like a hanging server. Its connections stay open. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Whether `redis-server` is installed: on Debian, `apt-get install redis-server`. */
export function hasRedisServer(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** Starts `redis-server` on a free port, without persistence. */
export async function startRedisServer(): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-redis-"));
  const port = await freePort();
  const args = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--dir",
    directory,
  ];
  const server = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  await ready(server);
  return {
    port,
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    close: async () => {
      const exited = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGKILL");
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    server.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("Ready to accept connections")) resolve();
    });
    server.once("error", reject);
    server.once("exit", (code) =>
      reject(new Error(`redis-server ended with ${code}: ${output.slice(-500)}`)),
    );
  });
}
