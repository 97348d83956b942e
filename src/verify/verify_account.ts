import { LISTED_TABLES, type ListedTable, type RowWrite } from "../backend/mod.ts";
import { requireFunction, requireObject } from "../errors/mod.ts";
import type { StartPacer } from "../ports/mod.ts";
import { checkDevice } from "./check_device.ts";
import {
  checkDeviceLists,
  checkIdentities,
  checkMacs,
  checkMappings,
  checkMarks,
  checkQuarantine,
  checkSegments,
  collectMarks,
  collectVersions,
} from "./check_others.ts";
import { checkPreKeys, checkSignedPreKeys } from "./check_pre_keys.ts";
import { checkSenderKeys, checkSessions } from "./check_records.ts";
import { type Checking, isDamage, ownUsersOf, RESTORE, reasonOf, type VerifiedReads } from "./context.ts";
import type { Finding, Tell } from "./finding.ts";
import { rowKey } from "./row_key.ts";

/** The reads that are called. */
const READS: readonly (keyof VerifiedReads)[] = [
  "getDevicesFor",
  "getLidMappings",
  "listQuarantined",
  "listRows",
  "load",
  "loadIdentities",
  "loadPreKeys",
  "loadSenderKeyRows",
  "loadSessionRows",
  "loadSignedPreKey",
  "getVersion",
  "readOwner",
];

/** Rows that are read at once. */
const PAGE_ROWS = 500;

/** Findings that are kept. More are counted. */
const MAX_FINDINGS = 1_000;

/** Options of `verifyAccount`. */
export interface VerifyOptions {
  /**
   * Called after each page with the number of rows that are checked so far, and the table that is being
   * checked. What it throws ends the check.
   */
  readonly onProgress?: ((rows: number, table: ListedTable) => void) | undefined;
}

/** What a check of an account found. */
export interface VerifyReport {
  /** In the order of the tables. At most 1,000. */
  readonly findings: readonly Finding[];
  /** Findings that are left out. */
  readonly omitted: number;
  /** Rows that were checked. */
  readonly rows: number;
}

/**
 * Decodes every row of an account and checks what must hold between them. Reads only, and takes no ownership.
 * Rows that an owner writes during it may be reported as contradictions where the backend shows each read the
 * present state.
 *
 * Not found: a changed byte inside a value that still decodes and has no second copy, such as the root key of
 * a session.
 *
 * @param reads A backend, or its reads. Values are opened by its transform, if it has one.
 * @throws {StoreError} When the backend cannot be read for another reason than damage.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { verifyAccount } from "@holdfast/store/transfer";
 *
 * const backend = memoryBackend();
 * await using account = await openAccount({ backend });
 * const { findings } = await verifyAccount(backend);
 * if (findings.length > 0) throw new Error(findings[0]?.what);
 * ```
 */
export async function verifyAccount(
  reads: VerifiedReads,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  return await verifyInTurns(reads, options);
}

/**
 * As `verifyAccount`.
 *
 * @param startPacer Lets other work of the process run during the check. Without it, one may hold the event loop
 *   throughout.
 */
export async function verifyInTurns(
  reads: VerifiedReads,
  options: VerifyOptions,
  startPacer?: StartPacer,
): Promise<VerifyReport> {
  requireObject("verify account: the backend", reads);
  for (const name of READS) requireFunction(`verify account: ${name}`, reads[name]);
  requireObject("options", options);
  if (options.onProgress !== undefined) requireFunction("onProgress", options.onProgress);
  const findings: Finding[] = [];
  let omitted = 0;
  const tell: Tell = (finding) => {
    if (findings.length < MAX_FINDINGS) findings.push({ key: undefined, repair: undefined, ...finding });
    else omitted += 1;
  };
  const device = await checkDevice(reads, tell);
  const checking: Checking = {
    ...{ reads, tell, device, pacer: startPacer?.() },
    ownUsers: ownUsersOf(device),
    ownGroups: new Set(),
    markedGroups: new Map(),
    versions: new Map(),
  };
  let rows = 0;
  for (const table of LISTED_TABLES) {
    await checkTable(checking, table, (count) => {
      rows += count;
      options.onProgress?.(rows, table);
    });
  }
  checkMarks(checking);
  await checkQuarantine(checking);
  return { findings, omitted, rows };
}

/** Checks a table page by page. A page that fails ends it, with a finding. */
async function checkTable(
  checking: Checking,
  table: ListedTable,
  onRows: (count: number) => void,
): Promise<void> {
  const check = checkerOf(checking, table);
  let after: string | undefined;
  try {
    do {
      const page = await checking.reads.listRows(table, after, PAGE_ROWS);
      onRows(page.rows.length + page.unreadable);
      if (page.unreadable > 0) await tellUnreadable(checking, table, { after, count: page.unreadable });
      if (page.rows.length > 0) await check(page.rows);
      if (checking.pacer?.isDue) await checking.pacer.rest();
      after = page.next;
    } while (after !== undefined);
  } catch (error) {
    if (!isDamage(error)) throw error;
    checking.tell({
      ...{ code: "unlistable", severity: "damage", table },
      what: `The table ${table} cannot be read to its end: ${reasonOf(error)}.`,
      remedy: RESTORE,
    });
  }
}

/** Reads a page of damaged rows one by one, so that the finding says beside which row each one is. */
async function tellUnreadable(
  { pacer, reads, tell }: Checking,
  table: ListedTable,
  { after, count }: { readonly after: string | undefined; readonly count: number },
): Promise<void> {
  let [at, left, before] = [after, count, undefined as string | undefined];
  for (let row = 0; row < PAGE_ROWS && left > 0; row += 1) {
    if (pacer?.isDue) await pacer.rest();
    const page = await reads.listRows(table, at, 1);
    if (page.unreadable > 0) {
      left -= 1;
      tell({
        ...{ code: "unreadable", severity: "damage", table },
        what: `A row of ${table} ${before === undefined ? "at the beginning of a page" : `behind ${JSON.stringify(before)}`} does not decode.`,
        remedy: RESTORE,
      });
    }
    before = page.rows[0] === undefined ? before : rowKey(page.rows[0]);
    if (page.next === undefined) break;
    at = page.next;
  }
}

function checkerOf(
  checking: Checking,
  table: ListedTable,
): (rows: readonly RowWrite[]) => void | Promise<void> {
  const told = new Set<string>();
  const only =
    <Kind extends RowWrite["kind"]>(
      kind: Kind,
      check: (rows: readonly Extract<RowWrite, { readonly kind: Kind }>[]) => void | Promise<void>,
    ) =>
    (rows: readonly RowWrite[]): void | Promise<void> =>
      check(rows.filter((row): row is Extract<RowWrite, { readonly kind: Kind }> => row.kind === kind));
  switch (table) {
    case "session":
      return only("session.put", (rows) => checkSessions(checking, rows));
    case "senderKey":
      return only("senderKey.put", (rows) => checkSenderKeys(checking, rows));
    case "preKey":
      return only("preKey.put", (rows) => checkPreKeys(checking, rows));
    case "signedPreKey":
      return only("signedPreKey.put", (rows) => checkSignedPreKeys(checking, rows));
    case "lidMapping":
      return only("lidMapping.put", (rows) => checkMappings(checking, rows));
    case "deviceList":
      return only("deviceList.put", (rows) => checkDeviceLists(checking, rows));
    case "senderKeyDevices":
      return only("senderKeyDevices.set", (rows) => collectMarks(checking, rows));
    case "syncVersion":
      return only("syncVersion.patch", (rows) => collectVersions(checking, rows));
    case "mutationMacs":
      return only("mutationMacs.put", (rows) => checkMacs(checking, rows, told));
    case "messageSegment":
      return only("messageSegment.put", (rows) => checkSegments(checking, rows));
    case "identity":
      return only("identity.put", (rows) => checkIdentities(checking, rows));
    // What is listed decodes, and nothing refers to it.
    case "quarantine":
    case "syncKey":
    case "baseKey":
    case "groupMetadata":
    case "tcToken":
    case "sentMessage":
    case "pendingInbound":
    case "msgSecret":
      return () => {};
  }
}
