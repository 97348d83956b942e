import type {
  AccountCreated,
  AccountList,
  AuditList,
  Health,
  Problem,
  ServiceIndex,
  TokenIssued,
  TokenList,
  TokenRequest,
  TokenSummary,
} from "../http/mod.ts";
import { PERMISSIONS } from "../service/mod.ts";
import { commandRequest, device, flushSummary, limits, snapshot, stats } from "./account_schemas.ts";
import {
  accountName,
  count,
  flag,
  listOf,
  object,
  type Schema,
  type SchemaMembers,
  text,
  timeMs,
  tokenId,
  told,
} from "./schema.ts";

const permissions: Schema = {
  ...listOf({ type: "string", enum: PERMISSIONS }),
  minItems: 1,
  description:
    "`account`: use of the account. `erase`: its deletion. `unredacted`: snapshots with private keys. " +
    "`admin`: accounts and tokens, and no use of an account.",
};

const tokenMembers: SchemaMembers<TokenSummary> = {
  id: told(tokenId, "Part of the token, and not secret."),
  account: { type: ["string", "null"], description: "The account that the token is for; null: all of them." },
  permissions,
  label: told(text, "A name for people."),
  createdAtMs: timeMs,
  "expiresAtMs?": told(timeMs, "When it ends to be valid. Left out of a token that does not expire."),
  "lastUsedAtMs?": told(timeMs, "Its last use, to within an hour. Left out before the first one."),
};

const next: Schema = told(text, "The `after` of the next page. Left out of the last one.");

const problem: Schema = object<Problem>(
  {
    type: { type: "string", const: "about:blank" },
    title: told(text, "The reason phrase of the status."),
    status: { type: "integer" },
    code: told(text, "What happened. Stable, unlike the texts."),
    message: told(text, "For people."),
    "writeIndex?": told(count, "Index of the write that caused the refusal of a commit."),
    "limit?": object<NonNullable<Problem["limit"]>>(
      { rule: told(text, "`maxBytes`, `maxRows` or `requestsPerMinute`."), allowed: count },
      "The limit of the account that is reached.",
    ),
    "errors?": listOf(
      object<NonNullable<Problem["errors"]>[number]>({
        in: { type: "string", enum: ["body", "query", "header"] },
        pointer: told(text, "JSON Pointer of the part that breaks the rule, as a fragment."),
        rule: told(text, "A keyword of JSON Schema."),
        "allowed?": {
          description: "What the keyword allows.",
          oneOf: [text, { type: "number" }, listOf(text)],
        },
      }),
    ),
    requestId: told(text, "Identifies the request in the log of the service."),
  },
  "A problem of RFC 9457. It repeats nothing that was sent.",
);

/** The names of all schemas. */
export type SchemaName =
  | "ServiceIndex"
  | "Health"
  | "CreateAccount"
  | "AccountCreated"
  | "AccountList"
  | "AccountLimits"
  | "TokenRequest"
  | "TokenIssued"
  | "TokenList"
  | "AuditList"
  | "Device"
  | "CommandRequest"
  | "FlushSummary"
  | "Stats"
  | "Snapshot"
  | "Problem";

/** The schemas of requests and answers. */
export const SCHEMAS: Readonly<Record<SchemaName, Schema>> = {
  ServiceIndex: object<ServiceIndex>({
    name: text,
    links: listOf(
      object<ServiceIndex["links"][number]>({
        href: told(text, "A path, or a template of one (RFC 6570)."),
        methods: listOf(text),
      }),
    ),
  }),
  Health: object<Health>({ status: { type: "string", const: "ok" } }),
  CreateAccount: object<Pick<AccountCreated, "name">>({ name: accountName }),
  AccountCreated: object<AccountCreated>({
    name: accountName,
    created: told(flag, "Whether this request created it."),
  }),
  AccountList: object<AccountList>({
    accounts: listOf(
      object<AccountList["accounts"][number]>({
        name: accountName,
        createdAtMs: timeMs,
        "deleting?": told(flag, "Set after a deletion that is not finished. Delete it again."),
        "limits?": told(limits, "The limits that hold. Left out if there are none."),
      }),
    ),
    "next?": next,
  }),
  AccountLimits: limits,
  TokenRequest: object<TokenRequest>({
    "account?": told(accountName, "Defaults to all accounts. Not with the permission `admin`."),
    permissions,
    "label?": { type: "string", maxLength: 100, description: "A name for people." },
    "expiresInS?": {
      type: "integer",
      minimum: 60,
      maximum: 315_360_000,
      description: "Seconds for which it is valid. Defaults to no end.",
    },
  }),
  TokenIssued: object<TokenIssued>({
    ...tokenMembers,
    token: told(text, "The token. Only its hash is stored, so it is shown once."),
  }),
  TokenList: object<TokenList>({ tokens: listOf(object<TokenSummary>(tokenMembers)), "next?": next }),
  AuditList: object<AuditList>({
    actions: listOf(
      object<AuditList["actions"][number]>({
        id: count,
        atMs: timeMs,
        by: told(text, "The id of the token, or `root` for the host's own admin token."),
        action: told(
          text,
          "`account.create`, `account.delete`, `account.limits`, `snapshot.unredacted`, `token.issue`, …",
        ),
        "account?": accountName,
        "subject?": told(text, "What it is about beside the account: the id of a token, the limits."),
        "outcome?": told(
          text,
          "`done`, or the code of a problem. Left out where it is not known whether it was carried out.",
        ),
        "times?": told(
          count,
          "How often, where one token repeated it on the account within an hour of the clock.",
        ),
      }),
    ),
    "next?": next,
  }),
  Device: device,
  CommandRequest: commandRequest,
  FlushSummary: flushSummary,
  Stats: stats,
  Snapshot: snapshot,
  Problem: problem,
};

/** Refers to a schema of the document. */
export function schemaRef(schema: SchemaName): Schema {
  return { $ref: `#/components/schemas/${schema}` };
}
