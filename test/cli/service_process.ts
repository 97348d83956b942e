/** `holdfast serve` as a process of its own, for tests of its life and death. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { CALL_TYPE } from "../../src/protocol/mod.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/holdfast.mjs", import.meta.url));

/** The admin token of every service of the tests. */
export const ROOT_TOKEN = "admin-0123456789abcdef0123456789abcdef";

/** The head of a call for an account, with a body of this many bytes. */
export function callHead(
  account: string,
  { token, bytes }: { readonly token: string; readonly bytes: number },
): string {
  const head = [
    `POST /v1/accounts/${account}/backend HTTP/1.1`,
    "host: x",
    `authorization: Bearer ${token}`,
    `content-type: ${CALL_TYPE}`,
    `content-length: ${bytes}`,
  ];
  return `${head.join("\r\n")}\r\n\r\n`;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running service. */
export class ServiceProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<ProcessEnd>;
  readonly #sockets: Socket[] = [];
  /** What it wrote to standard error. */
  complaint = "";
  #clientToken: Promise<string> | undefined;

  private constructor(child: ChildProcess, url: string, ended: Promise<ProcessEnd>) {
    this.child = child;
    this.url = url;
    this.ended = ended;
  }

  /** Starts a service over a database file, on a free port. @throws {Error} When it ends instead. */
  static async start(
    path: string,
    env: NodeJS.ProcessEnv = {},
    args: readonly string[] = [],
  ): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [PROGRAM, "serve", path, "--port", "0", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, HOLDFAST_ADMIN_TOKEN: ROOT_TOKEN, ...env },
    });
    let [said, complaint] = ["", ""];
    child.stderr.on("data", (chunk) => {
      complaint += chunk;
    });
    const ended = new Promise<ProcessEnd>((resolve) =>
      child.on("close", (code, signal) => resolve({ code, signal })),
    );
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (chunk) => {
        said += chunk;
        const found = /on (http:\/\/[\d.]+:\d+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      void ended.then(({ code }) => reject(new Error(`the service ended with ${code}: ${complaint}`)));
    });
    const service = new ServiceProcess(child, url, ended);
    service.complaint = complaint;
    child.stderr.on("data", (chunk) => {
      service.complaint += chunk;
    });
    return service;
  }

  /** Sends a request of JSON. The token defaults to the admin token. */
  async request(
    method: string,
    path: string,
    { body, token = ROOT_TOKEN }: { readonly body?: unknown; readonly token?: string } = {},
  ): Promise<Response> {
    return await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** The token of a client that may use and erase every account. */
  async clientToken(): Promise<string> {
    this.#clientToken ??= this.request("POST", "/v1/tokens", { body: { permissions: ["account", "erase"] } })
      .then(async (response) => (await response.json()) as { readonly token: string })
      .then(({ token }) => token);
    return await this.#clientToken;
  }

  /** Opens an account as a client elsewhere. */
  async backend(account: string, deadlineMs?: number): Promise<Backend> {
    return await remoteBackend({ url: this.url, token: await this.clientToken(), account, deadlineMs });
  }

  /** Sends the bytes of a request over a connection of its own, which stays open. */
  async send(text: string, body: Uint8Array = new Uint8Array(0)): Promise<Socket> {
    const socket = connect(Number(new URL(this.url).port), "127.0.0.1");
    this.#sockets.push(socket);
    socket.on("error", () => {});
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    socket.write(text);
    socket.write(body);
    return socket;
  }

  /** Asks for an answer, reads its beginning, and then reads no further. */
  async stall(account: string, call: Uint8Array): Promise<Socket> {
    const head = callHead(account, { token: await this.clientToken(), bytes: call.length });
    const socket = await this.send(head, call);
    await new Promise<void>((resolve) =>
      socket.once("data", () => {
        socket.pause();
        resolve();
      }),
    );
    return socket;
  }

  /** Resident memory in megabytes. */
  get residentMb(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  }

  /** Sends SIGTERM. @returns How the process ended, and after how many milliseconds. */
  async stop(): Promise<ProcessEnd & { readonly tookMs: number }> {
    const startedAt = performance.now();
    this.child.kill("SIGTERM");
    const end = await this.ended;
    return { ...end, tookMs: performance.now() - startedAt };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    for (const socket of this.#sockets) socket.destroy();
    await this.ended;
  }
}
