import type { Account } from "../account/mod.ts";
import {
  formatSenderKeyName,
  formatSignalAddress,
  parseNodeAddress,
  parseNodeSenderKeyName,
} from "../addresses/mod.ts";
import type { Write } from "../backend/mod.ts";
import {
  identityKeyToRaw,
  type LocalIdentity,
  preKeyIdOf,
  preKeyToRecord,
  rawToIdentityKey,
  recordToPreKey,
  recordToSenderKey,
  recordToSession,
  senderKeyToRecord,
  sessionToRecord,
} from "./convert/mod.ts";
import { entriesOf, type KeyKind, readEach, requireId, understood } from "./key_kind.ts";

/** `pre-key`: a key pair by decimal id ↔ the standard pre-key record. */
export const preKeyKind: KeyKind = {
  async read({ account, wrapBytes }, ids) {
    const rows = await account.store.loadPreKeys(understood(ids, preKeyIdOf).keys);
    return rows.map(({ id, record }) => [String(id), recordToPreKey(record, wrapBytes)]);
  },
  writes: (_context, entries) =>
    entries.map(([text, value]): Write => {
      const id = requireId("pre-key", text, preKeyIdOf);
      if (value === null) return { kind: "preKey.remove", id };
      return { kind: "preKey.put", id, record: preKeyToRecord(id, value), uploaded: false };
    }),
};

/** `session`: libsignal-node's record by its address ↔ the standard session record by Signal address. */
export const sessionKind: KeyKind = {
  async read({ account }, ids) {
    const known = understood(ids, signalAddress);
    return entriesOf(known.ids, await account.store.getSessions(known.keys), recordToSession);
  },
  writes: ({ account }, entries) => {
    const local = localIdentity(account);
    return entries.map(([id, value]): Write => {
      const address = requireId("session", id, signalAddress);
      if (value === null) return { kind: "session.delete", address };
      return { kind: "session.put", address, record: sessionToRecord(value, local) };
    });
  },
};

/** `identity-key`: a public key with its prefix by libsignal-node's address ↔ 32 bytes by Signal address. */
export const identityKind: KeyKind = {
  async read({ account, wrapBytes }, ids) {
    const known = understood(ids, signalAddress);
    const keys = await Promise.all(known.keys.map((address) => account.store.loadIdentity(address)));
    return entriesOf(known.ids, keys, (key) => rawToIdentityKey(key, wrapBytes));
  },
  writes: (_context, entries) =>
    entries.map(([id, value]): Write => {
      const address = requireId("identity-key", id, signalAddress);
      if (value === null) return { kind: "identity.delete", address };
      return { kind: "identity.put", address, key: identityKeyToRaw(value) };
    }),
};

/** `sender-key`: Baileys' JSON by `group::user::device` ↔ the standard sender key record by sender key name. */
export const senderKeyKind: KeyKind = {
  async read({ account, wrapBytes }, ids) {
    const known = understood(ids, senderKeyName);
    return await readEach(
      known.ids,
      (id) => account.store.getSenderKey(requireId("sender-key", id, senderKeyName)),
      (record) => wrapBytes(recordToSenderKey(record)),
    );
  },
  writes: (_context, entries) =>
    entries.map(([id, value]): Write => {
      const name = requireId("sender-key", id, senderKeyName);
      const record = value === null ? undefined : senderKeyToRecord(value);
      // Baileys stores a key without states for a moment before the first; an absent one means the same to it.
      if (record === undefined || record.byteLength === 0) return { kind: "senderKey.delete", name };
      return { kind: "senderKey.put", name, record };
    }),
};

/** What a stored session says of our own side. */
function localIdentity(account: Account): LocalIdentity {
  const { identityKey, registrationId } = account.device.getDeviceSnapshot();
  return { localIdentityPublic: identityKey.publicKey, localRegistrationId: registrationId };
}

function signalAddress(id: string): string | undefined {
  return orUndefined(() => formatSignalAddress(parseNodeAddress(id)));
}

function senderKeyName(id: string): string | undefined {
  return orUndefined(() => formatSenderKeyName(parseNodeSenderKeyName(id)));
}

function orUndefined(parse: () => string): string | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
