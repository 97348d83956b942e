import type {
  AccountDetail,
  AccountPage,
  AccountRow,
  ConsoleSource,
  OpenState,
} from "../../../console/mod.ts";
import { verifyStored } from "../../../console/mod.ts";
import type { AccountStats, OpenAccountStats, RegisteredAccount } from "../../../service/mod.ts";
import type { ServiceTarget } from "../targets/service_target.ts";
import { told } from "./told.ts";

/** A service without a console of its own, such as a Worker: what its API says of accounts. */
export class ListedService implements ConsoleSource {
  readonly #target: ServiceTarget;

  constructor(target: ServiceTarget) {
    this.#target = target;
  }

  async info(): ReturnType<ConsoleSource["info"]> {
    return { kind: "service", shown: this.#target.shown, readOnly: true, actions: [], live: false };
  }

  async accounts({ after, limit }: Parameters<ConsoleSource["accounts"]>[0]): Promise<AccountPage> {
    const from = after === undefined ? "" : `&after=${encodeURIComponent(after)}`;
    const page = await told(
      this.#target.ask<{
        readonly accounts: readonly RegisteredAccount[];
        readonly next?: string | undefined;
      }>("GET", `/v1/accounts?limit=${limit}${from}`),
    );
    // The statistics of each one would wake its object up.
    const accounts = page.accounts.map(rowOfRegistered);
    return page.next === undefined ? { accounts } : { accounts, next: page.next };
  }

  async account(name: string): Promise<AccountDetail> {
    const path = `/v1/accounts/${encodeURIComponent(name)}/stats`;
    const stats = await told(this.#target.ask<AccountStats>("GET", path));
    return {
      ...rowOfStats(name, stats),
      ...(stats.account === undefined ? {} : { open: openStateOf(stats.account) }),
      ...{ tables: [], quarantine: [], retired: [], timeline: [], flushes: [] },
      alarms: stats.nextAlarmAtMs === undefined ? [] : [{ name: "alarm", dueAtMs: stats.nextAlarmAtMs }],
    };
  }

  async verify(
    ...[name, listener]: Parameters<ConsoleSource["verify"]>
  ): ReturnType<ConsoleSource["verify"]> {
    await using looking = await this.#target.look();
    return await verifyStored(await looking.reads(name), listener);
  }
}

function rowOfRegistered({ name, createdAtMs, deleting }: RegisteredAccount): AccountRow {
  if (deleting === true)
    return { name, createdAtMs, health: "deleting", reason: "Its deletion has begun and is not finished." };
  return { name, createdAtMs, health: "elsewhere", reason: "The list of this service says no more." };
}

function rowOfStats(name: string, { open, account }: AccountStats): AccountRow {
  if (!open || account === undefined)
    return {
      name,
      health: "elsewhere",
      reason: "The service does not have it open. A client elsewhere may.",
    };
  const { lastError, lastSuccessAtMs, state } = account.saver;
  const isOk = state === "idle" || state === "saving";
  const told = lastError === undefined ? "" : ` (${lastError.code}: ${lastError.message})`;
  return {
    name,
    health: isOk ? "ok" : state === "fenced" ? "fenced" : "failing",
    ...(isOk ? {} : { reason: `The saver is ${state}${told}.` }),
    ...(lastSuccessAtMs === undefined ? {} : { lastCommitAtMs: lastSuccessAtMs }),
  };
}

function openStateOf({ dirty, commits, rowsWritten, ambiguous, saver, cache }: OpenAccountStats): OpenState {
  const { must, may, bytes } = dirty;
  return {
    ...{ dirty: { must, may, bytes }, commits, rowsWritten, ambiguous },
    gated: cache?.gated ?? 0,
    isolated: saver.isolated,
    saver: {
      state: saver.state,
      failures: saver.consecutiveFailures,
      ...(saver.retryAtMs === undefined ? {} : { retryAtMs: saver.retryAtMs }),
    },
    caches: [],
  };
}
