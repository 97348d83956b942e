/** Accounts that come to a file that was restored itself: its raises are not theirs. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { fakeHost, RecordingLogger } from "../../src/testing/mod.ts";
import { exportAccount, importAccount, moveAccount } from "../../src/transfer/mod.ts";
import { fillAccount } from "../support/account/generated_account.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-raised-"));
const path = join(folder, "bot.db");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Opens an account of the file and closes it. @returns Its restore epoch, and whether it said so. */
async function use(account: string): Promise<readonly [epoch: number | undefined, isTold: boolean]> {
  const logger = new RecordingLogger();
  const backend = libsqlBackend({ url: `file:${path}`, account, logger: silentLogger });
  const opened = await openAccount({ backend, host: { logger }, saverIntervalMs: "manual" });
  opened.device.processCommand({ kind: "setPushName", pushName: String(Math.random()) });
  await opened.close();
  const isTold = logger.entries.some(({ message }) => message.includes("older copy"));
  return [opened.signalPolicy.restoreEpoch, isTold];
}

describe.runIf(process.platform !== "win32")("a file that was raised", () => {
  test("raises a copy that is imported once, and an account that is moved there not at all", async () => {
    for (let raises = 1; raises <= 2; raises += 1) {
      await use("first");
      execFileSync("cp", [path, `${path}.copy`]);
      await use("first");
      execFileSync("cp", [`${path}.copy`, path]);
      expect(await use("first")).toEqual([raises, true]);
    }
    const source = memoryBackend({ database: new MemoryDatabase() });
    await fillAccount(source, 1);
    const imported = await libsqlBackend({ url: `file:${path}`, account: "imported", logger: silentLogger });
    await importAccount(imported, exportAccount(source), { mode: "new", host: fakeHost() });
    await imported.close();
    expect(await use("imported")).toEqual([1, true]);
    expect(await use("imported")).toEqual([1, false]);
    const moved = await libsqlBackend({ url: `file:${path}`, account: "moved", logger: silentLogger });
    await moveAccount(source, moved, { host: fakeHost() });
    await moved.close();
    expect(await use("moved")).toEqual([0, false]);
    expect(await use("first")).toEqual([2, false]);
  });
});
