/** The account of the transfer files of format 1 in this folder. They were written once and are not changed. */
import type { Device, RowWrite } from "../../src/backend/mod.ts";

/** Bytes that are told from others by their first one. */
function bytes(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) % 256);
}

export const PASSPHRASE = "correct horse battery";

/** A row of each table, in the order of their listing. */
export const ROWS: readonly RowWrite[] = [
  { kind: "identity.put", address: "5511999990000@c.us.0", key: bytes(1, 32) },
  {
    kind: "session.put",
    address: "1000@lid.0",
    record: bytes(2, 90),
    lease: { reservedUntil: 7, incarnation: "00000001".repeat(4), burned: 3 },
  },
  { kind: "session.put", address: "1001@lid.0", record: bytes(3, 90), lease: undefined },
  { kind: "preKey.put", id: 16_777_215, record: bytes(4, 70), uploaded: true },
  { kind: "signedPreKey.put", id: 9, record: bytes(5, 140) },
  { kind: "senderKey.put", name: "120363@g.us:1000@lid.0", record: bytes(6, 80), lease: undefined },
  {
    kind: "quarantine.put",
    store: "session",
    address: "1002@lid.0",
    record: bytes(7, 5),
    reason: "undecodable",
  },
  {
    kind: "syncKey.put",
    keyId: bytes(8, 6),
    key: { keyData: bytes(9, 32), fingerprint: bytes(10, 4), timestamp: 1_700_000_000 },
  },
  {
    kind: "syncVersion.patch",
    name: "regular",
    patch: {
      generation: 4,
      values: new Map([["aW5kZXg=", bytes(11, 32)]]),
      removed: [],
      state: { version: 2n ** 63n + 1n, hash: bytes(12, 128), macMismatchFatal: true },
    },
  },
  {
    kind: "mutationMacs.put",
    name: "critical_block",
    version: 5n,
    macs: [{ indexMac: bytes(13, 32), valueMac: bytes(14, 32) }],
  },
  { kind: "senderKeyDevices.set", group: "120363@g.us", entries: [["1000:1@lid", true]] },
  {
    kind: "lidMapping.put",
    entries: [{ lid: "1000", phoneNumber: "5511", createdAt: 1, updatedAt: 2, learningSource: "usync" }],
  },
  { kind: "baseKey.put", address: "1000@lid.0", messageId: "3EB0", key: bytes(15, 33), createdAt: 3 },
  {
    kind: "deviceList.put",
    records: [
      {
        user: "1000",
        devices: [{ deviceId: 1, keyIndex: 2, isHosted: false }],
        timestamp: 4,
        phash: "2:abc",
        rawId: 5,
      },
    ],
  },
  { kind: "groupMetadata.put", group: "120363@g.us", blob: bytes(16, 20) },
  {
    kind: "tcToken.put",
    jid: "1000@lid",
    entry: { token: bytes(17, 16), tokenTimestamp: 6, senderTimestamp: 7 },
  },
  { kind: "sentMessage.put", chat: "1000@lid", id: "3EB1", payload: bytes(18, 40), createdAt: 8 },
  {
    kind: "pendingInbound.put",
    rows: [{ chat: "1000@lid", sender: "1000@lid", id: "3EB2", payload: bytes(19, 40), receivedAt: 9 }],
  },
  {
    kind: "msgSecret.put",
    entries: [
      {
        chat: "1000@lid",
        sender: "1000@lid",
        id: "3EB3",
        secret: bytes(20, 32),
        expiresAt: 0,
        messageTs: 10,
      },
    ],
  },
  {
    kind: "messageSegment.put",
    segments: [{ log: "sent", seq: 1, expiresAt: 11, head: bytes(21, 10), payload: bytes(22, 30) }],
  },
];

/** Fields of the device beside its keys. */
export const DEVICE: Partial<Device> = {
  pn: "5511999990000:3@s.whatsapp.net",
  lid: "1000:3@lid",
  pushName: "Zoë 🙂",
  appVersion: [2, 3000, 1],
  nextPreKeyId: 12,
  serverHasPreKeys: true,
  nctSalt: bytes(23, 16),
  extra: new Map([["baileys", bytes(24, 12)]]),
};
