import { beforeEach, describe, expect, test } from "vitest";
import { senderKeyRecordBytes, sessionRecordBytes } from "../../test/support/signal/sample_signal_records.ts";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import { createDevice, generateKeyPair } from "../device/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { encodePreKey } from "../records/mod.ts";
import { fakeHost, SeededRandom } from "../testing/mod.ts";
import { verifyAccount } from "./verify_account.ts";

const OWN = "5511999990000";
const OWN_LID = "100000000000009";
const PEER = "551100000001@c.us.0";
const GROUP = "120363000000000001@g.us";
const LEASE = { reservedUntil: 5, incarnation: "0".repeat(32), burned: 0 };

let backend: Backend;

beforeEach(async () => {
  const host = fakeHost({ seed: 7 });
  const database = new MemoryDatabase();
  const account = await openAccount({
    backend: memoryBackend({ database }),
    host: { ...host, logger: silentLogger },
    saverIntervalMs: "manual",
    newDevice: async () => ({
      ...(await createDevice(host)),
      pn: `${OWN}:3@s.whatsapp.net`,
      lid: `${OWN_LID}:3@lid`,
    }),
  });
  await account.device.generatePreKeys(3);
  await account.flush();
  await account.close();
  backend = memoryBackend({ database });
  await backend.commit([
    { kind: "session.put", address: PEER, record: sessionRecordBytes(1), lease: LEASE },
    {
      kind: "senderKey.put",
      name: `${GROUP}:${OWN}:3@c.us.0`,
      record: senderKeyRecordBytes(1),
      lease: LEASE,
    },
    { kind: "senderKeyDevices.set", group: GROUP, entries: [["551100000001:0@s.whatsapp.net", true]] },
    {
      kind: "syncVersion.put",
      name: "regular",
      state: { version: 3n, hash: new Uint8Array(128), indexValueMap: new Map(), macMismatchFatal: false },
    },
    {
      kind: "mutationMacs.put",
      name: "regular",
      version: 3n,
      macs: [{ indexMac: new Uint8Array(32), valueMac: new Uint8Array(32) }],
    },
  ]);
});

/** The codes that are found, without those of a sound account. */
async function codesAfter(...writes: readonly Write[]): Promise<string[]> {
  const before = (await verifyAccount(backend)).findings;
  expect(before).toEqual([]);
  await backend.commit(writes);
  return (await verifyAccount(backend)).findings.map(({ code, table }) => `${table} ${code}`);
}

describe("verifyAccount", () => {
  test("finds nothing in a sound account, and counts its rows", async () => {
    const { findings, rows } = await verifyAccount(backend);
    expect(findings).toEqual([]);
    expect(rows).toBeGreaterThan(7);
  });

  test.each<readonly [string, Write, string]>([
    [
      "a session that does not decode",
      { kind: "session.put", address: PEER, record: new Uint8Array(40).fill(255), lease: LEASE },
      "session undecodable",
    ],
    [
      "a session of another identity",
      { kind: "identity.put", address: PEER, key: new SeededRandom(9).bytes(32) },
      "identity other-identity",
    ],
    [
      "a lease far ahead of its chain",
      {
        kind: "session.put",
        address: PEER,
        record: sessionRecordBytes(1),
        lease: { ...LEASE, reservedUntil: 9_000 },
      },
      "session long-lease",
    ],
    [
      "a name that no client uses",
      { kind: "session.put", address: "nonsense", record: sessionRecordBytes(1) },
      "session malformed-key",
    ],
    [
      "an identity of an address that no client uses",
      { kind: "identity.put", address: "5511000001067Hc.us.0", key: new SeededRandom(9).bytes(32) },
      "identity malformed-key",
    ],
    [
      "a mapping of an unknown source",
      {
        kind: "lidMapping.put",
        entries: [
          {
            ...{ lid: "1000000000018", phoneNumber: "551100001018", createdAt: 18, updatedAt: 18 },
            learningSource: "usy.c" as never,
          },
        ],
      },
      "lidMapping malformed-key",
    ],
    [
      "a sender key that does not decode",
      { kind: "senderKey.put", name: `${GROUP}:${PEER}`, record: new Uint8Array(40).fill(255) },
      "senderKey undecodable",
    ],
    [
      "marks without a key of ours",
      { kind: "senderKey.delete", name: `${GROUP}:${OWN}:3@c.us.0` },
      "senderKeyDevices mark-without-key",
    ],
    [
      "a pre-key that does not decode",
      { kind: "preKey.put", id: 2, record: new Uint8Array(70).fill(255), uploaded: false },
      "preKey undecodable",
    ],
    [
      "a pre-key with the halves of two",
      {
        kind: "preKey.put",
        id: 2,
        uploaded: false,
        record: encodePreKey({
          id: 2,
          publicKey: generateKeyPair(new SeededRandom(1)).publicKey,
          privateKey: generateKeyPair(new SeededRandom(2)).privateKey,
        }),
      },
      "preKey undecodable",
    ],
    [
      "MACs of a version that the collection does not have",
      {
        kind: "mutationMacs.put",
        name: "regular",
        version: 9n,
        macs: [{ indexMac: new Uint8Array(32).fill(1), valueMac: new Uint8Array(32) }],
      },
      "mutationMacs newer-than-collection",
    ],
    [
      "MACs of an unknown collection",
      {
        kind: "mutationMacs.put",
        name: "other",
        version: 1n,
        macs: [{ indexMac: new Uint8Array(32), valueMac: new Uint8Array(32) }],
      },
      "mutationMacs unknown-collection",
    ],
    [
      "a mapping of our LID to another number",
      {
        kind: "lidMapping.put",
        entries: [
          { lid: OWN_LID, phoneNumber: "5511", createdAt: 1, updatedAt: 1, learningSource: "usync" as const },
        ],
      },
      "lidMapping own-mapping",
    ],
    [
      "a segment that does not decode",
      {
        kind: "messageSegment.put",
        segments: [
          {
            log: "sent",
            seq: 1,
            expiresAt: 2,
            head: new Uint8Array(1),
            payload: new Uint8Array(9).fill(255),
          },
        ],
      },
      "messageSegment undecodable",
    ],
  ])("finds %s, says what to do, and names no secret", async (_, write, expected) => {
    expect(await codesAfter(write)).toEqual([expected]);
    const { findings } = await verifyAccount(backend);
    for (const { what, remedy } of findings) {
      expect(what).toMatch(/\.$/);
      expect(remedy).toMatch(/\.$/);
      expect(what).not.toMatch(/[0-9a-f]{40}/);
    }
  });

  test("finds keys of the device that do not belong together", async () => {
    const device = await backend.load();
    if (device === undefined) throw new Error("no device");
    const other = generateKeyPair(new SeededRandom(3));
    const found = await codesAfter({
      kind: "device.save",
      device: { ...device, noiseKey: { ...device.noiseKey, publicKey: other.publicKey } },
    });
    expect(found).toEqual(["device unsound-keys"]);
  });

  test("offers repairs that leave nothing to find, and no identity changed", async () => {
    await backend.commit([
      { kind: "identity.put", address: PEER, key: new SeededRandom(9).bytes(32) },
      { kind: "session.put", address: "551100000002@c.us.0", record: new Uint8Array(40).fill(255) },
      { kind: "senderKey.delete", name: `${GROUP}:${OWN}:3@c.us.0` },
      { kind: "preKey.put", id: 2, record: new Uint8Array(70).fill(255), uploaded: false },
    ]);
    const { findings } = await verifyAccount(backend);
    const repairs = findings.flatMap(({ repair }) => repair ?? []);
    expect(repairs.length).toBeGreaterThan(3);
    expect(repairs.filter(({ kind }) => kind.startsWith("identity.") || kind.startsWith("device."))).toEqual(
      [],
    );
    await backend.commit(repairs);
    const left = (await verifyAccount(backend)).findings;
    expect(left.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      "warning other-identity",
      "note quarantined",
    ]);
  });
});
