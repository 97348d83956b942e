import type {
  ActionAnswer,
  ActionName,
  ActionRequest,
  ConsoleInfo,
  FlushPoint,
} from "../../src/console/model.ts";
import type { AccountSnapshot } from "../../src/service/account_handle.ts";
import type { AccountStats } from "../../src/service/account_stats.ts";
import type { RegisteredAccount } from "../../src/service/registry.ts";
import { Failure } from "./failure.ts";
import type { Requests } from "./requests.ts";
import { type Detail, type Row, type RowPage, type Source, segmentOf } from "./source.ts";
import { healthOfStats, openStateOf } from "./stats_health.ts";
import { pageQuery, TokenRequests } from "./token_requests.ts";

/** Points of the flush history that are kept for each account. */
const MAX_POINTS = 500;

/** Accounts for which a flush history is kept. */
const MAX_HISTORIES = 50;

interface History {
  count: number;
  rows: number;
  readonly points: FlushPoint[];
}

/**
 * The basic API, which a service without `/v1/console` has, such as a Worker: names, statistics of one account
 * at a time, and tokens. Asking wakes the account's object, so nothing is asked that is not shown.
 */
export class BasicSource extends TokenRequests implements Source {
  readonly asksOneByOne = true;
  readonly canVerify = false;
  readonly #histories = new Map<string, History>();
  readonly info: ConsoleInfo;

  constructor(requests: Requests, shown: string) {
    super(requests);
    this.info = {
      version: "",
      kind: "service",
      shown,
      readOnly: false,
      // The admin token signs in, and may not flush: only a token of the account may.
      actions: ["limit", "erase"],
      live: false,
      nowMs: Date.now(),
    };
  }

  async accounts(after: string | undefined, signal: AbortSignal): Promise<RowPage> {
    const { accounts, next } = await this.requests.get<{ accounts: RegisteredAccount[]; next?: string }>(
      `/v1/accounts?${pageQuery(after)}`,
      signal,
    );
    return { accounts: accounts.map(rowOf), next };
  }

  async inspect(row: Row, signal: AbortSignal): Promise<Row> {
    if (row.health === "deleting") return row;
    const stats = await this.#stats(row.name, signal);
    return { ...row, ...healthOfStats(stats, Date.now()) };
  }

  async account(name: string, signal: AbortSignal): Promise<Detail> {
    const [stats, snapshot] = await Promise.all([this.#stats(name, signal), this.#snapshot(name, signal)]);
    const nowMs = Date.now();
    const { backups, nextAlarmAtMs } = stats;
    return {
      name,
      ...healthOfStats(stats, nowMs),
      ...deviceOf(snapshot),
      tables: snapshot?.database.tables ?? [],
      quarantine: [],
      open: openStateOf(stats),
      alarms: nextAlarmAtMs === undefined ? [] : [{ name: "next alarm", dueAtMs: nextAlarmAtMs }],
      ...(backups === undefined
        ? {}
        : {
            backups: {
              list: [],
              failures: backups.failures,
              lastFailureAtMs: backups.lastFailureAtMs,
            },
          }),
      retired: [],
      timeline: [],
      flushes: this.#flushesOf(name, stats, nowMs),
    };
  }

  async watch(): Promise<void> {
    throw new Failure("absent", "This service has no stream.");
  }

  async act(account: string, action: ActionName, { confirm, limits }: ActionRequest): Promise<ActionAnswer> {
    if (confirm !== account) throw new Failure("refused", "The name is not that of the account.");
    if (action === "limit") {
      await this.requests.put(`/v1/accounts/${segmentOf(account)}/limits`, limits ?? {});
      return { said: `Set the limits of ${account}.` };
    }
    if (action !== "erase") throw new Failure("absent", "This service does not offer that.");
    await this.requests.delete(`/v1/accounts/${segmentOf(account)}`);
    return { said: `Erased ${account}.` };
  }

  async verify(): Promise<void> {
    throw new Failure("absent", "This service does not verify accounts: use `holdfast verify`.");
  }

  async #stats(name: string, signal: AbortSignal): Promise<AccountStats> {
    return await this.requests.get<AccountStats>(`/v1/accounts/${segmentOf(name)}/stats`, signal);
  }

  /** Tables and device need another permission than statistics: without it they are not shown. */
  async #snapshot(name: string, signal: AbortSignal): Promise<AccountSnapshot | undefined> {
    const path = `/v1/accounts/${segmentOf(name)}/snapshot?redacted=true`;
    return await this.requests.get<AccountSnapshot>(path, signal).catch((error: unknown) => {
      if (error instanceof Failure && error.kind === "forbidden") return undefined;
      throw error;
    });
  }

  #flushesOf(name: string, { account }: AccountStats, nowMs: number): readonly FlushPoint[] {
    if (account === undefined) return [];
    const { flush, rowsWritten } = account;
    const known = this.#histories.get(name) ?? { count: flush.count, rows: rowsWritten, points: [] };
    if (flush.count > known.count) {
      const rows = Math.max(0, rowsWritten - known.rows);
      known.points.push({ atMs: nowMs, tookMs: flush.lastMs, items: 0, rows });
      if (known.points.length > MAX_POINTS) known.points.shift();
    }
    this.#histories.delete(name);
    this.#histories.set(name, { ...known, count: flush.count, rows: rowsWritten });
    const [oldest] = this.#histories.keys();
    if (this.#histories.size > MAX_HISTORIES && oldest !== undefined) this.#histories.delete(oldest);
    return [...known.points];
  }
}

function rowOf({ name, createdAtMs, deleting }: RegisteredAccount): Row {
  if (deleting === undefined) return { name, createdAtMs, health: "unknown" };
  return { name, createdAtMs, health: "deleting", reason: "Its deletion is not finished." };
}

function deviceOf(snapshot: AccountSnapshot | undefined): Pick<Detail, "phone"> {
  const digits = snapshot?.device?.pn?.replace(/[:@.].*$/, "").replace(/\D/g, "") ?? "";
  return digits === "" ? {} : { phone: `…${digits.slice(-4)}` };
}
