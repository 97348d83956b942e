import { describe, expect, test } from "vitest";
import { answeringFetch } from "../../../test/kit/remote.ts";
import { type Account, openAccount } from "../../account/mod.ts";
import type { Backend } from "../../backend/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { PROTOCOL } from "../../protocol/mod.ts";
import { sealing } from "../../sealing/mod.ts";
import { MemoryDatabase, memoryBackend } from "../memory/mod.ts";
import { remoteBackend } from "./remote_backend.ts";

const KEY = new Uint8Array(32).fill(7);

/** A service over memory, and the number of its requests. */
function service(isOlder = false) {
  const database = new MemoryDatabase();
  const answer = answeringFetch((account) => memoryBackend({ account, database }));
  let requests = 0;
  const fetch: typeof globalThis.fetch = async (url, init) => {
    requests += 1;
    const call = await PROTOCOL.decodeCall(new Uint8Array(init?.body as Uint8Array));
    // As a release answers that reads one call in a body.
    if (isOlder && call.also !== undefined && call.also.length > 0)
      return Response.json({ code: "invalid", message: "call: malformed" }, { status: 400 });
    return await answer(url, init);
  };
  const connect = (key?: Uint8Array): Promise<Backend> =>
    remoteBackend({
      ...{ url: "https://holdfast.example", token: "token", account: "alice", fetch },
      ...(key && { sealing: sealing({ current: "k", keys: { k: key } }) }),
    });
  const open = async (backend: Promise<Backend> | Backend): Promise<Account> =>
    await openAccount({
      backend,
      host: { logger: silentLogger },
      saverIntervalMs: "manual",
      housekeeping: false,
    });
  return {
    connect,
    open,
    /** Opens an account. @returns It, and the number of requests that took. */
    async opened(key?: Uint8Array): Promise<readonly [Account, number]> {
      const before = requests;
      return [await open(connect(key)), requests - before];
    },
    requests: () => requests,
  };
}

async function pair(account: Account): Promise<void> {
  account.device.processCommands([
    { kind: "setId", pn: "5511999990000:1@s.whatsapp.net" },
    { kind: "setLid", lid: "100000000000001:1@lid" },
  ]);
  await account.flush();
}

describe("opening an account over a service", () => {
  test.each([
    ["plain", undefined],
    ["sealed", KEY],
  ])("takes two requests, for a new account three at most, and one for each commit: %s", async (_, key) => {
    const remote = service();
    const [first, ofNew] = await remote.opened(key);
    expect(ofNew).toBeLessThanOrEqual(3);
    await pair(first);
    const before = remote.requests();
    await first.store.putSession("1@lid.0", new Uint8Array([1]));
    expect(remote.requests() - before).toBe(1);
    const [second, ofKnown] = await remote.opened(key);
    expect(ofKnown).toBeLessThanOrEqual(2);
    expect(second.device.getDeviceSnapshot()).toEqual(first.device.getDeviceSnapshot());
    expect(second.taskPrefix).toBe(first.taskPrefix);
    await expect(first.store.putSession("1@lid.0", new Uint8Array([2]))).rejects.toMatchObject({
      code: "fenced",
    });
    expect(await second.store.getSession("1@lid.0")).toEqual(new Uint8Array([1]));
  });

  test("fences no one with a wrong key, or with none", async () => {
    const remote = service();
    const [owner] = await remote.opened(KEY);
    await expect(remote.opened(new Uint8Array(32).fill(8))).rejects.toMatchObject({ code: "sealed" });
    await expect(remote.opened()).rejects.toMatchObject({ code: "sealed" });
    await owner.store.putSession("1@lid.0", new Uint8Array([1]));
  });

  test("begins anew when another opening took the account since", async () => {
    const remote = service();
    const backends = await Promise.all([1, 2, 3].map(() => remote.connect()));
    const accounts: Account[] = [];
    for (const backend of backends) accounts.push(await remote.open(backend));
    const [first, , last] = accounts;
    expect(last?.device.getDeviceSnapshot()).toEqual(first?.device.getDeviceSnapshot());
    await expect(first?.store.putSession("1@lid.0", new Uint8Array([2]))).rejects.toMatchObject({
      code: "fenced",
    });
    await last?.store.putSession("1@lid.0", new Uint8Array([2]));
  });

  test("reads what the former owner committed between the look and the take", async () => {
    const remote = service();
    const [former] = await remote.opened();
    const backend = await remote.connect();
    former.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    await former.flush();
    expect((await remote.open(backend)).device.getDeviceSnapshot().pushName).toBe("Ada");
  });

  test("works with a service that reads one call in a body", async () => {
    const remote = service(true);
    const [first] = await remote.opened();
    await pair(first);
    const [second] = await remote.opened();
    expect(second.device.getDeviceSnapshot()).toEqual(first.device.getDeviceSnapshot());
    await second.store.putSession("1@lid.0", new Uint8Array([1]));
  });
});
