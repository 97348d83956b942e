import { asideIdOf, SEALING_LOG } from "../../backend/mod.ts";
import { decodeUtf8 } from "../../bytes/mod.ts";
import { type Cell, integerOf, textOf } from "./cell.ts";
import type { SqlDriver } from "./sql_driver.ts";

/** Version of the layout that introduced segments, by which sealed accounts are told. */
const SEGMENTS_SINCE = 4;

/** What a list shows of a stored account. None of it is a value that can be sealed. */
export interface AccountOverview {
  readonly account: string;
  /** The stored owner; `undefined` when the account was never owned. */
  readonly owner: string | undefined;
  readonly epoch: number;
  readonly pn: string | undefined;
  readonly hasDevice: boolean;
  readonly isSealed: boolean;
  readonly quarantined: number;
  /** Whether a stored text is damaged. It is left out. */
  readonly isDamaged: boolean;
}

/** Names of a page, in ascending order by their bytes. */
export interface NamePage {
  readonly names: readonly string[];
  /** The `after` of the next page; `undefined` after the last one. */
  readonly next: string | undefined;
}

/** Rows of an account that are counted. */
export interface AccountCounts {
  readonly preKeys: number;
  readonly preKeysNotUploaded: number;
  readonly leasedSessions: number;
  readonly leasedSenderKeys: number;
}

/** Reads of many accounts at once. Each is one statement, however many accounts it is about. */
export interface OverviewReads {
  /** @param limit 1 … 1,000. */
  listNames(after: string | undefined, limit: number): Promise<NamePage>;
  /** What is stored of accounts, by their names. Those that are not stored are left out. */
  overview(names: readonly string[]): Promise<ReadonlyMap<string, AccountOverview>>;
  count(account: string): Promise<AccountCounts>;
}

/** Reads of many accounts of a database. They take no ownership and write nothing. */
export function overviewReads(driver: Pick<SqlDriver, "query">, schemaVersion: number): OverviewReads {
  const isSealed =
    schemaVersion < SEGMENTS_SINCE
      ? "0"
      : `EXISTS (SELECT 1 FROM message_segment s WHERE s.device_id = a.device_id AND s.log = '${SEALING_LOG}')`;
  // Bytes, since one damaged text would make the whole page fail.
  const overview = `SELECT a.name, CAST(a.owner AS BLOB), a.epoch, CAST(d.pn AS BLOB), d.device_id IS NOT NULL,
    ${isSealed}, (SELECT count(*) FROM quarantine q WHERE q.device_id = a.device_id)
    FROM account a LEFT JOIN device d USING (device_id)
    WHERE a.name IN (SELECT value FROM json_each(?1))`;
  return {
    async listNames(after, limit) {
      const rows = await driver.query("SELECT name FROM account WHERE name > ?1 ORDER BY name LIMIT ?2", [
        after ?? "",
        limit,
      ]);
      const names = rows.map(([name]) => textOf(name, "account name"));
      return {
        names: names.filter((name) => asideIdOf(name) === undefined),
        next: names.length < limit ? undefined : names.at(-1),
      };
    },
    async overview(names) {
      const found = new Map<string, AccountOverview>();
      if (names.length === 0) return found;
      for (const row of await driver.query(overview, [JSON.stringify(names)])) {
        const account = overviewOf(row);
        found.set(account.account, account);
      }
      return found;
    },
    async count(account) {
      const [row = []] = await driver.query(COUNTS, [account]);
      return {
        preKeys: integerOf(row[0], "row count"),
        preKeysNotUploaded: integerOf(row[1], "row count"),
        leasedSessions: integerOf(row[2], "row count"),
        leasedSenderKeys: integerOf(row[3], "row count"),
      };
    },
  };
}

/** One statement, so that the counts belong together. */
const COUNTS = `WITH scope (device_id) AS (SELECT (SELECT device_id FROM account WHERE name = ?1))
  SELECT (SELECT count(*) FROM pre_key t WHERE t.device_id = scope.device_id),
  (SELECT count(*) FROM pre_key t WHERE t.device_id = scope.device_id AND t.uploaded = 0),
  (SELECT count(t.reserved_until) FROM session t WHERE t.device_id = scope.device_id),
  (SELECT count(t.reserved_until) FROM sender_key t WHERE t.device_id = scope.device_id)
  FROM scope`;

function overviewOf([
  name,
  owner,
  epoch,
  pn,
  hasDevice,
  isSealed,
  quarantined,
]: readonly Cell[]): AccountOverview {
  const [ownerText, pnText] = [owner, pn].map((cell) =>
    cell instanceof Uint8Array ? decodeUtf8(cell) : undefined,
  );
  const isCut = (cell: Cell, text: string | undefined): boolean => cell !== null && text === undefined;
  return {
    account: textOf(name, "account name"),
    owner: ownerText,
    epoch: integerOf(epoch, "owner epoch"),
    pn: pnText,
    hasDevice: hasDevice === 1,
    isSealed: isSealed === 1,
    quarantined: integerOf(quarantined, "row count"),
    isDamaged: isCut(owner, ownerText) || isCut(pn, pnText),
  };
}
