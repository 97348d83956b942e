/** Backups of a service by time, beside accounts that are open. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { BackupFolder } from "../../src/cli/holdfast/backup_folder.ts";
import { contextOf } from "../../src/cli/holdfast/context.ts";
import { readChunks } from "../../src/cli/holdfast/files.ts";
import { type BackupFlags, backupStarter } from "../../src/cli/holdfast/service/scheduled_backups.ts";
import { FileTarget } from "../../src/cli/holdfast/targets/file_target.ts";
import type { Terminal } from "../../src/cli/holdfast/terminal.ts";
import { silentLogger, systemClock } from "../../src/ports/mod.ts";
import { LocalAccounts, type ScheduledBackups, SqlRegistry } from "../../src/service/mod.ts";
import { type FakeHost, fakeHost } from "../../src/testing/mod.ts";
import { importAccount } from "../../src/transfer/mod.ts";
import { holdfast, openFilled, sendOnce } from "./holdfast_world.ts";

const HOUR = 3_600_000;
const INCREMENT = [{ kind: "incrementLoginCounter" }] as const;
const PASSPHRASE = "correct horse battery";

const root = mkdtempSync(join(tmpdir(), "holdfast-scheduled-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let path: string;
let folder: string;
beforeEach(() => {
  const place = mkdtempSync(join(root, "case-"));
  path = join(place, "bot.db");
  folder = join(place, "backups");
});

function terminalWith(env: Terminal["env"]): Terminal {
  const never = (): never => {
    throw new Error("no question is asked");
  };
  return {
    out: () => {},
    err: () => {},
    env,
    isInteractive: false,
    isLive: false,
    hasColor: false,
    columns: 80,
    confirm: never,
    secret: never,
    choose: never,
    ask: never,
    untilStopped: never,
  };
}

/** The backups of a service that has no account of its own. */
async function backups(host: FakeHost, flags: BackupFlags = { keep: 2 }): Promise<ScheduledBackups> {
  const target = new FileTarget(path, silentLogger);
  const starter = await backupStarter(contextOf(terminalWith({}), false), target, {
    backups: folder,
    ...flags,
  });
  const accounts = {
    registry: { listAccounts: async () => [] },
    whileOpen: async () => undefined,
  } as unknown as LocalAccounts;
  if (starter === undefined) throw new Error("there is a folder");
  return starter.start(accounts, host, undefined);
}

describe("backups of a file by time", () => {
  test("back up what is due, keep the newest, and go on after a restart", async () => {
    const host = fakeHost();
    const owner = await openFilled(path, "shop/1");
    const place = join(folder, "account-shop%2F1");
    const first = await backups(host);
    await host.scheduler.advance(60_000);
    expect(readdirSync(place)).toHaveLength(1);
    await first.stop();
    // Another process of the service finds what there is.
    const second = await backups(host);
    await host.scheduler.advance(60_000);
    expect(readdirSync(place)).toHaveLength(1);
    for (let day = 0; day < 2; day += 1) {
      await sendOnce(owner, day);
      await host.scheduler.advance(24 * HOUR);
    }
    await second.stop();
    const kept = readdirSync(place).sort();
    expect(kept).toHaveLength(2);
    await sendOnce(owner, 9);
    await owner.close();
    const restored = await holdfast(["restore", join(place, kept.at(-1) ?? ""), join(folder, "new.db")]);
    expect(restored).toMatchObject({ code: 0 });
  });

  test("log a failure, remove nothing, and try again", async () => {
    const host = fakeHost();
    const owner = await openFilled(path, "shop");
    const running = await backups(host, { keep: 1 });
    await host.scheduler.advance(1_000);
    await owner.close();
    rmSync(path);
    await host.scheduler.advance(25 * HOUR);
    expect(host.logger.text).toContain("backups: the accounts cannot be listed");
    expect(readdirSync(join(folder, "account-shop"))).toHaveLength(1);
    await running.stop();
  });
});

describe("backups of a service over a file", () => {
  test("are sealed files of open accounts, of those at rest, and of those that a client elsewhere writes", async () => {
    const host = fakeHost({ startMs: Date.now() });
    const target = new FileTarget(path, silentLogger);
    const driver = await target.library.driver(target.path, silentLogger);
    const registry = await SqlRegistry.open(driver, systemClock);
    const accounts = new LocalAccounts({
      registry,
      clock: host.clock,
      openBackend: (account) => target.open(account),
      openAccount: (account, backend) =>
        openAccount({ taskLabel: account, backend, host, housekeeping: false }),
    });
    for (const name of ["open", "rest", "elsewhere", "empty"]) await registry.addAccount(name);
    for (const { name, createdAtMs } of await registry.listAccounts({ after: undefined, limit: 9 }))
      if (name === "open") await accounts.account(name, createdAtMs).commandDevice(INCREMENT);
    await (await openAccount({ backend: target.open("rest"), host })).close();
    // It is in the database, and not registered with the service.
    await (await openAccount({ backend: target.open("unknown"), host })).close();
    const elsewhere = await openAccount({ backend: target.open("elsewhere"), host });
    // It is of a former account of the name: it stays, and counts for nothing.
    const former = { account: "rest", madeAtMs: 1_000 };
    await new BackupFolder(folder).write(former, (write) => write(new Uint8Array(9)));
    const context = contextOf(terminalWith({ HOLDFAST_PASSPHRASE: PASSPHRASE }), false);
    const starter = await backupStarter(context, target, { backups: folder, keep: 1 });
    const running = starter?.start(accounts, host, undefined);
    await host.scheduler.advance(10_000);
    const made = folder;
    expect(readdirSync(made).sort()).toEqual([
      "account-elsewhere",
      "account-open",
      "account-rest",
      "account-unknown",
    ]);
    for (const name of ["elsewhere", "open", "rest", "unknown"]) {
      const [file = "", ...others] = readdirSync(join(made, `account-${name}`))
        .sort()
        .reverse();
      expect(others).toEqual(name === "rest" ? ["1000.holdfast"] : []);
      const restored = memoryBackend();
      await importAccount(restored, readChunks(join(made, `account-${name}`, file)), {
        mode: "new",
        passphrase: PASSPHRASE,
      });
      expect(await restored.load()).toMatchObject({ loginCounter: name === "open" ? 1 : 0 });
    }
    // No owner was fenced.
    elsewhere.device.processCommands(INCREMENT);
    await elsewhere.flush();
    await elsewhere.close();
    expect(host.logger.messages("error")).toEqual([]);
    await running?.stop();
    await accounts.close();
    await driver.close();
  });

  test("need a folder", async () => {
    const target = new FileTarget(path, silentLogger);
    const context = contextOf(terminalWith({}), false);
    expect(await backupStarter(context, target, {})).toBeUndefined();
    await expect(backupStarter(context, target, { keep: 3 })).rejects.toThrow(
      "--backup-hours, --keep and --keep-days need",
    );
  });
});
