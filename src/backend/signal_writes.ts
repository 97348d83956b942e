import { choice, flag, optional, type Rule, rows, value } from "../rules/mod.ts";
import { ADDRESS, KEY_ID, SENDER_KEY_NAME } from "./field_rules.ts";
import { LEASE, QUARANTINE_REASONS, SIGNAL_RECORD_STORES } from "./signal_rows.ts";
import type { SignalWrite } from "./signal_store.ts";
import type { KeysOf, WriteRowsOf } from "./write_row.ts";

/** Length of an identity key in bytes (X25519 public key without prefix). */
export const IDENTITY_KEY_BYTES = 32;

export const IDENTITY_KEY: Rule<Uint8Array> = value("key", { length: IDENTITY_KEY_BYTES });

/** An encoded record. Readers check whether it can be decoded. */
const RECORD = value("record", { min: 1 });

/** The writes of the Signal store. */
export const SIGNAL_WRITES: WriteRowsOf<SignalWrite["kind"]> = {
  "identity.put": { by: "putIdentity", fields: { address: ADDRESS, key: IDENTITY_KEY } },
  "identity.delete": { by: "deleteIdentity", fields: { address: ADDRESS } },
  "session.put": {
    by: "putSession",
    fields: { address: ADDRESS, record: RECORD, lease: optional(LEASE) },
  },
  "session.delete": { by: "deleteSession", fields: { address: ADDRESS } },
  "preKey.put": {
    by: "storePreKey",
    fields: { id: KEY_ID, record: RECORD, uploaded: flag() },
  },
  "preKey.markUploaded": { by: "markPreKeysUploaded", fields: { ids: rows(KEY_ID) } },
  "preKey.remove": { by: "removePreKey", fields: { id: KEY_ID } },
  "signedPreKey.put": {
    by: "storeSignedPreKey",
    fields: { id: KEY_ID, record: RECORD },
  },
  "signedPreKey.remove": { by: "removeSignedPreKey", fields: { id: KEY_ID } },
  "senderKey.put": {
    by: "putSenderKey",
    fields: { name: SENDER_KEY_NAME, record: RECORD, lease: optional(LEASE) },
  },
  "senderKey.delete": { by: "deleteSenderKey", fields: { name: SENDER_KEY_NAME } },
  "quarantine.put": {
    by: "quarantine",
    fields: {
      store: choice(SIGNAL_RECORD_STORES),
      address: ADDRESS,
      record: value("record"),
      reason: choice(QUARANTINE_REASONS),
    },
  },
};

/** The fields that name a row of each table. */
export const SIGNAL_KEYS: KeysOf<SignalWrite["kind"]> = {
  identity: ["address"],
  session: ["address"],
  preKey: ["id"],
  signedPreKey: ["id"],
  senderKey: ["name"],
  quarantine: ["store", "address"],
};
