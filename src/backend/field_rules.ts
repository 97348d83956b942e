/** Rules that several writes, reads and fields of the device share. */
import { MAX_KEY_ID, MAX_UINT32 } from "../bytes/mod.ts";
import { integer, optional, type Rule, type RuleOf, text } from "../rules/mod.ts";
import type { CollectionName } from "./app_sync_store.ts";

/** The meaning of a text. The conformance kit has a list of texts for each sort. */
export type TextSort =
  | "address"
  | "asideId"
  | "chat"
  | "collection"
  | "cursor"
  | "deviceJid"
  | "group"
  | "incarnation"
  | "index"
  | "jid"
  | "learningSource"
  | "lid"
  | "log"
  | "messageId"
  | "phoneNumber"
  | "sender"
  | "senderKeyName"
  | "user"
  | "word";

/** The meaning of an integer. The conformance kit has a range for each sort. */
export type IntegerSort =
  | "accountId"
  | "count"
  | "cutoff"
  | "generation"
  | "keyId"
  | "limit"
  | "milliseconds"
  | "now"
  | "seconds"
  | "sequence"
  | "storedLength"
  | "uint32";

/** A non-empty text of some sort. */
export function word<T extends string = string>(sort: TextSort): Rule<T> {
  return text<T>(sort);
}

/** An integer of some sort. The minimum defaults to 0. */
export function number(
  sort: IntegerSort,
  range: { readonly min?: number; readonly max?: number } = {},
): Rule<number> {
  return integer(sort, range);
}

export const ADDRESS: Rule<string> = word("address");
export const CHAT: Rule<string> = word("chat");
export const COLLECTION: Rule<CollectionName> = word<CollectionName>("collection");
export const DEVICE_JID: Rule<string> = word("deviceJid");
export const GROUP: Rule<string> = word("group");
export const JID: Rule<string> = word("jid");
export const LID: Rule<string> = word("lid");
export const LOG: Rule<string> = word("log");
export const MESSAGE_ID: Rule<string> = word("messageId");
export const PHONE_NUMBER: Rule<string> = word("phoneNumber");
export const SENDER: Rule<string> = word("sender");
export const SENDER_KEY_NAME: Rule<string> = word("senderKeyName");
export const USER: Rule<string> = word("user");

/** A pre-key or signed pre-key id. */
export const KEY_ID: Rule<number> = number("keyId", { min: 1, max: MAX_KEY_ID });
/** Unix seconds. */
export const SECONDS: Rule<number> = number("seconds");
/** Unix seconds at the time of the call. */
export const NOW: Rule<number> = number("now");
/** Unix seconds. Rows of this time and older ones expire. */
export const CUTOFF: Rule<number> = number("cutoff");
/** Maximum number of rows that an expiry removes. */
export const ROW_LIMIT: RuleOf<number | undefined> = optional(number("limit", { min: 1 }));
/** The number of a segment within its log. */
export const SEQUENCE: Rule<number> = number("sequence");
export const UINT32: Rule<number> = number("uint32", { max: MAX_UINT32 });
