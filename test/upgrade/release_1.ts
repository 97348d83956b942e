/**
 * A database as the release with schema 1 left it: `release_1.sql` is what that release made of these writes,
 * statement by statement. Neither changes any more.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { SqlStatement } from "../../src/adapters/sqlite/mod.ts";
import { type HashState, initialDevice, type Write } from "../../src/backend/mod.ts";
import { hexOf } from "../../src/bytes/mod.ts";
import { createDevice } from "../../src/device/mod.ts";
import { encodeMessage } from "../../src/protobuf/mod.ts";
import { HashStateSchema } from "../../src/records/gen/app_state.ts";
import { FakeClock, SeededRandom } from "../../src/testing/mod.ts";

const random = new SeededRandom(1);
const bytes = (length: number): Uint8Array => random.bytes(length);

/** The dump has random bytes in place of keys. Those of this device take their places. */
const { noiseKey, identityKey, signedPreKey, signedPreKeySignature } = await createDevice({
  random: new SeededRandom(2),
  clock: new FakeClock(),
});

/** Draws as many bytes as the dump has in the place of a value. */
function inPlaceOf<Value>(length: number, value: Value): Value {
  bytes(length);
  return value;
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString("base64");
}

function state(version: bigint, mutations: number): HashState {
  const entries = Array.from({ length: mutations }, () => [base64(bytes(32)), bytes(32)] as const);
  return { version, hash: bytes(128), indexValueMap: new Map(entries), macMismatchFatal: false };
}

function message(id: string) {
  return { chat: "1000@lid", sender: "1000@lid", id };
}

/** The writes of each account. */
export const RELEASE_1_ACCOUNTS: Readonly<Record<string, readonly Write[]>> = {
  alice: [
    {
      kind: "device.save",
      device: {
        ...initialDevice(),
        registrationId: 4_711,
        noiseKey: inPlaceOf(64, noiseKey),
        identityKey: inPlaceOf(64, identityKey),
        signedPreKey: inPlaceOf(64, signedPreKey),
        signedPreKeyId: 1,
        signedPreKeySignature: inPlaceOf(64, signedPreKeySignature),
        advSecretKey: bytes(32),
        pn: "15550000001:1@s.whatsapp.net",
        lid: "100000000000001:1@lid",
        pushName: "Zoë 'quoted'",
        nextPreKeyId: 31,
        extra: new Map([["note", bytes(5)]]),
      },
    },
    { kind: "identity.put", address: "1000@lid.0", key: bytes(32) },
    { kind: "session.put", address: "1000@lid.0", record: bytes(60) },
    {
      kind: "session.put",
      address: "1000:3@lid.0",
      record: bytes(40),
      lease: { reservedUntil: 8, incarnation: "a".repeat(32), burned: 2 },
    },
    { kind: "preKey.put", id: 30, record: bytes(70), uploaded: true },
    { kind: "signedPreKey.put", id: 1, record: bytes(90) },
    { kind: "senderKey.put", name: "120363000000000001@g.us:1000@lid.0", record: bytes(80) },
    {
      kind: "syncKey.put",
      keyId: bytes(6),
      key: { keyData: bytes(32), fingerprint: bytes(4), timestamp: 1_700_000_000 },
    },
    { kind: "syncVersion.put", name: "regular_low", state: state(41n, 40) },
    { kind: "syncVersion.put", name: "regular", state: { ...state(9n, 3), macMismatchFatal: true } },
    { kind: "syncVersion.put", name: "critical_block", state: state(2n ** 64n - 1n, 0) },
    {
      kind: "mutationMacs.put",
      name: "regular_low",
      version: 41n,
      macs: [{ indexMac: bytes(32), valueMac: bytes(32) }],
    },
    { kind: "senderKeyDevices.set", group: "120363000000000001@g.us", entries: [["1000:3@lid", true]] },
    {
      kind: "lidMapping.put",
      entries: [
        {
          lid: "1000",
          phoneNumber: "15550000002",
          createdAt: 1_700_000_000,
          updatedAt: 1_700_000_001,
          learningSource: "usync",
        },
      ],
    },
    {
      kind: "deviceList.put",
      records: [{ user: "1000", devices: [{ deviceId: 3 }], timestamp: 1_700_000_000 }],
    },
    { kind: "groupMetadata.put", group: "120363000000000001@g.us", blob: bytes(20) },
    { kind: "sentMessage.put", chat: "1000@lid", id: "3EB0", payload: bytes(30), createdAt: 1_700_000_000 },
    {
      kind: "pendingInbound.put",
      rows: [{ ...message("3EB1"), payload: bytes(9), receivedAt: 1_700_000_000 }],
    },
    {
      kind: "msgSecret.put",
      entries: [{ ...message("3EB2"), secret: bytes(32), expiresAt: 0, messageTs: 1_700_000_000 }],
    },
  ],
  // Its one collection was forgotten again.
  bob: [
    { kind: "session.put", address: "1000@lid.0", record: bytes(60) },
    { kind: "syncVersion.put", name: "regular_low", state: state(7n, 5) },
    { kind: "syncVersion.delete", name: "regular_low" },
  ],
  "carol's": [{ kind: "syncVersion.put", name: "regular_low", state: state(3n, 200) }],
};

const PAIRS = [noiseKey, identityKey, signedPreKey].map(({ privateKey, publicKey }) => {
  return `X'${hexOf(privateKey)}${hexOf(publicKey)}'`;
});

const REAL_KEYS = `UPDATE "device" SET noise_key = ${PAIRS[0]}, identity_key = ${PAIRS[1]},
  signed_pre_key = ${PAIRS[2]}, signed_pre_key_signature = X'${hexOf(signedPreKeySignature)}' WHERE device_id = 1`;

/** The statements that make it: the layout first, then the rows. */
export function release1Statements(): SqlStatement[] {
  const text = readFileSync(resolve("test/upgrade/release_1.sql"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("--"));
  return [...lines, REAL_KEYS].map((sql) => ({ sql, params: [] }));
}

/** The statements of its layout alone. */
export function release1Layout(): SqlStatement[] {
  return release1Statements().filter(({ sql }) => /^CREATE |INTO "holdfast_schema"/.test(sql));
}

/** How that release stored a collection, word for word. */
const PUT_SYNC_VERSION = `INSERT INTO sync_version (device_id, name, version, mac_mismatch_fatal, hash, index_values)
  VALUES (?,?,?,?,?,?) ON CONFLICT (device_id, name) DO UPDATE SET version = excluded.version,
    mac_mismatch_fatal = excluded.mac_mismatch_fatal, hash = excluded.hash, index_values = excluded.index_values`;

/** The statement by which that release stored a collection. */
export function release1PutVersion(accountId: number, name: string, state: HashState): SqlStatement {
  const { version, macMismatchFatal, hash, indexValueMap } = state;
  const map = [...indexValueMap].map(([key, value]) => ({ key, value }));
  const values = encodeMessage(HashStateSchema, { map }, "encode index values");
  return {
    sql: PUT_SYNC_VERSION,
    params: [accountId, name, String(version), macMismatchFatal ? 1 : 0, hash, values],
  };
}
/** The check of the owner in front of each of its commits. */
export function release1Guard(accountId: number, owner: string, epoch: number): SqlStatement {
  return {
    sql: `SELECT CASE WHEN (SELECT owner IS ? AND epoch BETWEEN ? AND ? FROM account WHERE device_id = ?)
      THEN 1 ELSE json('fenced') END`,
    params: [owner, epoch, epoch, accountId],
  };
}
