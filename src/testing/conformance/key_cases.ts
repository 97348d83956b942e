import type { Backend, Write } from "../../backend/mod.ts";
import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { HOSTILE_TEXTS, sampleBytes } from "./samples.ts";

/**
 * A place where a text is a key or a part of one: the writes that put and remove a row under it, and the read
 * of the number in that row.
 */
interface KeyPlace {
  readonly name: string;
  put(key: string, value: number): Write;
  get(backend: Backend, keys: readonly string[]): Promise<(number | undefined)[]>;
  remove(key: string, value: number): Write;
}

function bytesOf(value: number): Uint8Array {
  return new Uint8Array([value >> 8, value & 255, 1]);
}

function numberOf(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined ? undefined : ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
}

/** Reads each key with its own call, concurrently. */
function each(
  read: (backend: Backend, key: string) => Promise<Uint8Array | undefined>,
): (backend: Backend, keys: readonly string[]) => Promise<(number | undefined)[]> {
  return async (backend, keys) =>
    await Promise.all(keys.map(async (key) => numberOf(await read(backend, key))));
}

function identityKey(value: number): Uint8Array {
  const key = new Uint8Array(32);
  key.set(bytesOf(value));
  return key;
}

const SIGNAL_PLACES: readonly KeyPlace[] = [
  {
    name: "identity address",
    put: (address, value) => ({ kind: "identity.put", address, key: identityKey(value) }),
    get: each((backend, key) => backend.loadIdentity(key)),
    remove: (address) => ({ kind: "identity.delete", address }),
  },
  {
    name: "session address",
    put: (address, value) => ({ kind: "session.put", address, record: bytesOf(value) }),
    get: async (backend, keys) => (await backend.getSessions(keys)).map(numberOf),
    remove: (address) => ({ kind: "session.delete", address }),
  },
  {
    name: "sender key name",
    put: (name, value) => ({ kind: "senderKey.put", name, record: bytesOf(value) }),
    get: each((backend, key) => backend.getSenderKey(key)),
    remove: (name) => ({ kind: "senderKey.delete", name }),
  },
];

const INDEX_MAC = sampleBytes(1, 32);

const APP_SYNC_PLACES: readonly KeyPlace[] = [
  {
    name: "mutation MAC collection",
    put: (name, value) => ({
      kind: "mutationMacs.put",
      name,
      version: 1n,
      macs: [{ indexMac: INDEX_MAC, valueMac: bytesOf(value) }],
    }),
    get: each((backend, key) => backend.getMutationMac(key, INDEX_MAC)),
    remove: (name) => ({ kind: "mutationMacs.clear", name }),
  },
];

function lidMapping(lid: string, phoneNumber: string): Write {
  const entry = { lid, phoneNumber, createdAt: 1, updatedAt: 1, learningSource: "usync" as const };
  return { kind: "lidMapping.put", entries: [entry] };
}

function optionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

const RELATION_PLACES: readonly KeyPlace[] = [
  {
    name: "sender-key device group",
    put: (group, value) => ({ kind: "senderKeyDevices.set", group, entries: [[String(value), true]] }),
    get: async (backend, keys) => {
      const lists = await Promise.all(keys.map((key) => backend.getSenderKeyDevices(key)));
      return lists.map(([row]) => optionalNumber(row?.[0]));
    },
    remove: (group) => ({ kind: "senderKeyDevices.clear", group }),
  },
  {
    name: "sender-key device JID",
    put: (jid, value) => ({ kind: "senderKeyDevices.set", group: `g${value}`, entries: [[jid, true]] }),
    get: async (backend, keys) => {
      const lists = await Promise.all(keys.map((_, index) => backend.getSenderKeyDevices(`g${index + 1}`)));
      return lists.map(([row], index) => (row?.[0] === keys[index] ? index + 1 : undefined));
    },
    remove: (jid) => ({ kind: "senderKeyDevices.deleteRows", deviceJids: [jid] }),
  },
  {
    name: "LID",
    put: (lid, value) => lidMapping(lid, String(value)),
    get: async (backend, keys) =>
      (await backend.getLidMappings(keys)).map((mapping) => optionalNumber(mapping?.phoneNumber)),
    remove: (lid) => ({ kind: "lidMapping.delete", lids: [lid] }),
  },
  {
    name: "phone number",
    put: (phoneNumber, value) => lidMapping(String(value), phoneNumber),
    get: async (backend, keys) =>
      (await backend.getPnMappings(keys)).map((mapping) => optionalNumber(mapping?.lid)),
    remove: (_, value) => ({ kind: "lidMapping.delete", lids: [String(value)] }),
  },
  {
    name: "device list user",
    put: (user, timestamp) => ({ kind: "deviceList.put", records: [{ user, devices: [], timestamp }] }),
    get: async (backend, keys) => (await backend.getDevicesFor(keys)).map((record) => record?.timestamp),
    remove: (user) => ({ kind: "deviceList.delete", user }),
  },
  {
    name: "group metadata",
    put: (group, value) => ({ kind: "groupMetadata.put", group, blob: bytesOf(value) }),
    get: each((backend, key) => backend.getGroupMetadata(key)),
    remove: (group) => ({ kind: "groupMetadata.delete", group }),
  },
  {
    name: "trusted-contact token JID",
    put: (jid, value) => ({
      kind: "tcToken.put",
      jid,
      entry: { token: bytesOf(value), tokenTimestamp: 1 },
    }),
    get: each(async (backend, key) => (await backend.getTcToken(key))?.token),
    remove: (jid) => ({ kind: "tcToken.delete", jid }),
  },
];

function sentMessagePlace(part: "chat" | "id"): KeyPlace {
  const at = (key: string) => ({ chat: "c", id: "i", [part]: key });
  return {
    name: `sent message ${part}`,
    put: (key, value) => ({ kind: "sentMessage.put", ...at(key), payload: bytesOf(value), createdAt: 1 }),
    get: each((backend, key) => backend.getSentMessage(at(key).chat, at(key).id)),
    remove: (key) => ({ kind: "sentMessage.delete", ...at(key) }),
  };
}

function messagePlaces(part: "chat" | "sender" | "id"): KeyPlace[] {
  const at = (key: string) => ({ chat: "c", sender: "s", id: "i", [part]: key });
  return [
    {
      name: `pending inbound ${part}`,
      put: (key, value) => ({
        kind: "pendingInbound.put",
        rows: [{ ...at(key), payload: bytesOf(value), receivedAt: 1 }],
      }),
      get: each(async (backend, key) => {
        const { chat, sender, id } = at(key);
        return (await backend.getPendingInbound(chat, sender, id))?.payload;
      }),
      remove: (key) => ({ kind: "pendingInbound.delete", keys: [at(key)] }),
    },
    {
      name: `message secret ${part}`,
      put: (key, value) => ({
        kind: "msgSecret.put",
        entries: [{ ...at(key), secret: identityKey(value), expiresAt: value, messageTs: 0 }],
      }),
      get: each(async (backend, key) => {
        const { chat, sender, id } = at(key);
        return (await backend.getMsgSecret(chat, sender, id))?.secret;
      }),
      // A secret can only be removed by expiry, which also removes earlier ones.
      remove: (_, value) => ({ kind: "msgSecret.expire", cutoff: value }),
    },
  ];
}

const LOG_PLACE: KeyPlace = {
  name: "log",
  put: (log, value) => ({
    kind: "messageSegment.put",
    segments: [{ log, seq: 1, expiresAt: 1, head: bytesOf(1), payload: bytesOf(value) }],
  }),
  get: each(async (backend, key) => (await backend.getMessageSegment(key, 1))?.payload),
  remove: (log) => ({ kind: "messageSegment.delete", keys: [{ log, seq: 1 }] }),
};

const PLACES: readonly KeyPlace[] = [
  ...SIGNAL_PLACES,
  ...APP_SYNC_PLACES,
  ...RELATION_PLACES,
  ...(["chat", "id"] as const).map(sentMessagePlace),
  LOG_PLACE,
  ...(["chat", "sender", "id"] as const).flatMap(messagePlaces),
];

function placeCase(place: KeyPlace): ConformanceCase {
  return {
    name: `keys: keeps hostile texts apart as ${place.name}`,
    async run(harness) {
      const backend = await harness.open();
      const value = (index: number) => index + 1;
      await backend.commit(HOSTILE_TEXTS.map((key, index) => place.put(key, value(index))));
      const values = HOSTILE_TEXTS.map((_, index) => value(index));
      equal(await place.get(backend, HOSTILE_TEXTS), values, "stored");
      // Secrets expire by time, together with earlier ones.
      const isExpiry = place.name.startsWith("message secret");
      const isGone = (index: number) => (isExpiry ? index < 20 : index % 3 === 0);
      const removals = HOSTILE_TEXTS.map((key, index) => place.remove(key, value(index)));
      await backend.commit(removals.filter((_, index) => isGone(index)));
      const left = values.map((number, index) => (isGone(index) ? undefined : number));
      equal(await place.get(backend, HOSTILE_TEXTS), left, "left");
    },
  };
}

/** Texts that are hostile, unusual, or ambiguous when joined. */
export const keyCases: readonly ConformanceCase[] = [
  ...PLACES.map(placeCase),
  {
    name: "keys: keeps the parts of a compound key apart",
    async run(harness) {
      const backend = await harness.open();
      const triples = [
        ["a", "b", "c"],
        ["a:b", "c", "d"],
        ["a", "b:c", "d"],
        ["ab", "c", "d"],
        ["a", "bc", "d"],
        ['a","b', "c", "d"],
        ["a", "b", 'c","d'],
        ["a\n", "b", "c"],
        ["a", "\nb", "c"],
      ] as const;
      const writes = triples.flatMap(([chat, sender, id], seed): Write[] => {
        const [payload, secret] = [sampleBytes(seed, 9), sampleBytes(seed, 32)];
        return [
          { kind: "pendingInbound.put", rows: [{ chat, sender, id, payload, receivedAt: seed }] },
          { kind: "msgSecret.put", entries: [{ chat, sender, id, secret, expiresAt: 0, messageTs: 0 }] },
          { kind: "sentMessage.put", chat: `${chat}|${sender}`, id, payload, createdAt: 1 },
          { kind: "baseKey.put", address: `${chat}|${sender}`, messageId: id, key: secret, createdAt: 1 },
        ];
      });
      await backend.commit(writes);
      for (const [seed, [chat, sender, id]] of triples.entries()) {
        const [payload, secret] = [sampleBytes(seed, 9), sampleBytes(seed, 32)];
        equal((await backend.getPendingInbound(chat, sender, id))?.payload, payload, `pending ${seed}`);
        equal((await backend.getMsgSecret(chat, sender, id))?.secret, secret, `secret ${seed}`);
        equal(await backend.getSentMessage(`${chat}|${sender}`, id), payload, `sent ${seed}`);
        equal(await backend.hasSameBaseKey(`${chat}|${sender}`, id, secret), true, `base key ${seed}`);
      }
    },
  },
];
