/**
 * The alarm of an account's object in workerd. It survives the process, works while the account is not open,
 * and is deleted with the account. An hour of the object's time takes a fifth of a second.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../src/account/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { issueKitToken, registerAccount } from "../kit/service.ts";
import { eventually, SenderClient } from "./sender_client.ts";
import type { ObjectReport } from "./sender_worker.ts";
import { type RunningWorker, startWorker } from "./worker_process.ts";

const FACTOR = 20_000;
const HOUR_MS = 3_600_000;
const ORIGIN_MS = Date.now();

const folder = mkdtempSync(join(tmpdir(), "holdfast-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(factor: number = FACTOR): Promise<RunningWorker> {
  return startWorker({
    folder,
    entryPoint: "test/worker/sender_worker.ts",
    bindings: { TIME_FACTOR: String(factor), TIME_ORIGIN_MS: String(ORIGIN_MS) },
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const reportOf = (client: SenderClient, worker: RunningWorker): Promise<ObjectReport> =>
  client.ask<ObjectReport>(worker, "report");

/** Opens an account in this process that is stored in its object, over the current Worker. */
async function openElsewhere(name: string, worker: () => RunningWorker): Promise<Account> {
  const send: typeof fetch = (url, init) => fetch(`${worker().url}${new URL(String(url)).pathname}`, init);
  const { url } = worker();
  await registerAccount(fetch, url, name);
  const token = await issueKitToken(fetch, url);
  const backend = remoteBackend({ url, token, account: name, fetch: send });
  return await openAccount({ backend, housekeeping: false });
}

function onlyRefused(error: unknown): void {
  if (error instanceof Error && error.name === "AssertionError") throw error;
}

describe("the alarm of an object", () => {
  test("removes expired rows after a restart without opening the account", async () => {
    let worker = await start();
    const client = new SenderClient("elsewhere", 1);
    const account = await openElsewhere(client.name, () => worker);
    // This process stamps the row with its slower clock, so it has expired at once.
    await account.store.storeSentMessage("chat", "old", new Uint8Array(40));
    const before = await reportOf(client, worker);
    expect(before.sentMessages).toBe(1);
    expect(before.alarmAtMs).toBeGreaterThan(before.nowMs);
    await worker.stop();
    await sleep(2 * (HOUR_MS / FACTOR));
    worker = await start();
    // Wait for the alarm before the first request to the object.
    await sleep(1_000);
    const after = await eventually(
      () => reportOf(client, worker),
      ({ sentMessages }) => sentMessages === 0,
    );
    expect(after.alarms).toBeGreaterThan(0);
    expect(after.rejections).toBe(0);
    account.device.processCommand({ kind: "setPushName", pushName: "still here" });
    await account.flush();
    await account.close();
    await worker.stop();
  });

  test("keeps a future alarm over restarts of the object", async () => {
    const client = new SenderClient("asleep", 2);
    let worker = await start(1);
    await client.login(worker);
    await client.ask(worker, "expiring");
    const { alarmAtMs, nowMs } = await reportOf(client, worker);
    expect((alarmAtMs ?? 0) - nowMs).toBeGreaterThan(60_000);
    await expect(client.ask(worker, "abort")).rejects.toThrow();
    expect((await reportOf(client, worker)).alarmAtMs).toBe(alarmAtMs);
    await worker.stop();
    worker = await start(1);
    await client.checkAcknowledged(worker);
    expect(await reportOf(client, worker)).toMatchObject({ alarmAtMs, alarms: 0 });
    await worker.stop();
  });

  test("leaves an empty object without an alarm after a deletion", async () => {
    const client = new SenderClient("deleted", 3);
    await using worker = await start();
    for (let round = 0; round < 5; round += 1) {
      await client.login(worker);
      await client.store(worker);
      const acting = Promise.allSettled([
        client.ask(worker, "login"),
        client.ask(worker, "destroy"),
        client.ask(worker, "destroy"),
        client.ask(worker, "store", { id: "late" }),
      ]);
      await acting;
      await client.ask(worker, "destroy");
      const { tables, alarmAtMs, alarms } = await reportOf(client, worker);
      expect({ tables, alarmAtMs }).toEqual({ tables: 0, alarmAtMs: null });
      await sleep(2 * (HOUR_MS / FACTOR));
      expect(await reportOf(client, worker)).toMatchObject({ tables: 0, alarmAtMs: null, alarms });
    }
    const { logins } = await client.ask<{ logins: number }>(worker, "login");
    expect(logins).toBe(1);
    await client.ask(worker, "expiring");
    const used = await reportOf(client, worker);
    expect(used.alarmAtMs).toBeGreaterThan(used.nowMs);
    await eventually(
      () => reportOf(client, worker),
      ({ alarms }) => alarms > used.alarms,
    );
  });

  test("retries alarms whose storage fails fifteen times in a row", async () => {
    const client = new SenderClient("broken", 4);
    await using worker = await start();
    await client.meet(worker, 2);
    await client.ask(worker, "expiring");
    // The platform itself drops an alarm after six retries.
    for (const [what, alarms] of [
      ["sql", 15],
      ["setAlarm", 7],
    ] as const) {
      const before = await reportOf(client, worker);
      await client.ask(worker, "break", { what, alarms });
      const act = async (): Promise<ObjectReport> => {
        for (let count = 0; count < 5; count += 1) await client.act(worker).catch(onlyRefused);
        return await reportOf(client, worker);
      };
      const broken = await eventually(act, (report) => report.broken === 0, 40_000);
      // A handler that can set its alarm again never rejects, so it uses none of the platform's retries.
      expect(broken.rejections - before.rejections).toBe(what === "sql" ? 0 : alarms);
      const after = await eventually(act, (report) => report.alarms >= broken.alarms + 2);
      expect(after.rejections).toBe(broken.rejections);
      await client.checkAcknowledged(worker);
    }
    await client.readAll();
    expect(client.counts.sent).toBeGreaterThan(20);
    process.stderr.write(`broken alarms: ${JSON.stringify(client.counts)}\n`);
  });

  test("keeps gates closed while the storage fails, and then flushes", async () => {
    const client = new SenderClient("failing", 5);
    await using worker = await start();
    await client.meet(worker, 2);
    for (let round = 0; round < 2; round += 1) {
      const before = await reportOf(client, worker);
      await client.ask(worker, "toggle", { what: "sql" });
      await eventually(
        async () => {
          await client.act(worker).catch(onlyRefused);
          return await reportOf(client, worker);
        },
        ({ failed }) => failed.sql >= before.failed.sql + 30,
      );
      await client.ask(worker, "toggle", { what: "sql" });
      await eventually(
        () => client.ask<{ state: string; dirty: number; gated: number }>(worker, "health"),
        ({ state, dirty, gated }) => state === "idle" && dirty === 0 && gated === 0,
      );
      for (let act = 0; act < 20; act += 1) await client.act(worker);
    }
    await client.readAll();
    await client.checkAcknowledged(worker);
    expect(client.counts.refused).toBeGreaterThan(0);
  });
});
