import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { BackendError } from "../../errors/mod.ts";
import { BackupFolder } from "./backup_folder.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-backups-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("BackupFolder", () => {
  test("stores backups that are whole, readable by their owner alone, and lists them by time", async () => {
    const store = new BackupFolder(join(folder, "a", "b"));
    await store.prepare();
    for (const madeAtMs of [2_000_000_000_123, 1_000_000_000_000])
      await store.write({ account: "bot-1", madeAtMs }, async (write) => {
        await write(bytes("one "));
        await write(bytes("two"));
      });
    expect(await store.list("bot-1")).toEqual([1_000_000_000_000, 2_000_000_000_123]);
    expect(await store.list("bot-2")).toEqual([]);
    const path = join(folder, "a", "b", "account-bot-1", "2000000000123.holdfast");
    expect(readFileSync(path, "utf8")).toBe("one two");
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    await store.delete({ account: "bot-1", madeAtMs: 2_000_000_000_123 });
    expect(await store.list("bot-1")).toEqual([1_000_000_000_000]);
    expect(readdirSync(join(folder, "a", "b"))).toEqual(["account-bot-1"]);
  });

  test("leaves nothing of a failed backup, and removes what a killed process left", async () => {
    const store = new BackupFolder(join(folder, "failed"));
    const place = join(folder, "failed", "account-bot-1");
    mkdirSync(place, { recursive: true });
    const [old, young] = ["1577836800000", "1577836800001"].map((time) =>
      join(place, `${time}.holdfast.part`),
    ) as [string, string];
    writeFileSync(old, "torn");
    utimesSync(old, 1, 1);
    writeFileSync(young, "being written by another process");
    const failed = store.write({ account: "bot-1", madeAtMs: 1 }, async (write) => {
      await write(bytes("half"));
      throw new BackendError("the account is gone");
    });
    await expect(failed).rejects.toThrow("the account is gone");
    expect(readdirSync(place)).toEqual(["1577836800001.holdfast.part"]);
    expect(await store.list("bot-1")).toEqual([]);
  });

  test("keeps accounts apart, whatever their names are", async () => {
    const store = new BackupFolder(join(folder, "names"));
    const names = [
      "a",
      "A",
      "~41~",
      "..x",
      "a/../b",
      "a\\b",
      "con.",
      "\u00e4",
      "a\u0308",
      "é".repeat(900),
      `${"é".repeat(900)}2`,
    ];
    for (const [index, account] of names.entries())
      await store.write({ account, madeAtMs: 1_000 + index }, (write) => write(bytes(account)));
    for (const [index, account] of names.entries())
      expect(await store.list(account)).toEqual([1_000 + index]);
    expect(new Set(readdirSync(join(folder, "names")).map((name) => name.toLowerCase())).size).toBe(
      names.length,
    );
  });

  test("says which error the system gave, and no path", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "");
    await expect(new BackupFolder(join(path, "under")).prepare()).rejects.toThrow(
      new BackendError("keep backup: ENOTDIR"),
    );
  });
});
