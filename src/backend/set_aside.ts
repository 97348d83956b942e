import { choice, object, type Rule, text } from "../rules/mod.ts";
import type { SetAsideAccount, SetAsideScope } from "./device_store.ts";
import { number, SECONDS, type TextSort, word } from "./field_rules.ts";
import type { TableName } from "./write.ts";

/** What an account keeps when it is set aside. */
export const SET_ASIDE_SCOPES: readonly SetAsideScope[] = ["state", "identity"];

/** Tables that are deleted when an account is set aside: payloads, and what is fetched again. */
const NEVER_KEPT: readonly TableName[] = [
  "quarantine",
  "baseKey",
  "groupMetadata",
  "sentMessage",
  "pendingInbound",
  "msgSecret",
  "messageSegment",
];

/** Tables that are deleted as well when the identity alone is kept: all that may be large. */
const LARGE: readonly TableName[] = [
  "session",
  "senderKey",
  "senderKeyDevices",
  "syncVersion",
  "mutationMacs",
  "deviceList",
  "tcToken",
];

/** The tables whose rows are deleted when an account is set aside. */
export function tablesNotKept(keeps: SetAsideScope): readonly TableName[] {
  return keeps === "state" ? NEVER_KEPT : [...NEVER_KEPT, ...LARGE];
}

/** Names an account that is set aside: 32 lowercase hexadecimal characters. */
export const ASIDE_ID: Rule<string> = text("asideId" satisfies TextSort, { pattern: /^[0-9a-f]{32}$/ });

export const ASIDE_SCOPE: Rule<SetAsideScope> = choice(SET_ASIDE_SCOPES);

export const SET_ASIDE_ACCOUNT: Rule<SetAsideAccount> = object<SetAsideAccount>({
  id: ASIDE_ID,
  account: word("word"),
  isOwn: { type: "flag" },
  accountId: number("accountId", { min: 1 }),
  until: SECONDS,
});

/** Protocol version that introduced accounts that are set aside. */
export const SET_ASIDE_SINCE = 2;

const ASIDE_NAME = /^aside:([0-9a-f]{32})$/;

/** The name under which an account is kept that is set aside. No account is opened by it. */
export function asideName(id: string): string {
  return `aside:${id}`;
}

/** The id of an account that is set aside, by the name under which it is kept. */
export function asideIdOf(name: string): string | undefined {
  return ASIDE_NAME.exec(name)?.[1];
}
