import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type HranaServer, startHranaServer } from "../../../test/support/hrana/hrana_server.mjs";
import { type Account, openAccount } from "../../account/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { sealing } from "../../sealing/mod.ts";
import { libsqlBackend } from "./libsql_backend.ts";

const KEY = new Uint8Array(32).fill(7);

let folder: string;
let server: HranaServer;
/** Bodies of the requests since the last look. */
let requests: string[] = [];
let databases = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-opening-"));
  server = await startHranaServer({
    directory: folder,
    fault: ({ body }) => {
      requests.push(body);
      return undefined;
    },
  });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

let url: string;
const open: Account[] = [];

beforeEach(async () => {
  databases += 1;
  url = server.url(`opening${databases}`);
  // The database has its layout.
  await (await libsqlBackend({ url, account: "other" })).close();
  requests = [];
});

afterEach(async () => {
  for (const account of open.splice(0)) await account.close().catch(() => {});
});

/** Opens an account. @returns It, and the number of requests that took. */
async function opened(account = "alice", isSealed = false): Promise<readonly [Account, number]> {
  requests = [];
  const keys = isSealed ? { sealing: sealing({ current: "k", keys: { k: KEY } }) } : {};
  const it = await openAccount({
    backend: libsqlBackend({ url, account, ...keys }),
    host: { logger: silentLogger },
    saverIntervalMs: "manual",
    housekeeping: false,
  });
  open.push(it);
  return [it, requests.length];
}

/** Pairs the account, so that its own mapping is stored. */
async function pair(account: Account): Promise<void> {
  account.device.processCommands([
    { kind: "setId", pn: "5511999990000:1@s.whatsapp.net" },
    { kind: "setLid", lid: "100000000000001:1@lid" },
  ]);
  await account.flush();
}

describe("opening an account over a server", () => {
  test("takes three requests for a new account, two for a known one, and one for each commit", async () => {
    const [first, ofNew] = await opened();
    expect(ofNew).toBeLessThanOrEqual(3);
    await pair(first);
    requests = [];
    await first.store.putSession("5511999990000@c.us.0", new Uint8Array([1]));
    expect(requests).toHaveLength(1);
    const id = (await first.store.listAccounts()).find(({ account }) => account === "alice")?.accountId;
    const [second, ofKnown] = await opened();
    expect(ofKnown).toBeLessThanOrEqual(2);
    expect(second.device.getDeviceSnapshot()).toEqual(first.device.getDeviceSnapshot());
    expect(second.taskPrefix).toBe(`${id}:`);
    expect(await second.store.getSession("5511999990000@c.us.0")).toEqual(new Uint8Array([1]));
    await expect(first.store.putSession("1@lid.0", new Uint8Array([1]))).rejects.toMatchObject({
      code: "fenced",
    });
    requests = [];
    await second.store.putSession("1@lid.0", new Uint8Array([2]));
    expect(requests).toHaveLength(1);
  });

  test("finds the account that another opening has made since, with its device", async () => {
    const backends = await Promise.all(
      [1, 2, 3].map(() => libsqlBackend({ url, account: "alice", logger: silentLogger })),
    );
    const options = {
      host: { logger: silentLogger },
      saverIntervalMs: "manual",
      housekeeping: false,
    } as const;
    for (const backend of backends) open.push(await openAccount({ ...options, backend }));
    const [first, , last] = open;
    expect(last?.device.getDeviceSnapshot()).toEqual(first?.device.getDeviceSnapshot());
    expect(last?.taskPrefix).toBe(first?.taskPrefix);
    await last?.store.putSession("1@lid.0", new Uint8Array([2]));
    await expect(first?.store.putSession("1@lid.0", new Uint8Array([3]))).rejects.toMatchObject({
      code: "fenced",
    });
  });

  test("finds the account that was deleted and made anew since", async () => {
    const [before] = await opened();
    const backend = await libsqlBackend({ url, account: "alice", logger: silentLogger });
    const idBefore = before.taskPrefix;
    await before.erase();
    const [again] = await opened();
    const account = await openAccount({ backend, host: { logger: silentLogger }, saverIntervalMs: "manual" });
    open.push(account);
    expect(account.taskPrefix).toBe(again.taskPrefix);
    expect(account.taskPrefix).not.toBe(idBefore);
    expect(account.device.getDeviceSnapshot()).toEqual(again.device.getDeviceSnapshot());
  });

  test("opens a sealed account in as few requests, and fences no one with a wrong key", async () => {
    const [first, ofNew] = await opened("sealed", true);
    expect(ofNew).toBeLessThanOrEqual(3);
    await pair(first);
    const [second, ofKnown] = await opened("sealed", true);
    expect(ofKnown).toBeLessThanOrEqual(2);
    expect(second.device.getDeviceSnapshot()).toEqual(first.device.getDeviceSnapshot());
    const wrong = libsqlBackend({
      url,
      account: "sealed",
      sealing: sealing({ current: "k", keys: { k: new Uint8Array(32).fill(8) } }),
    });
    await expect(openAccount({ backend: wrong, host: { logger: silentLogger } })).rejects.toMatchObject({
      code: "sealed",
    });
    await expect(opened("sealed")).rejects.toMatchObject({ code: "sealed" });
    await second.store.putSession("1@lid.0", new Uint8Array([2]));
  });

  test("reads what a commit of the former owner stored between the look and the take", async () => {
    const [former] = await opened();
    const backend = await libsqlBackend({ url, account: "alice", logger: silentLogger });
    former.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    await former.flush();
    const account = await openAccount({ backend, host: { logger: silentLogger }, saverIntervalMs: "manual" });
    open.push(account);
    expect(account.device.getDeviceSnapshot().pushName).toBe("Ada");
  });
});
