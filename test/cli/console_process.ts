/** `holdfast console` as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { request as httpRequest } from "node:http";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../dist/holdfast.mjs", import.meta.url));

/** A console that runs. */
export class ConsoleProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly token: string;
  /** Time from the start of the process to its address, in milliseconds. */
  readonly readyMs: number;

  private constructor(child: ChildProcess, address: string, readyMs: number) {
    const url = new URL(address);
    this.child = child;
    this.origin = url.origin;
    this.token = url.hash.slice("#token=".length);
    this.readyMs = readyMs;
  }

  static async start(target: string, env: Readonly<Record<string, string>> = {}): Promise<ConsoleProcess> {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [PROGRAM, "console", target], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    let [said, complaint] = ["", ""];
    child.stderr.on("data", (chunk) => {
      complaint += chunk;
    });
    const address = await new Promise<string>((resolve, reject) => {
      child.stdout.on("data", (chunk) => {
        said += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(said)?.[0];
        if (found !== undefined) resolve(found);
      });
      child.on("close", (code) => reject(new Error(`the console ended with ${code}: ${complaint}`)));
    });
    return new ConsoleProcess(child, address, performance.now() - startedAt);
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, ...init.headers };
    return await fetch(this.origin + path, { ...init, headers });
  }

  async read<T>(path: string): Promise<T> {
    const response = await this.ask(path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The status of a request whose `Host` header is another one. */
  async statusFor(host: string): Promise<number | undefined> {
    const { port } = new URL(this.origin);
    const headers = { host, authorization: `Bearer ${this.token}` };
    return await new Promise((resolve, reject) => {
      const sent = httpRequest({ host: "127.0.0.1", port, path: "/v1/console", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  async stop(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.child.once("close", resolve));
    this.child.kill("SIGTERM");
    return await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
  }
}
