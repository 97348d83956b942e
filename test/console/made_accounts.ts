import type { AccountDetail, AccountRow, FlushPoint, Happening, Health } from "../../src/console/model.ts";

/** The time of everything that is made. */
export const NOW_MS: number = Date.UTC(2026, 10, 3, 9, 30);

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

/** Of some accounts: near a limit, at one, and with nothing that was measured. */
const LIMITS: Readonly<Record<string, AccountRow["limits"]>> = {
  "bot-setubal": { maxBytes: 100_000_000, maxRows: 20_000, bytes: 99_999_412, rows: 16_801 },
  "support/eu-1": {
    ...{ maxBytes: 100_000_000, requestsPerMinute: 600, bytes: 83_400_120 },
    ...{ refusedRequests: 1_204, lastRefusedAtMs: NOW_MS - 3 * MIN },
  },
  "bot-aveiro": { maxRows: 20_000 },
};

/** One account of each health, with the reason that a service would say. */
const EACH: readonly (readonly [name: string, health: Health, reason?: string])[] = [
  ["bot-lisbon", "damaged", "3 sessions are damaged and were set aside."],
  ["bot-porto", "failing", "The last 4 saves failed: the disk is full."],
  ["bot-faro", "fenced", "Another process opened it 12 minutes ago."],
  ["bot-setubal", "limited", "It is at its limit of 100,000,000 bytes: commits that store more are refused."],
  ["bot-braga", "held", "A move to libsql://db.example was begun and not finished."],
  ["bot-evora", "late", "State waits for 41 seconds; the database is busy."],
  ["bot-sintra", "deleting", "Its deletion is not finished."],
  ["support/eu-1", "ok"],
  ["an account with a name of more than sixty characters, which somebody chose", "ok"],
  ["bot-aveiro", "elsewhere"],
  ["bot-new", "unused"],
];

/** One account of each health. */
export function eachHealth(): AccountRow[] {
  return EACH.map(([name, health, reason], index) => rowOf(name, health, reason, index));
}

/** Many accounts, few of which need somebody. */
export function manyAccounts(count: number): AccountRow[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `bot-${String(index).padStart(5, "0")}`;
    if (index % 1_999 === 7) return rowOf(name, "failing", "The last 2 saves failed: no connection.", index);
    if (index % 1_201 === 3) return rowOf(name, "late", "State waits for 38 seconds.", index);
    return rowOf(name, index % 9 === 0 ? "elsewhere" : "ok", undefined, index);
  });
}

/** Accounts that are all well. */
export function allWell(): AccountRow[] {
  return Array.from({ length: 42 }, (_, index) => rowOf(`bot-${index + 1}`, "ok", undefined, index));
}

function rowOf(name: string, health: Health, reason: string | undefined, index: number): AccountRow {
  const isUsed = health !== "unused";
  const isHere = health === "ok" || health === "failing" || health === "late" || health === "damaged";
  const waits: Partial<Record<Health, number>> = { failing: 6 * MIN, late: 41 * S, fenced: 12 * MIN };
  const dirtyMs = waits[health] ?? (health === "ok" && index % 3 === 0 ? 3 * S : undefined);
  return {
    name,
    health,
    reason,
    phone: isUsed ? `…${String(1_000 + ((index * 7_919) % 9_000))}` : undefined,
    createdAtMs: NOW_MS - 90 * D - index * H,
    owner: isUsed
      ? {
          epoch: 3 + (index % 40),
          place: isHere ? "here" : health === "held" ? "none" : "elsewhere",
          sinceMs: isHere ? NOW_MS - 2 * D - index * MIN : undefined,
        }
      : { epoch: 0, place: "none" },
    lastCommitAtMs: isUsed ? NOW_MS - (dirtyMs ?? 0) - (4 + (index % 50)) * S : undefined,
    oldestDirtyAtMs: dirtyMs === undefined ? undefined : NOW_MS - dirtyMs,
    quarantined: health === "damaged" ? 3 : isHere ? 0 : undefined,
    limits: LIMITS[name],
  };
}

const TABLES: AccountDetail["tables"] = [
  { table: "session", rows: 1_204, bytes: 2_311_680 },
  { table: "identity", rows: 1_377, bytes: 45_441 },
  { table: "sender_key", rows: 88, bytes: 71_104 },
  { table: "sender_key_device", rows: 2_610, bytes: 130_500 },
  { table: "pre_key", rows: 812, bytes: 66_584 },
  { table: "lid_mapping", rows: 1_377, bytes: 96_390 },
  { table: "device_list", rows: 640, bytes: 83_200 },
  { table: "group", rows: 31, bytes: 40_300 },
  { table: "message_segment", rows: 54, bytes: 4_841_472 },
];

/** Everything of an account. */
export function detailOf(row: AccountRow): AccountDetail {
  if (row.health === "unused" || row.health === "deleting") return { ...row, ...NOTHING };
  const isOpen = row.owner?.place === "here" || row.health === "fenced";
  const isDamaged = row.health === "damaged";
  return {
    ...row,
    device: {
      lid: "…8841@lid",
      linked: true,
      platform: "android",
      identityFingerprint: "9f2c41d7",
      registrationId: 11_732,
    },
    preKeys: { left: 741, notUploaded: 0 },
    tables: TABLES,
    leases: { sessions: 412, senderKeys: 19, restoreEpoch: 1 },
    quarantine: isDamaged
      ? [
          { store: "session", address: "…0017.0", reason: "corrupt: field 3 is cut off", bytes: 1_934 },
          {
            store: "session",
            address: "…4410.2",
            reason: "wrong length: the root key has 31 bytes",
            bytes: 1_902,
          },
          { store: "sender_key", address: "…9931@g.us / …0017.0", reason: "corrupt: no state", bytes: 77 },
        ]
      : [],
    open: isOpen ? openOf(row) : undefined,
    alarms: isOpen
      ? [
          { name: "housekeeping", dueAtMs: NOW_MS + 21 * MIN },
          { name: "save", dueAtMs: NOW_MS + 4 * S },
        ]
      : [],
    backups: {
      list: Array.from({ length: 5 }, (_, day) => ({
        name: `2026-11-0${3 - (day % 3)}T02-1${day}-00Z.holdfast`,
        atMs: NOW_MS - 7 * H - day * D,
        bytes: 7_412_003 - day * 21_004,
      })),
      failures: row.health === "failing" ? 2 : 0,
      lastFailureAtMs: row.health === "failing" ? NOW_MS - 3 * H : undefined,
    },
    retired: [{ id: "r-58c1", untilMs: NOW_MS + 3 * D }],
    timeline: TIMELINE,
    flushes: flushesOf(isOpen ? 240 : 0),
  };
}

const NOTHING: Omit<AccountDetail, keyof AccountRow> = {
  tables: [],
  quarantine: [],
  alarms: [],
  retired: [],
  timeline: [],
  flushes: [],
};

function openOf({ health }: AccountRow): AccountDetail["open"] {
  const isFailing = health === "failing";
  return {
    dirty: isFailing ? { must: 311, may: 90, bytes: 811_392 } : { must: 2, may: 14, bytes: 31_744 },
    gated: isFailing ? 12 : 0,
    isolated: 0,
    commits: 8_412,
    rowsWritten: 51_903,
    ambiguous: isFailing ? 1 : 0,
    saver: isFailing
      ? { state: "failing", failures: 4, retryAtMs: NOW_MS + 9 * S }
      : { state: health === "fenced" ? "fenced" : "idle", failures: 0 },
    caches: [
      { name: "sessions", entries: 1_204, bytes: 2_511_808, hitRatio: 0.9921 },
      { name: "sender keys", entries: 88, bytes: 74_112, hitRatio: 0.874 },
      { name: "mappings", entries: 1_377, bytes: 96_390, hitRatio: 0.998 },
      { name: "sent messages", entries: 2_048, bytes: 1_048_576 },
    ],
  };
}

/** Flushes of which a few are slow. */
export function flushesOf(count: number): FlushPoint[] {
  return Array.from({ length: count }, (_, index) => ({
    atMs: NOW_MS - (count - index) * 5 * S,
    tookMs: 1.6 + ((index * 13) % 17) / 8 + (index % 61 === 60 ? 14 : 0),
    items: 3 + ((index * 5) % 11),
    rows: 4 + ((index * 7) % 23),
  }));
}

const TIMELINE: readonly Happening[] = [
  {
    atMs: NOW_MS - 9 * D,
    kind: "restored",
    text: "A restored copy was opened: every sending chain was given up.",
  },
  { atMs: NOW_MS - 2 * D, kind: "opened", text: "Opened as owner 17." },
  { atMs: NOW_MS - 26 * H, kind: "backup", text: "Backed up: 7.4 MB." },
  {
    atMs: NOW_MS - 20 * H,
    kind: "quarantined",
    text: "A session of …0017.0 could not be read and was set aside.",
  },
  { atMs: NOW_MS - 5 * H, kind: "commitFailed", text: "A commit failed: the database is locked." },
  { atMs: NOW_MS - 5 * H + 3 * S, kind: "recovered", text: "Saved again after 2 failures." },
  { atMs: NOW_MS - 3 * H, kind: "backupFailed", text: "A backup failed: no space left on device." },
  { atMs: NOW_MS - 2 * MIN, kind: "action", text: "Flushed by root." },
];
