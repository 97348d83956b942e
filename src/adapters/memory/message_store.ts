import type { PendingInbound, ProtocolReads, WriteKind } from "../../backend/mod.ts";
import type { AccountTables } from "./account_tables.ts";
import type { AppliersOf } from "./applier.ts";
import { copyBytes } from "./copies.ts";
import { columnsOf, readable } from "./damaged.ts";
import { compoundKey } from "./table.ts";

type MessageKind = Extract<
  WriteKind,
  `sentMessage.${string}` | `pendingInbound.${string}` | `msgSecret.${string}`
>;

/** How the writes about single messages change their tables. */
export const MESSAGE_APPLIERS: AppliersOf<MessageKind> = {
  "sentMessage.put": ({ chat, id, payload, createdAt }, { tables, transaction }) =>
    tables.sentMessages.set(compoundKey(chat, id), { payload: copyBytes(payload), createdAt }, transaction),
  "sentMessage.delete": ({ chat, id }, { tables, transaction }) =>
    tables.sentMessages.delete(compoundKey(chat, id), transaction),
  "sentMessage.expire": ({ cutoff, limit }, { tables, transaction }) =>
    tables.sentMessages.deleteWhere((row) => row.createdAt <= cutoff, transaction, limit),
  "pendingInbound.put": ({ rows }, { tables, transaction, nextSequence }) => {
    let changed = 0;
    for (const { chat, sender, id, payload, receivedAt } of rows) {
      const at = compoundKey(chat, sender, id);
      const sequence = tables.pendingInbound.get(at)?.sequence ?? nextSequence();
      const row = { chat, sender, id, payload: copyBytes(payload), receivedAt, sequence };
      changed += tables.pendingInbound.set(at, row, transaction);
    }
    return changed;
  },
  "pendingInbound.delete": ({ keys }, { tables, transaction }) => {
    let changed = 0;
    for (const { chat, sender, id } of keys) {
      changed += tables.pendingInbound.delete(compoundKey(chat, sender, id), transaction);
    }
    return changed;
  },
  "pendingInbound.expire": ({ cutoff, limit }, { tables, transaction }) =>
    tables.pendingInbound.deleteWhere((row) => row.receivedAt <= cutoff, transaction, limit),
  "msgSecret.put": ({ entries }, { tables, transaction }) => {
    let changed = 0;
    for (const { chat, sender, id, secret, expiresAt, messageTs } of entries) {
      const at = compoundKey(chat, sender, id);
      const stored = tables.msgSecrets.get(at);
      const before = stored === undefined ? undefined : columnsOf(stored);
      const row = {
        chat,
        sender,
        id,
        secret: copyBytes(secret),
        expiresAt: before === undefined ? expiresAt : laterExpiry(before.expiresAt, expiresAt),
        messageTs: Math.max(before?.messageTs ?? 0, messageTs),
      };
      changed += tables.msgSecrets.set(at, row, transaction);
    }
    return changed;
  },
  "msgSecret.expire": ({ cutoff, limit }, { tables, transaction }) => {
    const isStale = ({ expiresAt }: { readonly expiresAt: number }) => expiresAt > 0 && expiresAt <= cutoff;
    return tables.msgSecrets.deleteWhere((row) => isStale(columnsOf(row)), transaction, limit);
  },
};

/** 0 means that the row never expires, so it is later than any time. */
function laterExpiry(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : Math.max(a, b);
}

/** The reads of the protocol store about single messages. */
export type MessageReads = Pick<
  ProtocolReads,
  "getSentMessage" | "getPendingInbound" | "listPendingInbound" | "getMsgSecret"
>;

/** Reads of sent messages, pending inbound messages and message secrets. */
export function messageReads(tables: () => AccountTables): MessageReads {
  return {
    async getSentMessage(chat: string, id: string): Promise<Uint8Array | undefined> {
      const row = tables().sentMessages.get(compoundKey(chat, id));
      return row === undefined ? undefined : copyBytes(row.payload);
    },
    async getPendingInbound(chat: string, sender: string, id: string): Promise<PendingInbound | undefined> {
      const row = tables().pendingInbound.get(compoundKey(chat, sender, id));
      return row === undefined ? undefined : toPendingInbound(row);
    },
    async listPendingInbound(limit: number): Promise<PendingInbound[]> {
      return tables()
        .pendingInbound.rows()
        .sort((a, b) => a.receivedAt - b.receivedAt || a.sequence - b.sequence)
        .slice(0, limit)
        .map(toPendingInbound);
    },
    async getMsgSecret(chat: string, sender: string, id: string): ReturnType<ProtocolReads["getMsgSecret"]> {
      const row = tables().msgSecrets.get(compoundKey(chat, sender, id));
      if (row === undefined) return undefined;
      const { secret, messageTs } = readable("get message secret", row);
      return messageTs === 0 ? { secret: copyBytes(secret) } : { secret: copyBytes(secret), messageTs };
    },
  };
}

function toPendingInbound(row: PendingInbound): PendingInbound {
  const { chat, sender, id, payload, receivedAt } = row;
  return { chat, sender, id, payload: copyBytes(payload), receivedAt };
}
