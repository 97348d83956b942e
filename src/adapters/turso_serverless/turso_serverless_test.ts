import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@tursodatabase/serverless/compat";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Fault, type HranaServer, startHranaServer } from "../../../test/support/hrana/hrana_server.mjs";
import { type Backend, CommitQueue } from "../../backend/mod.ts";
import { StoreError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { SeededRandom } from "../../testing/mod.ts";
import { tursoServerlessBackend } from "./turso_serverless_backend.ts";

const ALICE = "5511999990000@c.us.0";
const TOKEN = "server-token";

let folder: string;
let server: HranaServer;
/** Faults of the next requests that write. */
let faults: Fault[];
/** Faults of the next requests that read. */
let readFaults: Fault[];
let clients: Client[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-turso-"));
  faults = [];
  readFaults = [];
  clients = [];
  server = await startHranaServer({
    directory: folder,
    authToken: TOKEN,
    maxWaitMs: 20,
    fault: ({ body }) => (body.includes("BEGIN IMMEDIATE") ? faults.shift() : readFaults.shift()),
  });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  for (const client of clients) client.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function clientOf(url: string, authToken: string): Client {
  const client = createClient({ url, authToken });
  clients.push(client);
  return client;
}

function connect(url: string = server.url(), authToken: string = TOKEN): Promise<Backend> {
  const client = clientOf(url, authToken);
  return tursoServerlessBackend({ client, account: "alice", logger: silentLogger });
}

/** The error that a call fails with. */
async function failureOf(call: Promise<unknown>): Promise<StoreError> {
  const outcome = await call.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(StoreError);
  const error = outcome as StoreError;
  expect(`${error.message} ${String(error.cause)}`).not.toContain(TOKEN);
  return error;
}

/** Ends the answers to the next requests that match after some of their lines, without an error. */
function cutOff(matches: (body: string) => boolean, keep: (lines: string[]) => string[]): { count: number } {
  const cut = { count: 0 };
  const original = globalThis.fetch;
  vi.stubGlobal("fetch", async (...args: Parameters<typeof fetch>) => {
    const answer = await original(...args);
    if (!String(args[0]).endsWith("/cursor") || !matches(String(args[1]?.body))) return answer;
    cut.count += 1;
    const lines = (await answer.text()).trimEnd().split("\n");
    return new Response(`${keep(lines).join("\n")}\n`, answer);
  });
  return cut;
}

describe("tursoServerlessBackend", () => {
  test("rejects as ambiguous only when a request or an answer was lost", async () => {
    const backend = await connect();
    await backend.putSession(ALICE, new Uint8Array([0]));
    const cases: [fault: Fault, code: string, applied: boolean][] = [
      ["drop", "ambiguous", false],
      ["drop-answer", "ambiguous", true],
      [{ status: 502, body: "bad gateway" }, "ambiguous", false],
      [{ status: 200, body: "<html>" }, "ambiguous", false],
      [{ status: 200, body: "" }, "ambiguous", false],
      [{ status: 401, body: { message: "Unauthorized" } }, "failed", false],
      [{ status: 404, body: "not here" }, "failed", false],
      [{ status: 429, body: "slow down" }, "failed", false],
    ];
    for (const [index, [fault, code, applied]] of cases.entries()) {
      const record = new Uint8Array([index + 1]);
      faults.push(fault);
      expect((await failureOf(backend.putSession(ALICE, record))).code, JSON.stringify(fault)).toBe(code);
      const stored = await backend.getSession(ALICE);
      expect(stored?.[0] === index + 1, JSON.stringify(fault)).toBe(applied);
    }
  });

  test("takes an answer that ends before its end for a lost one, wherever that is", async () => {
    const backend = await connect();
    await backend.putSession(ALICE, new Uint8Array([1]));
    for (let kept = 1; ; kept += 1) {
      let isWhole = false;
      const cut = cutOff(
        (body) => body.includes("BEGIN IMMEDIATE"),
        (lines) => {
          // What the client sends last runs only outside of a transaction.
          isWhole = kept > lines.findLastIndex((line) => line.includes('"step_begin"'));
          return lines.slice(0, kept);
        },
      );
      const outcome = await backend.putSession(ALICE, new Uint8Array([kept])).catch((error) => error);
      vi.unstubAllGlobals();
      expect(cut.count).toBe(1);
      if (isWhole) expect(outcome).toBeUndefined();
      else expect(outcome, `${kept} lines`).toMatchObject({ code: "ambiguous" });
      // It was applied in any case.
      expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([kept]));
      if (isWhole) break;
    }
  });

  test("takes a read that ends before its end for a failure, not for an absence", async () => {
    const backend = await connect();
    await backend.putSession(ALICE, new Uint8Array([1]));
    let lines = Number.POSITIVE_INFINITY;
    for (let kept = 1; kept < lines; kept += 1) {
      cutOff(
        (body) => body.includes("FROM session"),
        (all) => {
          lines = all.findIndex((line, index) => index > 0 && line.includes('"step":3'));
          return all.slice(0, kept);
        },
      );
      const outcome = await backend.getSession(ALICE).catch((error) => error);
      vi.unstubAllGlobals();
      // Behind the row of the last statement the answer says nothing more.
      const isWhole = outcome instanceof Uint8Array;
      if (!isWhole) expect(outcome, `${kept} lines`).toMatchObject({ code: "failed" });
      expect(isWhole ? kept >= lines - 1 : true).toBe(true);
    }
    expect(lines).toBeGreaterThan(4);
    expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([1]));
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

  test("begins a new stream when the server has ended an idle one", async () => {
    const impatient = await startHranaServer({ directory: folder, streamTtlMs: 1 });
    const allEnded = () => vi.waitFor(() => expect(impatient.openStreams()).toBe(0));
    const backend = await connect(impatient.url());
    await allEnded();
    await backend.putSession(ALICE, new Uint8Array([2]));
    await allEnded();
    expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([2]));
    await impatient.close();
  });

  test("rejects when the server is unreachable or refuses access", async () => {
    const ended = await startHranaServer({ directory: folder });
    await ended.close();
    const unreachable = await failureOf(connect(ended.url()));
    expect(unreachable).toMatchObject({
      code: "failed",
      message: expect.stringContaining("cannot be reached"),
    });
    const refused = await failureOf(connect(server.url(), "another"));
    expect(refused).toMatchObject({ code: "failed", message: expect.stringContaining("check the token") });
    const backend = await connect();
    await server.close();
    expect((await failureOf(backend.putSession(ALICE, new Uint8Array([1])))).code).toBe("failed");
    expect((await failureOf(backend.getSession(ALICE))).code).toBe("failed");
    server = await startHranaServer({ directory: folder, authToken: TOKEN });
  });

  test("waits for another writer of the server's database", async () => {
    const backend = await connect();
    await backend.putSession(ALICE, new Uint8Array([1]));
    const transaction = await clientOf(server.url(), TOKEN).transaction("write");
    await transaction.execute("DELETE FROM session");
    const waiting = backend.putSession(ALICE, new Uint8Array([2]));
    // Longer than the server waits, so that it answers that the database is locked at least once.
    setTimeout(() => void transaction.rollback(), 100);
    await waiting;
    expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([2]));
  });

  test("lets accounts share a client, and applies concurrent calls in order", async () => {
    const client = clientOf(server.url(), TOKEN);
    const backends = await Promise.all(
      ["alice", "bob"].map((account) => tursoServerlessBackend({ client, account })),
    );
    await Promise.all(
      backends.flatMap((backend, at) =>
        Array.from({ length: 20 }, (_, byte) => backend.putSession(ALICE, new Uint8Array([at, byte]))),
      ),
    );
    await backends[0]?.close();
    expect(await backends[1]?.getSession(ALICE)).toEqual(new Uint8Array([1, 19]));
    expect(client.closed).toBe(false);
  });

  test("sends a commit in one request", async () => {
    const backend = await connect();
    await backend.putSession(ALICE, new Uint8Array([0]));
    let requests = 0;
    const original = globalThis.fetch;
    vi.stubGlobal("fetch", (...args: Parameters<typeof fetch>) => {
      requests += 1;
      return original(...args);
    });
    await backend.commit(
      [1, 2, 3].map((byte) => ({
        kind: "session.put",
        address: `${byte}@lid.0`,
        record: new Uint8Array([byte]),
      })),
    );
    expect(requests).toBe(1);
  });
});
