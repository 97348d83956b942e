/**
 * `baileysAuthState` as a drop-in: the same calls on `useMultiFileAuthState` and on an account, also after a
 * crash.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Curve, initAuthCreds, type SignalDataSet, useMultiFileAuthState } from "baileys";
import Long from "long";
import { afterAll, describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type BaileysAuthState, baileysAuthState } from "../../src/baileys/mod.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GROUP = "120363000000000001@g.us";

async function reopen(database: MemoryDatabase): Promise<BaileysAuthState & { close(): Promise<void> }> {
  const account = await openAccount({ backend: memoryBackend({ database }) });
  return { ...(await baileysAuthState(account)), close: () => account.close() };
}

/** One value of each of the ten types except the ratchets, which have their own tests. */
function samples(): SignalDataSet {
  const bytes = (fill: number, length = 32): Buffer => Buffer.alloc(length, fill);
  return {
    "pre-key": { "900": Curve.generateKeyPair(), "901": Curve.generateKeyPair() },
    "sender-key-memory": { [GROUP]: { "100000000000002:2@lid": true, "100000000000003@lid": false } },
    "app-state-sync-key": {
      [Buffer.from("key id").toString("base64")]: {
        keyData: bytes(1),
        fingerprint: { rawId: 7, currentIndex: 1, deviceIndexes: [0, 1] },
        timestamp: 1_700_000_000,
      },
    },
    "app-state-sync-version": {
      regular_low: {
        version: 12,
        hash: bytes(3, 128),
        indexValueMap: { [bytes(4).toString("base64")]: { valueMac: bytes(5) } },
      },
    },
    "lid-mapping": { "15550000001": "100000000000001", "100000000000001_reverse": "15550000001" },
    "device-list": { "100000000000002": ["0", "2", "17"] },
    tctoken: {
      "100000000000002@lid": { token: bytes(6, 12), timestamp: "1700000000", senderTimestamp: 1_700_000_001 },
      "100000000000003@lid": { token: Buffer.alloc(0), senderTimestamp: 1_700_000_002 },
    },
    "identity-key": { "100000000000002_1.2": Buffer.concat([Buffer.from([5]), bytes(8)]) },
  };
}

/**
 * Converts Buffers and Uint8Arrays to one form, and 64-bit integers of protobuf.js to numbers, for
 * comparison.
 */
function plain(value: unknown): unknown {
  if (Long.isLong(value)) return value.toNumber();
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== null)
      .map(([name, member]) => [name, plain(member)]),
  );
}

describe("baileysAuthState", () => {
  test("returns every type of key as the multi-file state does", async () => {
    const database = new MemoryDatabase();
    const files = await useMultiFileAuthState(join(folder, "types"));
    const data = samples();
    await files.state.keys.set(data);
    let opened = await reopen(database);
    await opened.state.keys.set(data);
    for (let opening = 0; opening < 2; opening += 1) {
      for (const [type, values] of Object.entries(data)) {
        const ids = [...Object.keys(values ?? {}), "absent"];
        // biome-ignore lint/suspicious/noExplicitAny: one loop over types whose values differ.
        const expected = (await files.state.keys.get(type as any, ids)) as Record<string, unknown>;
        for (const id of Object.keys(expected)) if (expected[id] === null) delete expected[id];
        expect(plain(await opened.state.keys.get(type, ids)), `${type}, opening ${opening}`).toEqual(
          plain(expected),
        );
      }
      await opened.close();
      opened = await reopen(database);
    }
  });

  test("deletes every type of key with null", async () => {
    const { state } = await reopen(new MemoryDatabase());
    const data = samples();
    await state.keys.set(data);
    for (const [type, values] of Object.entries(data)) {
      const ids = Object.keys(values ?? {});
      await state.keys.set({ [type]: Object.fromEntries(ids.map((id) => [id, null])) });
      expect(await state.keys.get(type, ids), type).toEqual({});
    }
  });

  test("lists stored tokens in their index", async () => {
    const { state } = await reopen(new MemoryDatabase());
    expect(await state.keys.get("tctoken", ["__index"])).toEqual({});
    await state.keys.set(samples());
    const { __index: index } = await state.keys.get("tctoken", ["__index"]);
    expect(JSON.parse(Buffer.from(index.token).toString())).toEqual([
      "100000000000002@lid",
      "100000000000003@lid",
    ]);
  });

  test("keeps all fields of the credentials of a paired device", async () => {
    const database = new MemoryDatabase();
    const first = await reopen(database);
    const paired = {
      ...pairedCreds({ pn: "15550000001" }),
      additionalData: { nested: [Buffer.from("x"), 1, "y"] },
    };
    Object.assign(first.state.creds, paired);
    await first.saveCreds();
    const { nextPreKeyId, firstUnuploadedPreKeyId } = first.state.creds;
    await first.close();
    const second = await reopen(database);
    expect(plain(second.state.creds)).toEqual(plain({ ...paired, nextPreKeyId, firstUnuploadedPreKeyId }));
  });

  test("refuses credentials with a key pair of two halves", async () => {
    const database = new MemoryDatabase();
    const first = await reopen(database);
    const { creds } = first.state;
    const sound = creds.signedPreKey;
    creds.signedPreKey = {
      ...sound,
      keyPair: { private: sound.keyPair.private, public: creds.noiseKey.public },
    };
    await expect(first.saveCreds()).rejects.toThrow("signedPreKey does not belong to its private key");
    creds.signedPreKey = { ...sound, signature: new Uint8Array(64).fill(7) };
    await first.saveCreds();
    await first.close();
    const second = await reopen(database);
    expect(plain(second.state.creds.signedPreKey.keyPair)).toEqual(plain(sound.keyPair));
    expect(second.state.creds.signedPreKey.signature).not.toEqual(Buffer.alloc(64, 7));
  });

  test("creates credentials with every field of Baileys' own", async () => {
    const { state } = await reopen(new MemoryDatabase());
    const own = initAuthCreds();
    for (const [name, value] of Object.entries(own)) {
      expect(typeof state.creds[name as keyof typeof state.creds], name).toBe(typeof value);
    }
    expect(state.creds.advSecretKey).toHaveLength(own.advSecretKey.length);
  });

  test("commits pre-keys and their counter together", async () => {
    const database = new MemoryDatabase();
    const { state } = await reopen(database);
    const last = state.creds.nextPreKeyId + 811;
    const ids = Array.from({ length: 812 }, (_, index) => state.creds.nextPreKeyId + index);
    await state.keys.set({ "pre-key": Object.fromEntries(ids.map((id) => [id, Curve.generateKeyPair()])) });
    // The process dies without saveCreds or close.
    const after = await reopen(database);
    expect(after.state.creds.nextPreKeyId).toBeGreaterThan(last);
  });

  test("rejects unknown types, malformed ids and malformed values", async () => {
    const { state } = await reopen(new MemoryDatabase());
    await expect(state.keys.get("no such type", ["1"])).rejects.toThrow(TypeError);
    await expect(state.keys.set({ "no such type": { "1": {} } })).rejects.toThrow(TypeError);
    const good = Curve.generateKeyPair();
    for (const bad of [
      { "pre-key": { "800": good, zero: good } },
      { "pre-key": { "800": good, "16777216": good } },
      { "pre-key": { "800": good, "801": { public: Buffer.alloc(31), private: Buffer.alloc(32) } } },
      { "pre-key": { "800": good }, "identity-key": { "1.0": Buffer.alloc(12) } },
      { "pre-key": { "800": good }, session: { "1.0": { not: "a session" } } },
    ]) {
      await expect(state.keys.set(bad)).rejects.toThrow(/^(?!.*undefined).+/);
      expect(await state.keys.get("pre-key", ["800"])).toEqual({});
    }
  });
});
