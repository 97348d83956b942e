import { isText } from "../backend/mod.ts";
import { encodeUtf8, isBytes, joinBytes } from "../bytes/mod.ts";
import { requireIntegerWithin, requireObject } from "../errors/mod.ts";
import type { SegmentEntry } from "../records/mod.ts";

/** The kinds of entries. Each is a log of its own. */
export const LOG_KINDS = ["message", "secret", "retryCount"] as const;

/** What an entry of the log is: a sent message, the secret of a message, a count of retries. */
export type LogKind = (typeof LOG_KINDS)[number];

/** One entry. Entries are found by `id`; `chat` and `sender` say whose it is. */
export type LogEntry = SegmentEntry;

/** Texts of a head stand between these. No text of an entry contains one. */
const SEPARATOR = new Uint8Array([0]);

/** Stands before a chat in a head, so that a chat is not found as an id. */
const CHAT_MARK = new Uint8Array([1]);

/** What the head of a segment contains for each entry with this id. */
export function idTerm(id: string): Uint8Array {
  return joinBytes([SEPARATOR, encodeUtf8(id), SEPARATOR]);
}

/** What the head of a segment contains once for each chat. */
export function chatTerm(chat: string): Uint8Array {
  return joinBytes([SEPARATOR, CHAT_MARK, encodeUtf8(chat), SEPARATOR]);
}

/** @throws {TypeError} When a text is empty or malformed or the payload is no bytes. @throws {RangeError} */
export function requireEntry(entry: LogEntry): void {
  requireObject("add to log: entry", entry);
  const { chat, sender, id, payload, expiresAt } = entry;
  requireText("add to log: chat", chat);
  if (sender !== "") requireText("add to log: sender", sender);
  requireText("add to log: id", id);
  if (!isBytes(payload)) throw new TypeError("add to log: payload is not a Uint8Array");
  requireIntegerWithin("add to log: expiresAt", expiresAt, 0, Number.MAX_SAFE_INTEGER);
}

/** @throws {TypeError} When a text is not a valid key. */
export function requireText(what: string, text: unknown): void {
  if (!isText(text)) throw new TypeError(`${what} is not a text of 1 to 1,024 characters`);
}

/** @throws {RangeError} When it is no kind. */
export function requireKind(what: string, kind: LogKind): void {
  if (!LOG_KINDS.includes(kind)) throw new RangeError(`${what}: unknown kind of entries`);
}
