import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { libsqlBackend } from "../adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../adapters/libsql/open_driver.ts";
import type { Write } from "../backend/mod.ts";
import { includesBytes } from "../bytes/mod.ts";
import { CorruptError, SealedError } from "../errors/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { signalCache } from "../signal/mod.ts";
import { fakeHost, SeededRandom } from "../testing/mod.ts";
import { rotateKey } from "./rotate_key.ts";
import { type SealingOptions, sealing } from "./sealing.ts";

const KEYS: SealingOptions = { keys: { one: new Uint8Array(32).fill(1) } };
const TURN_ON: SealingOptions = { ...KEYS, sealExisting: true };

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-sealing-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const url = (): string => `file:${join(folder, "bot.db")}`;

function open(options: SealingOptions | undefined, account?: string) {
  const backend = libsqlBackend({
    url: url(),
    account,
    logger: silentLogger,
    sealing: options && sealing(options),
  });
  return openAccount({ backend, host: fakeHost({ seed: 1 }) });
}

/** Everything that is stored, read after everything is closed. */
function storedBytes(): Uint8Array {
  const files = readdirSync(folder).filter((name) => !name.endsWith("-shm"));
  return new Uint8Array(Buffer.concat(files.map((name) => readFileSync(join(folder, name)))));
}

describe("a sealed file", () => {
  test("has nothing of a secret left when an account that was not sealed is", async () => {
    const random = new SeededRandom(4);
    const secrets = Array.from({ length: 300 }, () => random.bytes(24));
    const plain = await open(undefined);
    await plain.store.commit(
      secrets.map((secret, index): Write => {
        if (index % 3 === 0) return { kind: "session.put", address: `${index}@lid.0`, record: secret };
        if (index % 3 === 1)
          return { kind: "sentMessage.put", chat: "c@g.us", id: `${index}`, payload: secret, createdAt: 1 };
        return { kind: "groupMetadata.put", group: `${index}@g.us`, blob: secret };
      }),
    );
    // What was deleted before is in free pages.
    await plain.store.commit(
      Array.from({ length: 50 }, (_, index) => ({ kind: "session.delete", address: `${3 * index}@lid.0` })),
    );
    const { privateKey } = plain.device.getDeviceSnapshot().identityKey;
    await plain.close();
    const found = (): number =>
      [...secrets, privateKey].filter((secret) => includesBytes(storedBytes(), secret)).length;
    expect(found()).toBeGreaterThan(200);
    const account = await open(TURN_ON);
    expect((await rotateKey(account)).isDone).toBe(true);
    await account.close();
    expect(found()).toBe(0);
    const again = await open(KEYS);
    for (const [index, secret] of secrets.entries()) {
      if (index % 3 === 2) expect(await again.store.getGroupMetadata(`${index}@g.us`)).toEqual(secret);
    }
    await again.close();
  });

  test("is refused without its key beside its owner, who goes on", async () => {
    const account = await open(KEYS);
    await expect(open(undefined)).rejects.toThrow(SealedError);
    await expect(open({ keys: { one: new Uint8Array(32) } })).rejects.toThrow(SealedError);
    const other = await open(undefined, "other");
    await account.store.putSession("1@lid.0", Uint8Array.of(1));
    expect(await account.store.getSession("1@lid.0")).toEqual(Uint8Array.of(1));
    await account.close();
    await other.close();
  });

  test("sets a damaged session aside, and takes no other value for absent", async () => {
    const account = await open(KEYS);
    await account.store.putSession("1@lid.0", Uint8Array.of(1));
    await account.store.putIdentity("1@lid.0", new Uint8Array(32).fill(5));
    await account.close();
    const driver = await openLibsqlDriver({ url: url(), logger: silentLogger });
    const flipped = "substr(record, 1, 50) || x'ff' || substr(record, 52)";
    await driver.batch([
      { sql: `UPDATE session SET record = CAST(${flipped} AS BLOB)`, params: [] },
      { sql: `UPDATE identity SET key = CAST(${flipped.replaceAll("record", "key")} AS BLOB)`, params: [] },
    ]);
    await driver.close();
    const again = await open(KEYS);
    const cache = signalCache(again);
    expect(await cache.sessions.load("1@lid.0")).toBeUndefined();
    await again.flush();
    expect(await again.store.listQuarantined()).toMatchObject([{ store: "session", reason: "undecodable" }]);
    await expect(again.store.loadIdentity("1@lid.0")).rejects.toThrow(CorruptError);
    await again.close();
  });
});
