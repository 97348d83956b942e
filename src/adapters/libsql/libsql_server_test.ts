import { createClient } from "@libsql/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ALICE,
  FaultyServer,
  failureOf,
  TOKEN,
  testLostAnswers,
} from "../../../test/support/hrana/faulty_server.ts";
import type { Backend } from "../../backend/mod.ts";
import { libsqlBackend } from "./libsql_backend.ts";

let server: FaultyServer;
let open: Backend[];

beforeEach(async () => {
  open = [];
  server = await FaultyServer.start();
});

afterEach(async () => {
  for (const backend of open) await backend.close();
  await server.dispose();
});

async function connect(url = server.url(), authToken = TOKEN): Promise<Backend> {
  const backend = await libsqlBackend({ url, authToken, account: "alice" });
  open.push(backend);
  return backend;
}

/** The code of the error that a call fails with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await failureOf(call)).code;
}

describe("libsqlBackend over a server", () => {
  testLostAnswers(() => server, connect, { message: "no", code: "AUTH_JWT_INVALID" });

  test("rejects when the server is unreachable or refuses access", async () => {
    expect(await codeOf(connect("http://127.0.0.1:1/"))).toBe("failed");
    expect(await codeOf(connect(server.url(), "another"))).toBe("failed");
    const backend = await connect();
    await server.stop();
    expect(await codeOf(backend.putSession(ALICE, new Uint8Array([1])))).toBe("failed");
    expect(await codeOf(backend.getSession(ALICE))).toBe("failed");
    await server.restart();
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
    await server.stop();
    const code = await codeOf(backend.putSession(ALICE, new Uint8Array([2])));
    expect(["ambiguous", "failed"]).toContain(code);
    await server.restart();
    const again = await connect(server.wsUrl());
    expect(await again.getSession(ALICE)).toEqual(new Uint8Array([1]));
  });
});
