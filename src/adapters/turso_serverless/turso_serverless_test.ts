import { type Client, createClient } from "@tursodatabase/serverless/compat";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  ALICE,
  FaultyServer,
  failureOf,
  TOKEN,
  testLostAnswers,
} from "../../../test/support/hrana/faulty_server.ts";
import { startHranaServer } from "../../../test/support/hrana/hrana_server.mjs";
import type { Backend } from "../../backend/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { tursoServerlessBackend } from "./turso_serverless_backend.ts";

let server: FaultyServer;
let clients: Client[];

beforeEach(async () => {
  clients = [];
  server = await FaultyServer.start();
});

afterEach(async () => {
  vi.unstubAllGlobals();
  for (const client of clients) client.close();
  await server.dispose();
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
  testLostAnswers(() => server, connect, { message: "Unauthorized" });

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

  test("begins a new stream when the server has ended an idle one", async () => {
    const impatient = await startHranaServer({ directory: server.folder, streamTtlMs: 1 });
    const allEnded = () => vi.waitFor(() => expect(impatient.openStreams()).toBe(0));
    const backend = await connect(impatient.url());
    await allEnded();
    await backend.putSession(ALICE, new Uint8Array([2]));
    await allEnded();
    expect(await backend.getSession(ALICE)).toEqual(new Uint8Array([2]));
    await impatient.close();
  });

  test("rejects when the server is unreachable or refuses access", async () => {
    const ended = await startHranaServer({ directory: server.folder });
    await ended.close();
    const unreachable = await failureOf(connect(ended.url()));
    expect(unreachable).toMatchObject({
      code: "failed",
      message: expect.stringContaining("cannot be reached"),
    });
    const refused = await failureOf(connect(server.url(), "another"));
    expect(refused).toMatchObject({ code: "failed", message: expect.stringContaining("check the token") });
    const backend = await connect();
    await server.stop();
    expect((await failureOf(backend.putSession(ALICE, new Uint8Array([1])))).code).toBe("failed");
    expect((await failureOf(backend.getSession(ALICE))).code).toBe("failed");
    await server.restart();
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
