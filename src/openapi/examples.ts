import type { RedactedDevice } from "../device/mod.ts";
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
} from "../http/mod.ts";
import type { AccountSnapshot, AccountStats, FlushSummary } from "../service/mod.ts";
import type { SchemaName } from "./schemas.ts";

const AT_MS = 1_790_000_000_000;

const TOKEN: TokenList["tokens"][number] = {
  id: "3f9a1c5d7e8b2046",
  account: "bot-1",
  permissions: ["account"],
  label: "bot on server 2",
  createdAtMs: AT_MS,
  expiresAtMs: AT_MS + 7_776_000_000,
};

const DEVICE: RedactedDevice = {
  sealed: false,
  pn: "…4567@s.whatsapp.net",
  registrationId: 12_345,
  signedPreKeyId: 1,
  hasAccount: true,
  hasPushName: true,
  platform: "android",
  appVersion: "2.3000.1029",
  appVersionLastFetchedMs: AT_MS,
  hasPropsHash: true,
  nextPreKeyId: 831,
  firstUnuploadedPreKeyId: 831,
  serverHasPreKeys: true,
  loginCounter: 12,
  lidMigrated: true,
  lastSignedPreKeyRotationMs: AT_MS,
  readReceiptsDisabled: false,
  extraBytes: {},
} as RedactedDevice;

const LIMITS: NonNullable<AccountStats["limits"]> = {
  maxBytes: 100_000_000,
  maxRows: 200_000,
  requestsPerMinute: 600,
};

const STATS: AccountStats = {
  open: true,
  limits: LIMITS,
  stored: { bytes: 1_482_300, rows: 2_970 },
  account: {
    dirty: { must: 0, may: 3, bytes: 4_512, oldestAgeMs: 2_150 },
    commits: 41,
    rowsWritten: 163,
    ambiguous: 0,
    flush: { count: 38, lastMs: 1.2, meanMs: 1.4, maxMs: 7.9 },
    saver: { state: "idle", consecutiveFailures: 0, isolated: 0, waitingWriters: 0, lastSuccessAtMs: AT_MS },
    cache: { hits: 980, misses: 20, hitRatio: 0.98, gated: 0 },
  } as AccountStats["account"],
};

interface Examples {
  readonly ServiceIndex: ServiceIndex;
  readonly Health: Health;
  readonly CreateAccount: object;
  readonly AccountCreated: AccountCreated;
  readonly AccountList: AccountList;
  readonly TokenRequest: TokenRequest;
  readonly TokenIssued: TokenIssued;
  readonly TokenList: TokenList;
  readonly AuditList: AuditList;
  readonly Device: RedactedDevice;
  readonly CommandRequest: object;
  readonly FlushSummary: FlushSummary;
  readonly Stats: AccountStats;
  readonly AccountLimits: NonNullable<AccountStats["limits"]>;
  readonly Snapshot: AccountSnapshot;
  readonly Problem: Problem;
}

/** An example of each schema. Their types are those of the code, and a test checks them by the schemas. */
export const EXAMPLES: { readonly [Name in SchemaName]: Examples[Name] } = {
  ServiceIndex: {
    name: "Holdfast",
    links: [
      { href: "/v1/accounts", methods: ["GET", "POST"] },
      { href: "/v1/accounts/{account}/stats", methods: ["GET"] },
    ],
  },
  Health: { status: "ok" },
  CreateAccount: { name: "bot-1" },
  AccountCreated: { name: "bot-1", created: true },
  AccountList: { accounts: [{ name: "bot-1", createdAtMs: AT_MS }], next: "bot-1" },
  TokenRequest: {
    account: "bot-1",
    permissions: ["account"],
    label: "bot on server 2",
    expiresInS: 7_776_000,
  },
  TokenIssued: { ...TOKEN, token: `hf_${TOKEN.id}_${"…".padStart(9, "0123456789")}` },
  TokenList: { tokens: [TOKEN] },
  AuditList: {
    actions: [
      {
        id: 2,
        atMs: AT_MS,
        by: "root",
        action: "token.issue",
        account: "bot-1",
        subject: TOKEN.id,
        outcome: "done",
      },
    ],
  },
  Device: DEVICE,
  CommandRequest: { commands: [{ kind: "setPushName", pushName: "Bot" }] },
  FlushSummary: { open: true, committed: 3, isolated: 0, rows: 3, durationMs: 1.2 },
  Stats: STATS,
  AccountLimits: LIMITS,
  Snapshot: {
    takenAtMs: AT_MS,
    device: DEVICE,
    database: {
      name: "service",
      account: "bot-1",
      accountId: 1,
      schemaVersion: 12,
      tables: [{ table: "session", rows: 214, bytes: 318_022 }],
      extra: undefined,
    },
    stats: STATS,
  },
  Problem: {
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    code: "invalid",
    message: "issue token: permissions is none of account, erase, unredacted, admin",
    errors: [
      {
        in: "body",
        pointer: "#/permissions/0",
        rule: "enum",
        allowed: ["account", "erase", "unredacted", "admin"],
      },
    ],
    requestId: "5b0e8f21c4d37a96",
  },
};
