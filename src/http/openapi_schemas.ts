import type { RedactedDevice } from "../device/mod.ts";
import type { CALL_TYPE } from "../protocol/mod.ts";
import { MAX_TEXT_LENGTH } from "../rules/mod.ts";
import {
  type AccountSnapshot,
  type AccountStats,
  type BackupStats,
  type FlushSummary,
  type OpenAccountStats,
  PERMISSIONS,
  type SaverSummary,
} from "../service/mod.ts";
import type {
  AccountCreated,
  AccountList,
  Health,
  TokenIssued,
  TokenList,
  TokenRequest,
  TokenSummary,
} from "./app_schema.ts";
import type { Problem } from "./problem.ts";

/** A schema of JSON Schema 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

/** The body of a request or an answer. */
export type Content = SchemaName | typeof CALL_TYPE;

const text: Schema = { type: "string" };
const count: Schema = { type: "integer", minimum: 0 };
const flag: Schema = { type: "boolean" };
const number: Schema = { type: "number" };
const timeMs: Schema = { type: "integer", description: "Clock time in milliseconds" };
const name: Schema = { type: "string", minLength: 1, maxLength: MAX_TEXT_LENGTH };

/** A schema for each member of `T`. The name of a member that may be left out ends in `?`. */
type MembersOf<T> = {
  readonly [Name in keyof T & string as undefined extends T[Name] ? `${Name}?` : Name]-?: Schema;
};

/**
 * Describes an object with the members of `T` and no other: a new member of an answer does not compile until
 * it is described.
 */
function object<T extends object>(members: MembersOf<T>): Schema {
  const entries = Object.entries(members as Readonly<Record<string, Schema>>);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([key, schema]) => [key.replace("?", ""), schema])),
    required: entries.map(([key]) => key).filter((key) => !key.endsWith("?")),
    additionalProperties: false,
  };
}

function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** Describes a parameter. Parameters of a path are required. */
export function parameter(place: "query" | "path", name: string, schema: Schema): Schema {
  return { in: place, name, required: place === "path", schema };
}

/** Refers to a schema of the document. */
export function schemaRef(schema: SchemaName): Schema {
  return { $ref: `#/components/schemas/${schema}` };
}

const permissions: Schema = listOf({ enum: PERMISSIONS });

const tokenMembers: MembersOf<TokenSummary> = {
  id: { type: "string", pattern: "^[0-9a-f]{16}$" },
  account: { type: ["string", "null"], description: "null: for all accounts" },
  permissions,
  label: text,
  createdAtMs: timeMs,
};

const next: Schema = { type: "string", description: "The `after` of the next page" };

const saver: Schema = object<SaverSummary>({
  state: text,
  consecutiveFailures: count,
  "lastError?": { type: "object" },
  "lastSuccessAtMs?": timeMs,
  "lastFailureAtMs?": timeMs,
  "retryAtMs?": timeMs,
  isolated: count,
  waitingWriters: count,
});

const openAccount: Schema = object<OpenAccountStats>({
  dirty: object<OpenAccountStats["dirty"]>({ must: count, may: count, bytes: count, "oldestAgeMs?": number }),
  commits: count,
  rowsWritten: count,
  ambiguous: count,
  flush: object<OpenAccountStats["flush"]>({ count, lastMs: number, meanMs: number, maxMs: number }),
  saver,
  "cache?": object<NonNullable<OpenAccountStats["cache"]>>({
    hits: count,
    misses: count,
    hitRatio: number,
    gated: count,
  }),
});

const stats: Schema = object<AccountStats>({
  open: flag,
  "account?": openAccount,
  "nextAlarmAtMs?": timeMs,
  "backups?": object<BackupStats>({
    failures: count,
    "lastSuccessAtMs?": timeMs,
    "lastFailureAtMs?": timeMs,
    "lastError?": { type: "object" },
  }),
});

const device: Schema = object<RedactedDevice>({
  sealed: flag,
  "pn?": text,
  "lid?": text,
  registrationId: count,
  signedPreKeyId: count,
  hasAccount: flag,
  hasPushName: flag,
  "platform?": text,
  appVersion: text,
  appVersionLastFetchedMs: timeMs,
  "edgeRoutingInfoBytes?": count,
  hasPropsHash: flag,
  nextPreKeyId: count,
  firstUnuploadedPreKeyId: count,
  serverHasPreKeys: flag,
  "nctSaltBytes?": count,
  "serverCertNotAfter?": count,
  loginCounter: count,
  lidMigrated: flag,
  lastSignedPreKeyRotationMs: timeMs,
  readReceiptsDisabled: flag,
  "serverClientExpiresAt?": count,
  extraBytes: { type: "object", additionalProperties: count },
});

const database: Schema = object<Omit<AccountSnapshot["database"], "extra">>({
  name: text,
  account: name,
  accountId: count,
  schemaVersion: count,
  tables: listOf(
    object<AccountSnapshot["database"]["tables"][number]>({ table: text, rows: count, bytes: count }),
  ),
});

/** The names of all schemas. */
export type SchemaName =
  | "Health"
  | "CreateAccount"
  | "AccountCreated"
  | "AccountList"
  | "TokenRequest"
  | "TokenIssued"
  | "TokenList"
  | "Device"
  | "CommandRequest"
  | "FlushSummary"
  | "Stats"
  | "Snapshot"
  | "Problem";

/** The schemas of requests and answers. */
export const SCHEMAS: Readonly<Record<SchemaName, Schema>> = {
  Health: object<Health>({ status: { const: "ok" } }),
  CreateAccount: object<Pick<AccountCreated, "name">>({ name }),
  AccountCreated: object<AccountCreated>({ name, created: flag }),
  AccountList: object<AccountList>({
    accounts: listOf(
      object<AccountList["accounts"][number]>({ name, createdAtMs: timeMs, "deleting?": flag }),
    ),
    "next?": next,
  }),
  TokenRequest: object<TokenRequest>({
    "account?": name,
    permissions,
    "label?": { type: "string", maxLength: 100 },
  }),
  TokenIssued: object<TokenIssued>({
    ...tokenMembers,
    token: { type: "string", description: "Shown once" },
  }),
  TokenList: object<TokenList>({ tokens: listOf(object<TokenSummary>(tokenMembers)), "next?": next }),
  Device: device,
  CommandRequest: object<{ readonly commands: unknown[] }>({
    commands: {
      type: "array",
      minItems: 1,
      maxItems: 100,
      items: { type: "object", required: ["kind"], properties: { kind: text } },
      description: "Applied all or none. Bytes are base64, null clears a field",
    },
  }),
  FlushSummary: object<FlushSummary>({
    open: flag,
    committed: count,
    isolated: count,
    rows: count,
    durationMs: number,
  }),
  Stats: stats,
  Snapshot: object<AccountSnapshot>({
    takenAtMs: timeMs,
    "device?": device,
    "secrets?": { type: "object", description: "Private keys and everything else, bytes in base64" },
    database,
    stats,
  }),
  Problem: object<Problem>({
    type: { const: "about:blank" },
    title: text,
    status: { type: "integer" },
    code: { type: "string", description: "Stable, unlike the texts" },
    message: text,
    "writeIndex?": count,
    requestId: text,
  }),
};
