import type { RowWrite } from "../backend/mod.ts";
import { hexOf } from "../bytes/mod.ts";

/** The key of a row in its table, for people: its parts, separated by spaces. */
export function rowKey(row: RowWrite): string {
  switch (row.kind) {
    case "identity.put":
    case "session.put":
      return row.address;
    case "preKey.put":
    case "signedPreKey.put":
      return String(row.id);
    case "senderKey.put":
    case "syncVersion.patch":
      return row.name;
    case "quarantine.put":
      return `${row.store} ${row.address}`;
    case "syncKey.put":
      return hexOf(row.keyId);
    case "mutationMacs.put":
      return `${row.name} ${row.macs.map(({ indexMac }) => hexOf(indexMac)).join(" ")}`;
    case "senderKeyDevices.set":
      return `${row.group} ${row.entries.map(([jid]) => jid).join(" ")}`;
    case "lidMapping.put":
      return row.entries.map(({ lid }) => lid).join(" ");
    case "baseKey.put":
      return `${row.address} ${row.messageId}`;
    case "deviceList.put":
      return row.records.map(({ user }) => user).join(" ");
    case "groupMetadata.put":
      return row.group;
    case "tcToken.put":
      return row.jid;
    case "sentMessage.put":
      return `${row.chat} ${row.id}`;
    case "pendingInbound.put":
      return row.rows.map(({ chat, sender, id }) => `${chat} ${sender} ${id}`).join(" ");
    case "msgSecret.put":
      return row.entries.map(({ chat, sender, id }) => `${chat} ${sender} ${id}`).join(" ");
    case "messageSegment.put":
      return row.segments.map(({ log, seq }) => `${log} ${seq}`).join(" ");
  }
}
