import type { RedactedDevice } from "../device/mod.ts";
import type {
  AccountSnapshot,
  AccountStats,
  BackupStats,
  FlushSummary,
  OpenAccountStats,
  SaverSummary,
} from "../service/mod.ts";
import {
  accountName,
  count,
  flag,
  listOf,
  number,
  object,
  type Schema,
  text,
  timeMs,
  told,
} from "./schema.ts";

const failure: Schema = {
  type: "object",
  description: "The class and the code of the last error, without its message.",
};

const saver: Schema = object<SaverSummary>({
  state: text,
  consecutiveFailures: count,
  "lastError?": failure,
  "lastSuccessAtMs?": timeMs,
  "lastFailureAtMs?": timeMs,
  "retryAtMs?": timeMs,
  isolated: told(count, "Items that the database refused."),
  waitingWriters: count,
});

const openAccount: Schema = object<OpenAccountStats>({
  dirty: object<OpenAccountStats["dirty"]>({
    must: told(count, "Items that must be saved within the interval."),
    may: told(count, "Items that are saved with the next commit."),
    bytes: count,
    "oldestAgeMs?": number,
  }),
  commits: count,
  rowsWritten: count,
  ambiguous: told(count, "Commits whose answer was lost."),
  flush: object<OpenAccountStats["flush"]>({ count, lastMs: number, meanMs: number, maxMs: number }),
  saver,
  "cache?": object<NonNullable<OpenAccountStats["cache"]>>({
    hits: count,
    misses: count,
    hitRatio: number,
    gated: told(count, "Entries whose ciphertexts must not be sent yet."),
  }),
});

const amount = (description: string): Schema => ({ ...count, description });

export const limits: Schema = object<NonNullable<AccountStats["limits"]>>(
  {
    "maxBytes?": amount("Most bytes that the account may store: of its values, on a Worker of its database."),
    "maxRows?": amount("Most rows that the account may store."),
    "requestsPerMinute?": {
      type: "integer",
      minimum: 1,
      description: "Most requests in a minute. Up to that many may come at once.",
    },
  },
  "What is left out has no limit, or that of the service.",
);

export const stats: Schema = object<AccountStats>({
  open: told(flag, "Whether the service holds the account open. A client elsewhere may own it."),
  "account?": openAccount,
  "nextAlarmAtMs?": timeMs,
  "backups?": object<BackupStats>({
    failures: told(count, "Failures since the last backup."),
    "lastSuccessAtMs?": timeMs,
    "lastFailureAtMs?": timeMs,
    "lastError?": failure,
  }),
  "limits?": told(limits, "The limits that hold. Left out if there are none."),
  "stored?": told(
    object<NonNullable<AccountStats["stored"]>>({ bytes: count, "rows?": count }),
    "What the account has stored. Left out if it has no limits.",
  ),
  "refusedBy?": told(text, "The limit that refused the last write that would have stored more."),
});

export const device: Schema = object<RedactedDevice>({
  sealed: told(flag, "Whether the keys of the account are with its client, not here."),
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
  account: accountName,
  accountId: count,
  schemaVersion: count,
  tables: listOf(
    object<AccountSnapshot["database"]["tables"][number]>({ table: text, rows: count, bytes: count }),
  ),
});

export const snapshot: Schema = object<AccountSnapshot>({
  takenAtMs: timeMs,
  "device?": device,
  "secrets?": {
    type: "object",
    description: "The whole device with its private keys, bytes in base64. Only with `redacted=false`.",
  },
  database,
  stats,
});

export const flushSummary: Schema = object<FlushSummary>({
  open: told(flag, "Whether the service holds the account open. If not, there was nothing to save."),
  committed: told(count, "Items that are durable now."),
  isolated: told(count, "Items that the database refused. They are kept in memory."),
  rows: count,
  durationMs: number,
});

export const commandRequest: Schema = object<{ readonly commands: unknown[] }>({
  commands: {
    type: "array",
    minItems: 1,
    maxItems: 100,
    items: { type: "object", required: ["kind"], properties: { kind: text }, additionalProperties: true },
    description: "Applied all or none. Bytes are base64, and `null` clears a field.",
  },
});
