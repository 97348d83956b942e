import type { Backend } from "../../backend/mod.ts";
import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { HOSTILE_TEXTS, sampleBytes } from "./samples.ts";

/** One place where a text is a key, or a part of one: how to put, read and remove a value under it. */
interface KeyPlace {
  readonly name: string;
  put(backend: Backend, key: string, value: Uint8Array): Promise<void>;
  get(backend: Backend, key: string): Promise<Uint8Array | undefined>;
  remove(backend: Backend, key: string): Promise<void>;
}

/** Numbers stand in for bytes where a row holds no bytes: the value is told by its first bytes. */
function numberOf(value: Uint8Array): number {
  return ((value[0] ?? 0) << 16) | ((value[1] ?? 0) << 8) | (value[2] ?? 0);
}

function numberBytes(value: number | undefined): Uint8Array | undefined {
  return value === undefined
    ? undefined
    : new Uint8Array([(value >> 16) & 255, (value >> 8) & 255, value & 255]);
}

const SIGNAL_PLACES: readonly KeyPlace[] = [
  {
    name: "identity address",
    put: (backend, key, value) => backend.putIdentity(key, sampleBytes(numberOf(value), 32)),
    get: async (backend, key) => await backend.loadIdentity(key),
    remove: (backend, key) => backend.deleteIdentity(key),
  },
  {
    name: "session address",
    put: (backend, key, value) => backend.putSession(key, value),
    get: (backend, key) => backend.getSession(key),
    remove: (backend, key) => backend.deleteSession(key),
  },
  {
    name: "sender key name",
    put: (backend, key, value) => backend.putSenderKey(key, value),
    get: (backend, key) => backend.getSenderKey(key),
    remove: (backend, key) => backend.deleteSenderKey(key),
  },
];

const INDEX_MAC = sampleBytes(1, 32);

const APP_SYNC_PLACES: readonly KeyPlace[] = [
  {
    name: "mutation MAC collection",
    put: (backend, key, value) =>
      backend.putMutationMacs(key, 1n, [{ indexMac: INDEX_MAC, valueMac: value }]),
    get: (backend, key) => backend.getMutationMac(key, INDEX_MAC),
    remove: (backend, key) => backend.clearMutationMacs(key),
  },
];

const RELATION_PLACES: readonly KeyPlace[] = [
  {
    name: "sender-key device group",
    put: (backend, key, value) => backend.setSenderKeyStatus(key, [[String(numberOf(value)), true]]),
    get: async (backend, key) => {
      const [row] = await backend.getSenderKeyDevices(key);
      return numberBytes(row === undefined ? undefined : Number(row[0]));
    },
    remove: (backend, key) => backend.clearSenderKeyDevices(key),
  },
  {
    name: "LID",
    put: (backend, key, value) => backend.putLidMapping(lidMapping(key, String(numberOf(value)), 1)),
    get: async (backend, key) => phoneBytes((await backend.getLidMapping(key))?.phoneNumber),
    remove: (backend, key) => backend.deleteLidMappings([key]),
  },
  {
    name: "phone number",
    put: (backend, key, value) => backend.putLidMapping(lidMapping(String(numberOf(value)), key, 1)),
    get: async (backend, key) => phoneBytes((await backend.getPnMapping(key))?.lid),
    remove: async (backend, key) => {
      const mapping = await backend.getPnMapping(key);
      if (mapping !== undefined) await backend.deleteLidMappings([mapping.lid]);
    },
  },
  {
    name: "device list user",
    put: (backend, key, value) =>
      backend.updateDeviceList({ user: key, devices: [], timestamp: numberOf(value) }),
    get: async (backend, key) => numberBytes((await backend.getDevices(key))?.timestamp),
    remove: (backend, key) => backend.deleteDevices(key),
  },
  {
    name: "group metadata",
    put: (backend, key, value) => backend.putGroupMetadata(key, value),
    get: (backend, key) => backend.getGroupMetadata(key),
    remove: (backend, key) => backend.deleteGroupMetadata(key),
  },
  {
    name: "trusted-contact token JID",
    put: (backend, key, value) => backend.putTcToken(key, { token: value, tokenTimestamp: 1 }),
    get: async (backend, key) => (await backend.getTcToken(key))?.token,
    remove: (backend, key) => backend.deleteTcToken(key),
  },
];

const MESSAGE_PLACES: readonly KeyPlace[] = [
  ...(["chat", "id"] as const).map((part): KeyPlace => {
    const at = (key: string) => [part === "chat" ? key : "c", part === "id" ? key : "i"] as const;
    return {
      name: `sent message ${part}`,
      put: (backend, key, value) => backend.storeSentMessage(...at(key), value),
      get: (backend, key) => backend.getSentMessage(...at(key)),
      remove: async (backend, key) => void (await backend.takeSentMessage(...at(key))),
    };
  }),
  ...(["chat", "sender", "id"] as const).map((part): KeyPlace => {
    const at = (key: string) => ({ chat: "c", sender: "s", id: "i", [part]: key });
    return {
      name: `pending inbound ${part}`,
      put: (backend, key, value) =>
        backend.storePendingInbound([{ ...at(key), payload: value, receivedAt: 1 }]),
      get: async (backend, key) => {
        const { chat, sender, id } = at(key);
        return (await backend.getPendingInbound(chat, sender, id))?.payload;
      },
      remove: (backend, key) => backend.deletePendingInbound([at(key)]),
    };
  }),
];

const PLACES: readonly KeyPlace[] = [
  ...SIGNAL_PLACES,
  ...APP_SYNC_PLACES,
  ...RELATION_PLACES,
  ...MESSAGE_PLACES,
];

function lidMapping(lid: string, phoneNumber: string, createdAt: number) {
  return { lid, phoneNumber, createdAt, updatedAt: createdAt, learningSource: "usync" as const };
}

function phoneBytes(phoneNumber: string | undefined): Uint8Array | undefined {
  return numberBytes(phoneNumber === undefined ? undefined : Number(phoneNumber));
}

function placeCase(place: KeyPlace): ConformanceCase {
  return {
    name: `keys: as ${place.name}, hostile texts are apart from each other`,
    async run(harness) {
      const backend = await harness.open();
      const value = (index: number) => numberBytes(index + 1) as Uint8Array;
      for (const [index, key] of HOSTILE_TEXTS.entries()) await place.put(backend, key, value(index));
      const stored = await Promise.all(HOSTILE_TEXTS.map((key) => place.get(backend, key)));
      const isIdentity = place.name === "identity address";
      const expected = HOSTILE_TEXTS.map((_, index) =>
        isIdentity ? sampleBytes(index + 1, 32) : value(index),
      );
      equal(stored, expected, "stored");
      // Removing every third one takes exactly those.
      const isGone = (index: number) => index % 3 === 0;
      for (const [index, key] of HOSTILE_TEXTS.entries()) if (isGone(index)) await place.remove(backend, key);
      const left = await Promise.all(HOSTILE_TEXTS.map((key) => place.get(backend, key)));
      equal(
        left,
        expected.map((bytes, index) => (isGone(index) ? undefined : bytes)),
        "left",
      );
    },
  };
}

/** Texts that are hostile, unusual, or easily run together. */
export const keyCases: readonly ConformanceCase[] = [
  ...PLACES.map(placeCase),
  {
    name: "keys: the parts of a compound key do not run together",
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
      for (const [seed, [chat, sender, id]] of triples.entries()) {
        const [payload, secret] = [sampleBytes(seed, 9), sampleBytes(seed, 32)];
        await backend.storePendingInbound([{ chat, sender, id, payload, receivedAt: seed }]);
        await backend.putMsgSecrets([{ chat, sender, id, secret, expiresAt: 0, messageTs: 0 }]);
        await backend.storeSentMessage(`${chat}|${sender}`, id, payload);
        await backend.saveBaseKey(`${chat}|${sender}`, id, secret);
      }
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
