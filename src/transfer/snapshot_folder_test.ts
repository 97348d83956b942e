import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { drawWrites } from "../../test/support/account/generated_account.ts";
import { type Account, openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { fakeHost, SeededRandom } from "../testing/mod.ts";
import { importAccount } from "./import_account.ts";
import { snapshotFolder } from "./snapshot_folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-snapshots-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(passphrase?: string): Promise<Account> {
  const database = new MemoryDatabase();
  // Another account of the database, whose rows must not show.
  await memoryBackend({ database, account: "other" }).putIdentity("99999999@lid.0", new Uint8Array(32));
  return await openAccount({
    backend: memoryBackend({ database }),
    host: fakeHost(),
    saverIntervalMs: "manual",
    snapshotSink: snapshotFolder(join(folder, "kept"), { passphrase }),
  });
}

function kept(): string[] {
  return readdirSync(join(folder, "kept")).sort();
}

async function* content(name: string): AsyncGenerator<Uint8Array> {
  yield readFileSync(join(folder, "kept", name));
}

describe("snapshotFolder", () => {
  test("writes the account's rows alone, redacted, with the extra bytes beside them", async () => {
    await using account = await open();
    await account.store.putIdentity("5511@c.us.0", new Uint8Array(32).fill(7));
    await account.device.createSnapshot("../before upgrade", new Uint8Array([1, 2, 3]));
    const at = account.host.clock.nowMs();
    expect(kept()).toEqual([`_before_upgrade-${at}.extra`, `_before_upgrade-${at}.ndjson`]);
    const [extra = "", file = ""] = kept();
    expect(readFileSync(join(folder, "kept", extra))).toEqual(Buffer.from([1, 2, 3]));
    const mode = statSync(join(folder, "kept", file)).mode & 0o777;
    expect(mode).toBe(process.platform === "win32" ? 0o666 : 0o600);
    const text = readFileSync(join(folder, "kept", file), "utf8");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      name: "../before upgrade",
      extraBytes: 3,
      database: { account: "default" },
    });
    expect(lines.slice(1)).toEqual([
      { table: "identity", row: { address: "5511@c.us.0", key: { bytes: 32 } } },
    ]);
    expect(text).not.toContain("99999999");
  });

  test("with secrets writes a backup, which is imported as a copy", async () => {
    await using account = await open();
    await account.commitWith(drawWrites(new SeededRandom(3), 40));
    await account.store.putIdentity("5511@c.us.0", new Uint8Array(32).fill(7));
    await account.device.createSnapshot("full", new Uint8Array([9]), { secrets: true });
    expect(kept().map((name) => name.split(".")[1])).toEqual(["extra", "holdfast"]);
    const database = new MemoryDatabase();
    const backend = memoryBackend({ database });
    const { header } = await importAccount(backend, content(kept()[1] ?? ""), {
      mode: "new",
      host: fakeHost(),
    });
    expect(header.kind).toBe("backup");
    await using copy = await openAccount({ backend, host: fakeHost() });
    expect(await copy.store.loadIdentity("5511@c.us.0")).toEqual(new Uint8Array(32).fill(7));
    expect(copy.signalPolicy.restoreEpoch).toBe(1);
  });

  test("leaves no file when it fails", async () => {
    await using account = await open("short");
    const refused = account.device.createSnapshot("full", undefined, { secrets: true });
    await expect(refused).rejects.toBeInstanceOf(TypeError);
    expect(kept()).toEqual([]);
  });
});
