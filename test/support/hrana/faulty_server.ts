/** A libSQL server whose requests fail on demand, and what each client of it must make of lost answers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Backend, CommitQueue } from "../../../src/backend/mod.ts";
import { StoreError } from "../../../src/errors/mod.ts";
import { silentLogger } from "../../../src/ports/mod.ts";
import { SeededRandom } from "../../../src/testing/mod.ts";
import { type Fault, type HranaServer, startHranaServer } from "./hrana_server.mjs";

/** The token that the server asks for. */
export const TOKEN = "server-token";

/** An address of the account `alice`. */
export const ALICE = "5511999990000@c.us.0";

/** A server over a folder of its own. */
export class FaultyServer {
  readonly folder: string = mkdtempSync(join(tmpdir(), "holdfast-server-"));
  /** Faults of the next requests that write, and of the next that read. */
  readonly faults: (Fault | undefined)[] = [];
  readonly readFaults: (Fault | undefined)[] = [];
  #server!: HranaServer;

  static async start(): Promise<FaultyServer> {
    const server = new FaultyServer();
    await server.restart();
    return server;
  }

  /** Starts the server again after `stop`, with what its folder holds. */
  async restart(): Promise<void> {
    this.#server = await startHranaServer({
      directory: this.folder,
      authToken: TOKEN,
      maxWaitMs: 20,
      fault: ({ body }) => (body.includes("BEGIN IMMEDIATE") ? this.faults.shift() : this.readFaults.shift()),
    });
  }

  url(database?: string): string {
    return this.#server.url(database);
  }

  wsUrl(): string {
    return this.#server.wsUrl();
  }

  async stop(): Promise<void> {
    await this.#server.close();
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The error that a call fails with, which does not contain the token. */
export async function failureOf(call: Promise<unknown>): Promise<StoreError> {
  const outcome = await call.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(StoreError);
  const error = outcome as StoreError;
  expect(`${error.message} ${String(error.cause)}`).not.toContain(TOKEN);
  return error;
}

/**
 * Registers what holds for every client of a server.
 *
 * @param serverOf The server of the running test.
 * @param refusal What a server answers to a token that is not valid, as the client knows it.
 */
export function testLostAnswers(
  serverOf: () => FaultyServer,
  connect: (url?: string) => Promise<Backend>,
  refusal: object,
): void {
  test("rejects as ambiguous only when a request or an answer was lost", async () => {
    const backend = await connect();
    await backend.putSession(ALICE, new Uint8Array([0]));
    const cases: [fault: Fault, code: string, applied: boolean][] = [
      ["drop", "ambiguous", false],
      ["drop-answer", "ambiguous", true],
      [{ status: 502, body: "bad gateway" }, "ambiguous", false],
      [{ status: 200, body: "<html>" }, "ambiguous", false],
      [{ status: 200, body: "" }, "ambiguous", false],
      [{ status: 401, body: refusal }, "failed", false],
      [{ status: 404, body: "not here" }, "failed", false],
      [{ status: 429, body: "slow down" }, "failed", false],
    ];
    for (const [index, [fault, code, applied]] of cases.entries()) {
      const record = new Uint8Array([index + 1]);
      serverOf().faults.push(fault);
      expect((await failureOf(backend.putSession(ALICE, record))).code, JSON.stringify(fault)).toBe(code);
      const stored = await backend.getSession(ALICE);
      expect(stored?.[0] === index + 1, JSON.stringify(fault)).toBe(applied);
    }
  });

  test("resolves lost answers during opening by the stored state", async () => {
    const server = serverOf();
    for (const fault of ["drop", "drop-answer"] as const) {
      server.faults.push(fault, undefined, fault);
      const backend = await connect(server.url(fault.replace("-", "_")));
      expect(await backend.create()).toBeGreaterThan(0);
      expect(await backend.listAccounts()).toHaveLength(1);
    }
  });

  test("resends a commit with a lost answer and fences the first send", async () => {
    const backend = await connect();
    const queue = await CommitQueue.take(backend, { random: new SeededRandom(1), logger: silentLogger });
    serverOf().faults.push("drop-answer");
    await queue.commit([{ kind: "session.put", address: ALICE, record: new Uint8Array([1]) }]);
    expect(await backend.readOwner()).toMatchObject({ epoch: 2 });
    expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([1]));
  });
}
