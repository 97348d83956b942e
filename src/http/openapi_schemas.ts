import type { CALL_TYPE } from "../protocol/mod.ts";
/** A schema of JSON Schema 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

/** The media type of the commit protocol. */

/** The body of a request or an answer. */
export type Content = SchemaName | typeof CALL_TYPE;

const text: Schema = { type: "string" };
const count: Schema = { type: "integer", minimum: 0 };
const flag: Schema = { type: "boolean" };
const number: Schema = { type: "number" };
const timeMs: Schema = { type: "integer", description: "Clock time in milliseconds" };
const name: Schema = { type: "string", minLength: 1, maxLength: 1_024 };

/** Describes an object with these members and no other. A member is optional if its name ends in `?`. */
function object(members: Readonly<Record<string, Schema>>): Schema {
  const entries = Object.entries(members);
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

const permissions: Schema = listOf({ enum: ["account", "unredacted", "admin"] });

const tokenMembers: Readonly<Record<string, Schema>> = {
  id: { type: "string", pattern: "^[0-9a-f]{16}$" },
  account: { type: ["string", "null"], description: "null: for all accounts" },
  permissions,
  label: text,
  createdAtMs: timeMs,
};

const next: Schema = { type: "string", description: "Give it as `after` for the next page" };

const saver: Schema = object({
  state: text,
  consecutiveFailures: count,
  "lastError?": { type: "object" },
  "lastSuccessAtMs?": timeMs,
  "lastFailureAtMs?": timeMs,
  "retryAtMs?": timeMs,
  isolated: count,
  waitingWriters: count,
});

const openAccount: Schema = object({
  dirty: object({ must: count, may: count, bytes: count, "oldestAgeMs?": number }),
  commits: count,
  rowsWritten: count,
  ambiguous: count,
  flush: object({ count, lastMs: number, meanMs: number, maxMs: number }),
  saver,
  "cache?": object({ hits: count, misses: count, hitRatio: number, gated: count }),
});

const stats: Schema = object({ open: flag, "account?": openAccount, "nextAlarmAtMs?": timeMs });

const device: Schema = object({
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

const database: Schema = object({
  name: text,
  account: name,
  accountId: count,
  schemaVersion: count,
  tables: listOf(object({ table: text, rows: count, bytes: count })),
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
  Health: object({ status: { const: "ok" } }),
  CreateAccount: object({ name }),
  AccountCreated: object({ name, created: flag }),
  AccountList: object({
    accounts: listOf(object({ name, createdAtMs: timeMs, "deleting?": flag })),
    "next?": next,
  }),
  TokenRequest: object({ "account?": name, permissions, "label?": { type: "string", maxLength: 100 } }),
  TokenIssued: object({
    ...tokenMembers,
    token: { type: "string", description: "It is not kept and cannot be shown again" },
  }),
  TokenList: object({ tokens: listOf(object(tokenMembers)), "next?": next }),
  Device: device,
  CommandRequest: object({
    commands: {
      type: "array",
      minItems: 1,
      maxItems: 100,
      items: { type: "object", required: ["kind"], properties: { kind: text } },
      description: "Applied together, or none of them. Bytes are base64, and null clears",
    },
  }),
  FlushSummary: object({ open: flag, committed: count, isolated: count, rows: count, durationMs: number }),
  Stats: stats,
  Snapshot: object({
    takenAtMs: timeMs,
    "device?": device,
    "secrets?": { type: "object", description: "Private keys and everything else, bytes in base64" },
    database,
    stats,
  }),
  Problem: object({
    type: { const: "about:blank" },
    title: text,
    status: { type: "integer" },
    code: { type: "string", description: "The API; texts are for people" },
    message: text,
    "writeIndex?": count,
    requestId: text,
  }),
};
