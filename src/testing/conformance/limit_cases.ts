import type { Backend, Device, LidPnMapping, PendingInbound, Write } from "../../backend/mod.ts";
import type { RefusedError } from "../../errors/mod.ts";
import { check, equal, fails } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { fullDevice, numbered, sampleBytes } from "./samples.ts";
import { readAll } from "./universe.ts";

/** Rows of the long lists. Exceeds the parameter limit of every supported platform. */
const MANY = 3_000;

/**
 * Parameter limits up to this are tested on both sides for lists of rows. Higher ones would only take longer.
 */
const SMALL_LIMIT = 1_000;

/** Largest value that a case tries to store, in bytes: 20 MB. */
const MAX_TRIED_BYTES = 20_000_000;

/** A value longer than any known page, packet or inline buffer, in bytes. */
const LONG_BYTES = 90_000;

/** Lengths around the limits at which lists are split. */
function lengths(backend: Backend): number[] {
  const max = backend.capabilities.maxParameters;
  if (max === undefined || max > SMALL_LIMIT) return [1, MANY];
  return [1, max - 1, max, max + 1, 2 * max + 1, MANY];
}

function pending(id: string, receivedAt: number): PendingInbound {
  return { chat: "c", sender: "s", id, payload: new TextEncoder().encode(id), receivedAt };
}

function byteOf(index: number): Uint8Array {
  return new Uint8Array([index & 255, index >> 8]);
}

const listCases: readonly ConformanceCase[] = [
  {
    name: "long lists: sessions",
    async run(harness) {
      const backend = await harness.open();
      const addresses = numbered("user", MANY).map((user) => `${user}@lid.0`);
      await backend.commit(
        addresses.map((address, index): Write => ({ kind: "session.put", address, record: byteOf(index) })),
      );
      for (const length of lengths(backend)) {
        const asked = addresses.slice(0, length);
        equal(
          await backend.getSessions(asked),
          asked.map((_, index) => byteOf(index)),
          `${length} sessions`,
        );
        const users = numbered("user", length);
        equal((await backend.listSignalAddresses(users)).length, length, `addresses of ${length} users`);
      }
      await backend.commit(addresses.slice(1).map((address): Write => ({ kind: "session.delete", address })));
      equal((await backend.getSessions(addresses)).filter(Boolean).length, 1, "sessions left");
    },
  },
  {
    name: "long lists: one read with more keys than parameters",
    async run(harness) {
      const backend = await harness.open();
      const count = (backend.capabilities.maxParameters ?? MANY) + 1;
      await backend.putSession("user0@lid.0", byteOf(1));
      const asked = numbered("user", count).map((user) => `${user}@lid.0`);
      asked.push("user0@lid.0");
      const sessions = await backend.getSessions(asked);
      equal(sessions.length, count + 1, "answers");
      equal([sessions[0], sessions[1], sessions[count]], [byteOf(1), undefined, byteOf(1)], "sessions");
    },
  },
  {
    name: "long lists: pre-keys",
    async run(harness) {
      const backend = await harness.open();
      for (const length of lengths(backend)) {
        const ids = Array.from({ length }, (_, index) => index + 1);
        await backend.storePreKeys(
          ids.map((id) => ({ id, record: byteOf(id) })),
          false,
        );
        await backend.markPreKeysUploaded(ids.slice(1));
        const rows = ids.map((id) => ({ id, record: byteOf(id), uploaded: id > 1 }));
        equal(await backend.loadPreKeys(ids.toReversed()), rows, `${length} pre-keys`);
        await backend.commit(ids.map((id): Write => ({ kind: "preKey.remove", id })));
        equal(await backend.getMaxPreKeyId(), 0, `greatest id after removing ${length}`);
      }
    },
  },
  {
    name: "long lists: mutation MACs",
    async run(harness) {
      const backend = await harness.open();
      for (const length of lengths(backend)) {
        const macs = Array.from({ length }, (_, index) => ({
          indexMac: new Uint8Array([...byteOf(index), 7]),
          valueMac: byteOf(index),
        }));
        const keys = macs.map(({ indexMac }) => indexMac);
        await backend.putMutationMacs("regular", 1n, macs);
        const values = macs.map(({ valueMac }) => valueMac);
        equal(await backend.getMutationMacs("regular", keys), values, `${length} MACs`);
        await backend.deleteMutationMacs("regular", keys.slice(1));
        const [first, ...rest] = await backend.getMutationMacs("regular", keys);
        equal(first, values[0], "the one that was not deleted");
        check(
          rest.every((value) => value === undefined),
          `some of ${length} MACs were not deleted`,
        );
      }
    },
  },
  {
    name: "long lists: sender-key devices",
    async run(harness) {
      const backend = await harness.open();
      for (const length of lengths(backend)) {
        const jids = numbered("1000:", length);
        await backend.setSenderKeyStatus(
          "g",
          jids.map((jid, index) => [jid, index % 2 === 0]),
        );
        const rows = await backend.getSenderKeyDevices("g");
        equal(rows.length, length, `rows of ${length}`);
        equal(rows.filter(([, hasKey]) => hasKey).length, Math.ceil(length / 2), `keys of ${length}`);
        await backend.deleteSenderKeyDeviceRows(jids.slice(1));
        equal(await backend.getSenderKeyDevices("g"), [["1000:0", true]], `left of ${length}`);
      }
    },
  },
  {
    name: "long lists: LID mappings",
    async run(harness) {
      const backend = await harness.open();
      for (const length of lengths(backend)) {
        const mappings = Array.from(
          { length },
          (_, n): LidPnMapping => ({
            lid: `lid${n}`,
            phoneNumber: `55${n}`,
            createdAt: n,
            updatedAt: 2 * n,
            learningSource: "pairing",
          }),
        );
        const lids = mappings.map(({ lid }) => lid);
        const phones = mappings.map(({ phoneNumber }) => phoneNumber);
        await backend.putLidMappings(mappings);
        equal(await backend.getLidMappings(lids), mappings, `${length} by LID`);
        equal(await backend.getPnMappings(phones), mappings, `${length} by phone`);
        await backend.deleteLidMappings(lids);
        equal((await backend.getPnMappings(phones)).filter(Boolean), [], `left of ${length}`);
      }
    },
  },
  {
    name: "long lists: device lists",
    async run(harness) {
      const backend = await harness.open();
      for (const length of lengths(backend)) {
        const users = numbered("", length);
        await backend.updateDeviceLists(
          users.map((user, timestamp) => ({ user, devices: [{ deviceId: 0 }], timestamp })),
        );
        const times = (await backend.getDevicesFor(users)).map((record) => record?.timestamp);
        equal(
          times,
          users.map((_, timestamp) => timestamp),
          `times of ${length}`,
        );
      }
    },
  },
  {
    name: "long lists: pending inbound messages and message secrets",
    async run(harness) {
      const backend = await harness.open();
      for (const length of lengths(backend)) {
        const rows = numbered("3EB", length).map((id, index) => pending(id, index));
        await backend.storePendingInbound(rows);
        equal(await backend.listPendingInbound(length + 1), rows, `${length} pending`);
        await backend.deletePendingInbound(rows.slice(1));
        equal(await backend.listPendingInbound(length + 1), rows.slice(0, 1), `left of ${length}`);
        const secrets = rows.map(({ chat, sender, id }, seed) => ({
          ...{ chat, sender, id, secret: sampleBytes(seed, 32) },
          ...{ expiresAt: 1, messageTs: 0 },
        }));
        await backend.putMsgSecrets(secrets);
        const last = secrets[length - 1];
        equal(
          (await backend.getMsgSecret("c", "s", last?.id ?? ""))?.secret,
          last?.secret,
          `secret ${length}`,
        );
        equal(await backend.deleteExpiredMsgSecrets(1), length, `${length} secrets expired`);
      }
    },
  },
  {
    name: "long lists: a commit of thousands of mixed writes keeps their order",
    async run(harness) {
      const backend = await harness.open();
      const writes: Write[] = [];
      for (let n = 0; n < MANY; n += 1) {
        const address = `${n % 700}@lid.0`;
        if (n % 3 === 0) writes.push({ kind: "identity.put", address, key: sampleBytes(n, 32) });
        else if (n % 7 === 0) writes.push({ kind: "session.delete", address });
        else writes.push({ kind: "session.put", address, record: byteOf(n) });
      }
      await backend.commit(writes);
      const sessions = new Map<string, Uint8Array>();
      const identities = new Map<string, Uint8Array>();
      for (const write of writes) {
        if (write.kind === "session.put") sessions.set(write.address, write.record);
        if (write.kind === "session.delete") sessions.delete(write.address);
        if (write.kind === "identity.put") identities.set(write.address, write.key);
      }
      const addresses = numbered("", 700).map((user) => `${user}@lid.0`);
      await afterEachRestart(harness, backend, async (open) => {
        const stored = await open.getSessions(addresses);
        equal(
          stored,
          addresses.map((address) => sessions.get(address)),
          "sessions",
        );
        for (const address of addresses.slice(0, 50)) {
          equal(await open.loadIdentity(address), identities.get(address), `identity of ${address}`);
        }
      });
    },
  },
];

/** The greatest value of all times and counters. */
const MOST: number = Number.MAX_SAFE_INTEGER;

const numberCases: readonly ConformanceCase[] = [
  {
    name: "big numbers: times and counters keep all 53 bits",
    async run(harness) {
      const backend = await harness.open();
      const mapping: LidPnMapping = {
        lid: "1000",
        phoneNumber: "5511",
        createdAt: MOST,
        updatedAt: MOST - 1,
        learningSource: "usync",
      };
      const token = { token: byteOf(1), tokenTimestamp: MOST, senderTimestamp: MOST - 1 };
      const device: Device = {
        ...fullDevice(1),
        appVersionLastFetchedMs: MOST - 1,
        loginCounter: MOST,
        lastSignedPreKeyRotationMs: MOST,
      };
      const secret = { chat: "c", sender: "s", id: "i", secret: sampleBytes(1, 32) };
      await backend.commit([
        { kind: "lidMapping.put", entries: [mapping] },
        { kind: "tcToken.put", jid: "1000@lid", entry: token },
        { kind: "pendingInbound.put", rows: [pending("i", MOST)] },
        { kind: "msgSecret.put", entries: [{ ...secret, expiresAt: MOST, messageTs: MOST - 2 }] },
        { kind: "deviceList.put", records: [{ user: "1000", devices: [], timestamp: MOST }] },
        { kind: "device.save", device },
      ]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getLidMapping("1000"), mapping, "mapping");
        equal(await open.getTcToken("1000@lid"), token, "token");
        equal(await open.listPendingInbound(1), [pending("i", MOST)], "pending inbound");
        equal((await open.getMsgSecret("c", "s", "i"))?.messageTs, MOST - 2, "time of a secret");
        equal((await open.getDevices("1000"))?.timestamp, MOST, "time of a device list");
        equal(await open.load(), device, "device");
      });
      equal(await (await harness.open()).deleteExpiredMsgSecrets(MOST - 1), 0, "secrets that expire later");
      equal(await (await harness.open()).deleteExpiredMsgSecrets(MOST), 1, "secrets that expire by then");
    },
  },
];

/** One write for each kind that holds a value of any length. */
function bigWrites(value: Uint8Array): Write[] {
  const message = { chat: "c", sender: "s", id: "i" };
  const state = { version: 1n, hash: sampleBytes(1, 128), macMismatchFatal: false };
  return [
    { kind: "session.put", address: "1000@lid.0", record: value },
    { kind: "senderKey.put", name: "g@g.us:1000@lid.0", record: value },
    { kind: "preKey.put", id: 1, record: value, uploaded: false },
    { kind: "signedPreKey.put", id: 1, record: value },
    { kind: "groupMetadata.put", group: "g@g.us", blob: value },
    { kind: "sentMessage.put", chat: "c", id: "i", payload: value, createdAt: 1 },
    { kind: "pendingInbound.put", rows: [{ ...message, payload: value, receivedAt: 1 }] },
    {
      kind: "messageSegment.put",
      segments: [{ log: "message", seq: 1, expiresAt: 1, head: byteOf(1), payload: value }],
    },
    { kind: "tcToken.put", jid: "1000@lid", entry: { token: value, tokenTimestamp: 1 } },
    { kind: "tcToken.receive", jid: "1000@lid", token: value, tokenTimestamp: 2 },
    { kind: "baseKey.put", address: "1000@lid.0", messageId: "i", key: value, createdAt: 1 },
    {
      kind: "mutationMacs.put",
      name: "regular",
      version: 1n,
      macs: [{ indexMac: byteOf(1), valueMac: value }],
    },
    { kind: "syncVersion.put", name: "regular", state: { ...state, indexValueMap: new Map([["x", value]]) } },
    { kind: "device.save", device: { ...fullDevice(1), extra: new Map([["x", value]]) } },
  ];
}

/** Reads back what `bigWrites` wrote. */
async function readBig(backend: Backend, value: Uint8Array): Promise<(Uint8Array | undefined)[]> {
  return [
    await backend.getSession("1000@lid.0"),
    await backend.getSenderKey("g@g.us:1000@lid.0"),
    await backend.loadPreKey(1),
    await backend.loadSignedPreKey(1),
    await backend.getGroupMetadata("g@g.us"),
    await backend.getSentMessage("c", "i"),
    (await backend.getPendingInbound("c", "s", "i"))?.payload,
    (await backend.getMessageSegment("message", 1))?.payload,
    (await backend.getTcToken("1000@lid"))?.token,
    (await backend.hasSameBaseKey("1000@lid.0", "i", value)) ? value : undefined,
    await backend.getMutationMac("regular", byteOf(1)),
    (await backend.getVersion("regular")).indexValueMap.get("x"),
    (await backend.load())?.extra.get("x"),
  ];
}

const valueCases: readonly ConformanceCase[] = [
  {
    name: "big values: keeps a long value of every kind",
    async run(harness) {
      const backend = await harness.open();
      const value = sampleBytes(1, LONG_BYTES);
      await backend.commit(bigWrites(value));
      const stored = await readBig(await harness.reopen(), value);
      equal(
        stored,
        stored.map(() => value),
        "values",
      );
    },
  },
  {
    name: "big values: keeps a value of the maximum length",
    async run(harness) {
      const backend = await harness.open();
      const value = new Uint8Array(Math.min(backend.capabilities.maxValueBytes, MAX_TRIED_BYTES)).fill(7);
      value[value.length - 1] = 1;
      await backend.putSession("1000@lid.0", value);
      equal(await (await harness.reopen()).getSession("1000@lid.0"), value, "session");
    },
  },
  {
    name: "big values: refuses one byte more and names the write",
    async run(harness) {
      const backend = await harness.open();
      const { maxValueBytes } = backend.capabilities;
      if (maxValueBytes > MAX_TRIED_BYTES) return;
      const small: Write = { kind: "session.put", address: "5511999990000@c.us.0", record: byteOf(1) };
      const before = await readAll(backend);
      for (const write of bigWrites(new Uint8Array(maxValueBytes + 1))) {
        const error = await fails(() => backend.commit([small, write]), "refused", write.kind);
        equal((error as RefusedError).writeIndex, 1, `${write.kind}: index of the refused write`);
      }
      equal(await readAll(backend), before, "contents");
    },
  },
];

/** Lists past the parameter limit, and values and numbers at their limits. */
export const limitCases: readonly ConformanceCase[] = [...listCases, ...numberCases, ...valueCases];
