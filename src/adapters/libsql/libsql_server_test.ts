import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Fault, type HranaServer, startHranaServer } from "../../../test/support/hrana/hrana_server.mjs";
import { type Backend, CommitQueue } from "../../backend/mod.ts";
import { StoreError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { SeededRandom } from "../../testing/mod.ts";
import { libsqlBackend } from "./libsql_backend.ts";

const ALICE = "5511999990000@c.us.0";
const TOKEN = "server-token";

let folder: string;
let server: HranaServer;
/** Faults of the next requests that write. */
let faults: Fault[];
let open: Backend[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-server-"));
  faults = [];
  open = [];
  server = await startHranaServer({
    directory: folder,
    authToken: TOKEN,
    maxWaitMs: 20,
    fault: ({ body }) => (body.includes("BEGIN IMMEDIATE") ? faults.shift() : undefined),
  });
});

afterEach(async () => {
  for (const backend of open) await backend.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function connect(url = server.url(), authToken = TOKEN): Promise<Backend> {
  const backend = await libsqlBackend({ url, authToken, account: "alice" });
  open.push(backend);
  return backend;
}

/** The code of the error that a call fails with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  const outcome = await call.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(StoreError);
  expect(`${(outcome as StoreError).message} ${String((outcome as StoreError).cause)}`).not.toContain(TOKEN);
  return (outcome as StoreError).code;
}

describe("libsqlBackend over a server", () => {
  test("rejects as ambiguous only when a request or an answer was lost", async () => {
    const backend = await connect();
    await backend.putSession(ALICE, new Uint8Array([0]));
    const cases: [fault: Fault, code: string, applied: boolean][] = [
      ["drop", "ambiguous", false],
      ["drop-answer", "ambiguous", true],
      [{ status: 502, body: "bad gateway" }, "ambiguous", false],
      [{ status: 200, body: "<html>" }, "ambiguous", false],
      [{ status: 401, body: { message: "no", code: "AUTH_JWT_INVALID" } }, "failed", false],
      [{ status: 404, body: "not here" }, "failed", false],
      [{ status: 429, body: "slow down" }, "failed", false],
    ];
    for (const [index, [fault, code, applied]] of cases.entries()) {
      const record = new Uint8Array([index + 1]);
      faults.push(fault);
      expect(await codeOf(backend.putSession(ALICE, record)), JSON.stringify(fault)).toBe(code);
      const stored = await backend.getSession(ALICE);
      expect(stored?.[0] === index + 1, JSON.stringify(fault)).toBe(applied);
    }
  });

  test("resolves lost answers during opening by the stored state", async () => {
    for (const fault of ["drop", "drop-answer"] as const) {
      faults.push(fault, undefined, fault);
      const backend = await connect(server.url(fault.replace("-", "_")));
      expect(await backend.create()).toBeGreaterThan(0);
      expect(await backend.listAccounts()).toHaveLength(1);
    }
  });

  test("resends a commit with a lost answer and fences the first send", async () => {
    const backend = await connect();
    const queue = await CommitQueue.take(backend, { random: new SeededRandom(1), logger: silentLogger });
    faults.push("drop-answer");
    await queue.commit([{ kind: "session.put", address: ALICE, record: new Uint8Array([1]) }]);
    expect(await backend.readOwner()).toMatchObject({ epoch: 2 });
    expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([1]));
  });

  test("rejects when the server is unreachable or refuses access", async () => {
    expect(await codeOf(connect("http://127.0.0.1:1/"))).toBe("failed");
    expect(await codeOf(connect(server.url(), "another"))).toBe("failed");
    const backend = await connect();
    await server.close();
    expect(await codeOf(backend.putSession(ALICE, new Uint8Array([1])))).toBe("failed");
    expect(await codeOf(backend.getSession(ALICE))).toBe("failed");
    server = await startHranaServer({ directory: folder, authToken: TOKEN });
  });

  test("waits for another writer of the server's database", async () => {
    for (const url of [server.url(), server.wsUrl()]) {
      const backend = await connect(url);
      await backend.putSession(ALICE, new Uint8Array([1]));
      const other = createClient({ url, authToken: TOKEN });
      const transaction = await other.transaction("write");
      await transaction.execute("DELETE FROM session");
      const waiting = backend.putSession(ALICE, new Uint8Array([2]));
      await new Promise((resolve) => setTimeout(resolve, 100));
      await transaction.rollback();
      other.close();
      await waiting;
      expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([2]));
    }
  });

  test("applies concurrent calls in order", async () => {
    for (const url of [server.url(), server.wsUrl()]) {
      const backend = await connect(url);
      const puts = Array.from({ length: 20 }, (_, byte) => backend.putSession(ALICE, new Uint8Array([byte])));
      await Promise.all(puts);
      expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([19]));
    }
  });

  test("opens a new websocket after one is lost", async () => {
    const backend = await connect(server.wsUrl());
    await backend.putSession(ALICE, new Uint8Array([1]));
    await server.close();
    const code = await codeOf(backend.putSession(ALICE, new Uint8Array([2])));
    expect(["ambiguous", "failed"]).toContain(code);
    server = await startHranaServer({ directory: folder, authToken: TOKEN });
    const again = await connect(server.wsUrl());
    expect(await again.getSession(ALICE)).toEqual(new Uint8Array([1]));
  });
});
