import type { WriteKind } from "./write.ts";

/** A table of an account: the common prefix of its kinds of writes. */
export type TableName = WriteKind extends infer Kind
  ? Kind extends `${infer Table}.${string}`
    ? Table
    : never
  : never;

/** The fields that name a row of each table. */
export const TABLE_KEYS: Readonly<Record<TableName, readonly string[]>> = {
  account: [],
  baseKey: ["address", "messageId"],
  device: [],
  deviceList: ["user"],
  groupMetadata: ["group"],
  identity: ["address"],
  lidMapping: ["lid"],
  msgSecret: ["chat", "sender", "id"],
  mutationMacs: ["name", "indexMac"],
  pendingInbound: ["chat", "sender", "id"],
  preKey: ["id"],
  quarantine: ["store", "address"],
  senderKey: ["name"],
  senderKeyDevices: ["group", "deviceJid"],
  sentMessage: ["chat", "id"],
  session: ["address"],
  signedPreKey: ["id"],
  syncKey: ["keyId"],
  syncVersion: ["name"],
  tcToken: ["jid"],
};

/** The table that a write changes. */
export function tableOf(kind: WriteKind): TableName {
  return kind.slice(0, kind.indexOf(".")) as TableName;
}
