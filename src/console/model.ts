/**
 * What the console's pages and its server say to each other: JSON bodies below `/v1/console`, and the events of
 * its streams. Times are clock times in milliseconds, durations milliseconds, sizes bytes. Nothing here has a
 * key or a message.
 */

/** `GET /v1/console`. */
export interface ConsoleInfo {
  readonly version: string;
  readonly kind: "file" | "database" | "service";
  /** Path or URL of what is shown, without secrets. */
  readonly shown: string;
  /** Whether actions are absent: nothing is written, and no ownership taken. */
  readonly readOnly: boolean;
  /** Actions that are offered. Empty when `readOnly`. */
  readonly actions: readonly ActionName[];
  /** Whether `GET /v1/console/events` streams. If not, the pages ask again from time to time. */
  readonly live: boolean;
  readonly schemaVersion?: number | undefined;
  readonly nowMs: number;
}

/** How an account is, the worst that is true of it. */
export type Health =
  /** Its database has damaged or quarantined rows. */
  | "damaged"
  /** Its last saves failed, or the saver has halted. */
  | "failing"
  /** Another owner took it over while it was open here. */
  | "fenced"
  /** It is at a limit of what it may store: its commits are refused. */
  | "limited"
  /** An import or a move is not finished: it does not open. */
  | "held"
  /** Open here, and state waits longer than the save interval. */
  | "late"
  /** Open here, and all is well. */
  | "ok"
  /** Not open here: an owner elsewhere may have it. */
  | "elsewhere"
  /** Registered, never opened. */
  | "unused"
  /** Its deletion is not finished. */
  | "deleting";

/** A row of `GET /v1/console/accounts?after=…&limit=…` (at most 1,000). */
export interface AccountRow {
  readonly name: string;
  readonly health: Health;
  /** One plain sentence, when the health is not `ok`. */
  readonly reason?: string | undefined;
  /** Redacted: at most the last 4 digits. */
  readonly phone?: string | undefined;
  /** Whether its values are encrypted, and this process lacks the key. */
  readonly sealed?: boolean | undefined;
  readonly createdAtMs?: number | undefined;
  readonly owner?: OwnerSummary | undefined;
  readonly lastCommitAtMs?: number | undefined;
  readonly oldestDirtyAtMs?: number | undefined;
  /** Left out where it was not counted. */
  readonly quarantined?: number | undefined;
  /** Left out where the account has none. */
  readonly limits?: LimitsInUse | undefined;
}

/** The limits that an account may have. */
export interface Limits {
  readonly maxBytes?: number | undefined;
  readonly maxRows?: number | undefined;
  readonly requestsPerMinute?: number | undefined;
}

/** The limits that hold for an account, and what of them is used. */
export interface LimitsInUse extends Limits {
  /** What is stored. Left out where it was not measured: nothing was stored since the service opened it. */
  readonly bytes?: number | undefined;
  readonly rows?: number | undefined;
  /** Requests that were refused since the service started, and the last of them. */
  readonly refusedRequests?: number | undefined;
  readonly lastRefusedAtMs?: number | undefined;
}

export interface AccountPage {
  readonly accounts: readonly AccountRow[];
  /** The `after` of the next page. */
  readonly next?: string | undefined;
}

export interface OwnerSummary {
  /** Openings so far. */
  readonly epoch: number;
  readonly place: "here" | "elsewhere" | "none";
  /** Left out where it is not known. */
  readonly sinceMs?: number | undefined;
}

/** `GET /v1/console/accounts/{name}`. */
export interface AccountDetail extends AccountRow {
  readonly device?: {
    readonly lid?: string | undefined;
    readonly linked: boolean;
    readonly platform?: string | undefined;
    /** The first 8 hexadecimal digits of the SHA-256 of the public identity key. */
    readonly identityFingerprint: string;
    readonly registrationId: number;
  };
  readonly preKeys?: { readonly left: number; readonly notUploaded: number } | undefined;
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[];
  readonly leases?: { readonly sessions: number; readonly senderKeys: number; readonly restoreEpoch: number };
  readonly quarantine: readonly {
    readonly store: string;
    readonly address: string;
    readonly reason: string;
    readonly bytes: number;
  }[];
  /** Left out while the account is not open here. */
  readonly open?: OpenState | undefined;
  readonly alarms: readonly { readonly name: string; readonly dueAtMs: number }[];
  readonly backups?: {
    readonly list: readonly { readonly name: string; readonly atMs: number; readonly bytes: number }[];
    readonly lastFailureAtMs?: number | undefined;
    readonly failures: number;
  };
  /** Accounts of this name that were set aside, the newest first. */
  readonly retired: readonly { readonly id: string; readonly untilMs: number }[];
  /** The newest last, at most 500. */
  readonly timeline: readonly Happening[];
  /** The newest last, at most 500. */
  readonly flushes: readonly FlushPoint[];
}

/** What is known of an account that is open here. */
export interface OpenState {
  readonly dirty: { readonly must: number; readonly may: number; readonly bytes: number };
  readonly gated: number;
  readonly isolated: number;
  readonly commits: number;
  readonly rowsWritten: number;
  readonly ambiguous: number;
  readonly saver: {
    readonly state: string;
    readonly failures: number;
    readonly retryAtMs?: number | undefined;
  };
  readonly caches: readonly {
    readonly name: string;
    readonly entries: number;
    readonly bytes: number;
    /** Left out for caches that do not count. */
    readonly hitRatio?: number | undefined;
  }[];
}

/** A point of the flush history. */
export interface FlushPoint {
  readonly atMs: number;
  readonly tookMs: number;
  readonly items: number;
  readonly rows: number;
}

/** An event of the time line. */
export interface Happening {
  readonly atMs: number;
  readonly kind:
    | "opened"
    | "closed"
    | "commitFailed"
    | "ambiguous"
    | "recovered"
    | "fenced"
    | "halted"
    | "quarantined"
    | "restored"
    | "backup"
    | "backupFailed"
    | "retired"
    | "undone"
    | "action";
  readonly text: string;
}

/** Events of `GET /v1/console/events[?account=…]`; the field `event` has the name, `data` the JSON. */
export interface ConsoleEvents {
  /** Rows that changed. */
  readonly accounts: readonly AccountRow[];
  /** Names of accounts that are gone. */
  readonly gone: readonly string[];
  /** Only with `account`. */
  readonly open: OpenState | null;
  readonly flush: FlushPoint;
  readonly happening: Happening;
}

/** The actions on an account. */
export const ACTION_NAMES = [
  "flush",
  "takeOver",
  "backup",
  "restore",
  "retire",
  "undo",
  "limit",
  "erase",
] as const;

export type ActionName = (typeof ACTION_NAMES)[number];

/** Body of `POST /v1/console/accounts/{name}/actions/{action}`. */
export interface ActionRequest {
  /** The account's name once more, as the person typed it. */
  readonly confirm: string;
  /** Of `restore`: the name of a backup. Of `undo`: the id of a retired account. */
  readonly id?: string | undefined;
  /** Of `limit`: they take the place of the account's own. */
  readonly limits?: Limits | undefined;
}

export interface ActionAnswer {
  /** One plain sentence that says what was done. */
  readonly said: string;
}

/** Events of `GET /v1/console/accounts/{name}/verify`: `progress`, `finding`, and a last `done` or `problem`. */
export interface VerifyEvents {
  readonly progress: { readonly table: string; readonly rows: number };
  readonly finding: { readonly where: string; readonly text: string; readonly advice: string };
  readonly done: { readonly rows: number; readonly findings: number };
  /** Why the check could not be carried out: the code and the message of a problem. */
  readonly problem: { readonly code: string; readonly message: string };
}
