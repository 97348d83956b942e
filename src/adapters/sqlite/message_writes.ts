import { expiryPlanner } from "./expiry.ts";
import { RowRemoval } from "./row_removal.ts";
import { RowStatement, splitKeys, upsert } from "./row_statement.ts";
import type { PlannersOf } from "./write_plan.ts";

const PUT_SENT_MESSAGE = upsert("sent_message", "chat, id", "created_at, payload");

const PUT_PENDING_INBOUND = upsert("pending_inbound", "chat, sender, id", "received_at, payload");

/**
 * An expiry of 0 means never and wins; otherwise the later one does. Of two message times the greater wins; 0
 * is unknown.
 */
const PUT_MSG_SECRET = new RowStatement({
  insert: "INSERT INTO msg_secret (device_id, chat, sender, id, expires_at, message_ts, secret)",
  columns: 6,
  conflict:
    "ON CONFLICT (device_id, chat, sender, id) DO UPDATE SET " +
    "expires_at = CASE WHEN 0 IN (expires_at, excluded.expires_at) THEN 0 " +
    "ELSE max(expires_at, excluded.expires_at) END, " +
    "message_ts = max(message_ts, excluded.message_ts), " +
    "secret = excluded.secret",
});

const REMOVE_SENT_MESSAGE = new RowRemoval("sent_message", "chat, id");

/** How writes about single messages become statements. */
export const MESSAGE_PLANNERS: PlannersOf<
  | "sentMessage.put"
  | "sentMessage.delete"
  | "sentMessage.expire"
  | "pendingInbound.put"
  | "pendingInbound.delete"
  | "pendingInbound.expire"
  | "msgSecret.put"
  | "msgSecret.expire"
> = {
  "sentMessage.put": {
    statement: PUT_SENT_MESSAGE,
    rows: ({ chat, id, createdAt, payload }) => [[chat, id, createdAt, payload]],
  },
  "sentMessage.delete": {
    removal: REMOVE_SENT_MESSAGE,
    key: ({ chat, id }) => [chat, id],
  },
  "sentMessage.expire": expiryPlanner("sent_message", "chat, id", "created_at <= ?"),
  "pendingInbound.put": {
    statement: PUT_PENDING_INBOUND,
    rows: ({ rows }) =>
      rows.map(({ chat, sender, id, receivedAt, payload }) => [chat, sender, id, receivedAt, payload]),
  },
  "pendingInbound.delete": {
    statements: ({ keys }, { accountId, limits }) =>
      splitKeys(
        keys.map(({ chat, sender, id }) => [chat, sender, id]),
        { fixed: [accountId], limits },
        (list) => `DELETE FROM pending_inbound WHERE device_id = ? AND (chat, sender, id) IN ${list}`,
      ),
  },
  "pendingInbound.expire": expiryPlanner("pending_inbound", "chat, sender, id", "received_at <= ?"),
  "msgSecret.put": {
    statement: PUT_MSG_SECRET,
    rows: ({ entries }) =>
      entries.map(({ chat, sender, id, expiresAt, messageTs, secret }) => [
        chat,
        sender,
        id,
        expiresAt,
        messageTs,
        secret,
      ]),
  },
  "msgSecret.expire": expiryPlanner("msg_secret", "chat, sender, id", "expires_at > 0 AND expires_at <= ?"),
};
