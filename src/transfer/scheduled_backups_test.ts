import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { BackendError } from "../errors/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { importAccount } from "./import_account.ts";
import { scheduleBackups } from "./scheduled_backups.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-backups-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HOUR_S = 3_600;

async function opened(plan = new FaultPlan()) {
  const host: FakeHost = fakeHost();
  const backend = faultyCommitter(memoryBackend({ database: new MemoryDatabase() }), plan);
  const account = await openAccount({ backend, host, housekeeping: false, saverIntervalMs: "manual" });
  return { account, host };
}

async function* content(name: string): AsyncGenerator<Uint8Array> {
  yield readFileSync(join(folder, name));
}

describe("scheduleBackups", () => {
  test("makes a backup at once and each interval, and keeps the newest", async () => {
    const { account, host } = await opened();
    const start = host.clock.nowMs();
    writeFileSync(join(folder, "backup-notes.txt"), "not ours");
    const paths: string[] = [];
    await scheduleBackups(account, {
      ...{ folder, intervalS: HOUR_S, keep: 2 },
      onBackup: (path) => paths.push(path),
    });
    for (let n = 0; n < 4; n += 1) await host.scheduler.advance(n === 0 ? 1 : HOUR_S * 1_000);
    expect(paths).toHaveLength(4);
    const kept = readdirSync(folder).sort();
    expect(kept).toHaveLength(3);
    expect(kept).toContain("backup-notes.txt");
    expect(kept.slice(0, 2).map((name) => join(folder, name))).toEqual(paths.slice(2));
    expect(Number(/\d+/.exec(kept[1] ?? "")?.[0])).toBeGreaterThan(start + 2 * HOUR_S * 1_000);
    const target = memoryBackend({ database: new MemoryDatabase() });
    await importAccount(target, content(kept[1] ?? ""), { mode: "new", host: fakeHost() });
    expect((await target.load())?.identityKey).toEqual(account.device.getDeviceSnapshot().identityKey);
    await account.close();
    await host.scheduler.advance(10 * HOUR_S * 1_000);
    expect(paths).toHaveLength(4);
  });

  test("waits for the interval after the newest backup of an earlier process", async () => {
    const { account, host } = await opened();
    writeFileSync(join(folder, `backup-${host.clock.nowMs() - 1_000}.holdfast`), "");
    await scheduleBackups(account, { folder, intervalS: HOUR_S });
    await host.scheduler.advance((HOUR_S - 2) * 1_000);
    expect(readdirSync(folder)).toHaveLength(1);
    await host.scheduler.advance(2_000);
    expect(readdirSync(folder)).toHaveLength(2);
    await account.close();
  });

  test("logs a backup that fails, leaves no file, and tries again", async () => {
    const plan = new FaultPlan();
    const { account, host } = await opened(plan);
    await scheduleBackups(account, { folder, intervalS: HOUR_S });
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    plan.next(new BackendError("commit: connection lost"));
    await host.scheduler.advance(1);
    expect(readdirSync(folder)).toEqual([]);
    expect(host.logger.messages("error")).toContain(
      "back up account: failed, tried again at the next interval",
    );
    await host.scheduler.advance(HOUR_S * 1_000);
    expect(readdirSync(folder)).toHaveLength(1);
    await account.close();
  });
});
