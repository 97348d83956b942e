import { openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { hexOf } from "../../src/bytes/mod.ts";
import { createDevice } from "../../src/device/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { fakeHost, SeededRandom } from "../../src/testing/mod.ts";
import { senderKeyRecordBytes, sessionRecordBytes } from "../support/signal/sample_signal_records.ts";

/** A library that opens files. */
export type Library = "native" | "client" | "node";

/** A change of a file's bytes. */
export type Damage =
  | { readonly kind: "flip"; readonly at: number; readonly mask: number }
  | { readonly kind: "fill"; readonly at: number; readonly length: number; readonly byte: number }
  | { readonly kind: "swap"; readonly first: number; readonly second: number; readonly length: number }
  | { readonly kind: "cut"; readonly length: number };

/** Name of the account of a base file. */
export const ACCOUNT = "damaged-account";

export const GROUP = "120363000000000001@g.us";
const OWN = "5511999990000";
export const OWN_SENDER_KEY: string = `${GROUP}:${OWN}:3@c.us.0`;

/** Addresses with a session. Their users have an identity and other sessions. */
export const SESSIONS: readonly string[] = Array.from({ length: 40 }, (_, index) => {
  return `551100000${100 + (index >> 1)}${index % 2 === 0 ? "" : ":7"}@c.us.0`;
});

/** A file with a damage. */
export function damaged(raw: Uint8Array, damage: Damage): Uint8Array {
  const bytes = new Uint8Array(raw);
  switch (damage.kind) {
    case "flip":
      bytes[damage.at] = (bytes[damage.at] ?? 0) ^ damage.mask;
      return bytes;
    case "fill":
      return bytes.fill(damage.byte, damage.at, damage.at + damage.length);
    case "swap": {
      const { first, second, length } = damage;
      bytes.set(raw.subarray(second, second + length), first);
      bytes.set(raw.subarray(first, first + length), second);
      return bytes;
    }
    case "cut":
      return bytes.subarray(0, damage.length);
  }
}

/**
 * Makes a file with sessions, identities, an own sender key with marks, pre-keys and mappings. @returns Its
 * identity.
 */
export async function makeBase(path: string): Promise<string> {
  const host = fakeHost({ seed: 7 });
  const account = await openAccount({
    backend: () => libsqlBackend({ url: `file:${path}`, account: ACCOUNT, logger: silentLogger }),
    host,
    saverIntervalMs: "manual",
    newDevice: async () => ({
      ...(await createDevice(host)),
      pn: `${OWN}:3@s.whatsapp.net`,
      pushName: "Anna Damaged",
      platform: "android",
      propsHash: "hash",
    }),
  });
  const lease = { reservedUntil: 5, incarnation: hexOf(new SeededRandom(1).bytes(16)), burned: 0 };
  await account.store.commit([
    ...SESSIONS.map((address, index) => ({
      kind: "session.put" as const,
      address,
      record: sessionRecordBytes(index),
      lease,
    })),
    ...SESSIONS.map((address, index) => ({
      kind: "identity.put" as const,
      address,
      key: new SeededRandom(index).bytes(32),
    })),
    { kind: "senderKey.put", name: OWN_SENDER_KEY, record: senderKeyRecordBytes(1), lease },
    { kind: "senderKeyDevices.set", group: GROUP, entries: [["5511000001000:0@s.whatsapp.net", true]] },
    {
      kind: "lidMapping.put",
      entries: SESSIONS.map((_, index) => ({
        lid: `10000000000${index}`,
        phoneNumber: `55110000${1_000 + index}`,
        createdAt: index,
        updatedAt: index,
        learningSource: "usync" as const,
      })),
    },
    ...[1, 2, 3].map((id) => ({
      kind: "preKey.put" as const,
      id,
      record: new SeededRandom(id).bytes(70),
      uploaded: false,
    })),
  ]);
  const identity = hexOf(account.device.getDeviceSnapshot().identityKey.publicKey);
  await account.close();
  return identity;
}
