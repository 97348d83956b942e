import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The Worker on this machine. */
export interface LocalService {
  readonly url: string;
  /** A token for all accounts, which is revoked when the service is closed. */
  readonly token: string;
  /** Creates an account, if it is not there. */
  add(account: string): Promise<void>;
  close(): Promise<void>;
}

const WRANGLER = resolve("node_modules/wrangler/bin/wrangler.js");
const WORKER = "worker";
const START_MS = 60_000;

/** Time of the Worker to end by itself. */
const STOP_MS = 10_000;

/**
 * Starts the Worker with `wrangler dev`. Its objects are in `worker/.wrangler`.
 *
 * @throws {Error} When it does not start, or `stopping` is aborted before it has. The Worker has then ended.
 */
export async function startLocalService(stopping: AbortSignal): Promise<LocalService> {
  const adminToken = readAdminToken();
  const server = spawn(process.execPath, [WRANGLER, "dev", "--port", "0", "--inspector-port", "0"], {
    cwd: WORKER,
    env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" },
    stdio: ["ignore", "pipe", "pipe"],
    // In a group of its own: Ctrl-C must not end it before the bots have saved everything.
    detached: true,
    windowsHide: true,
  });
  try {
    const url = await addressOf(server, stopping);
    const call = callerOf(url, adminToken);
    const { id, token } = await call("POST", "tokens", {
      permissions: ["account", "erase"],
      label: "local bot",
    });
    return {
      url,
      token: String(token),
      add: async (name) => void (await call("POST", "accounts", { name })),
      close: async () => {
        await call("DELETE", `tokens/${id}`).catch(() => {});
        await stop(server);
      },
    };
  } catch (error) {
    await stop(server);
    throw error;
  }
}

/** Resolves with the address that the server prints. */
async function addressOf(server: ChildProcess, stopping: AbortSignal): Promise<string> {
  let output = "";
  return await new Promise<string>((found, failed) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      failed(new Error(`start the Worker: ${why}\n${output}`));
    };
    const timer = setTimeout(() => fail("no address came"), START_MS);
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on("data", (text) => {
        output = `${output}${String(text)}`.slice(-10_000);
        const address = /Ready on (http:\/\/\S+)/.exec(output)?.[1];
        if (address === undefined) return;
        clearTimeout(timer);
        found(address);
      });
    }
    stopping.addEventListener("abort", () => fail("stopped by a signal"));
    server.on("error", (error) => fail(error.message));
    server.on("exit", (code) => fail(`wrangler dev ended with ${code}`));
  });
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  // Windows has no SIGTERM: wrangler would end at once, and leave what it has started.
  if (process.platform === "win32") killGroup(server);
  else server.kill("SIGTERM");
  const timer = setTimeout(() => killGroup(server), STOP_MS);
  await ended;
  clearTimeout(timer);
  // What it has started ends with it, also where it did not wait for it.
  killGroup(server);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/t", "/f", "/pid", String(pid)]);
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}

/** The admin token of the Worker on this machine. */
function readAdminToken(): string {
  const path = `${WORKER}/.dev.vars`;
  const token = /^HOLDFAST_ADMIN_TOKEN=(\S+)/m.exec(readFileSync(path, "utf8"))?.[1];
  if (token === undefined) throw new Error(`start the Worker: ${path} has no HOLDFAST_ADMIN_TOKEN`);
  return token;
}

type Call = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

/** Calls the service as its administrator. */
function callerOf(url: string, adminToken: string): Call {
  return async (method, path, body) => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? {} : JSON.parse(text);
  };
}
