import type { Account } from "../account/mod.ts";
import type { Backend } from "../backend/mod.ts";
import { AmbiguousError, FencedError } from "../errors/mod.ts";
import { type AccountEvent, onAccountEvent } from "../metrics/mod.ts";
import type { Clock, Scheduler } from "../ports/mod.ts";
import { summarizeError } from "../write_behind/mod.ts";
import { type KnownAccount, openStateOf } from "./account_rows.ts";
import { type CommitOutcome, followCommits } from "./followed_backend.ts";
import { happeningOf } from "./happening_of.ts";
import { type AccountHistory, Histories } from "./history.ts";
import { ListedScheduler } from "./listed_scheduler.ts";
import type { Change } from "./live_updates.ts";
import type { AccountDetail, Happening, OpenState } from "./model.ts";

/** Accounts whose last commit is remembered. */
const MAX_KNOWN = 10_000;

/** The same happening within this time is told once, in milliseconds. */
const REPEATED_MS = 5_000;

interface Known {
  lastCommitAtMs?: number;
  ownedSinceMs?: number;
  refusedRequests?: number;
  lastRefusedAtMs?: number;
}

interface Open {
  readonly account: Account;
  readonly tasks: ListedScheduler;
  /** The health that was told last. */
  told: string;
}

/**
 * What a service sees of its accounts: those that it has open, and the commits of clients elsewhere that pass
 * through it.
 */
export class AccountWatch {
  readonly #clock: Clock;
  readonly #histories = new Histories();
  readonly #open = new Map<string, Open>();
  /** In the order of the last commit, the longest ago first. */
  readonly #known = new Map<string, Known>();
  /** Accounts on which an action is carried out. Its own openings are not those of a client. */
  readonly #acting = new Set<string>();
  /** Backends of accounts that are open here, whose engine tells what is saved. */
  readonly #owned = new WeakSet<Backend>();
  #onChange: (change: Change) => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets what is called with each change. It must return quickly, and not throw. */
  onChange(listener: (change: Change) => void): void {
    this.#onChange = listener;
  }

  /** Follows the commits of a backend that was opened for an account. */
  followBackend(name: string, backend: Backend): Backend {
    const nowMs = (): number => this.#clock.nowMs();
    const followed = followCommits(backend, nowMs, (outcome) =>
      this.#committed(name, outcome, this.#owned.has(followed)),
    );
    return followed;
  }

  /** Opens an account by `open`, with a scheduler whose tasks are listed, and follows it until it closes. */
  async openAccount(
    name: string,
    { backend, scheduler }: { readonly backend: Backend; readonly scheduler: Scheduler },
    open: (scheduler: Scheduler) => Promise<Account>,
  ): Promise<Account> {
    this.#owned.add(backend);
    const tasks = new ListedScheduler(scheduler);
    const account = await open(tasks);
    this.#open.set(name, { account, tasks, told: "" });
    this.#knownOf(name).ownedSinceMs = this.#clock.nowMs();
    this.happened(name, "opened", `Opened here as owner ${account.ownerEpoch}.`);
    const remove = onAccountEvent(account, (event) => this.#told(name, event));
    account.onClosing(() => {
      remove();
      if (this.#open.get(name)?.account === account) this.#open.delete(name);
      this.happened(name, "closed", "Closed here.");
    });
    return account;
  }

  /** Carries an action out, whose own openings are not told. */
  async whileActing<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.#acting.add(name);
    try {
      return await act();
    } finally {
      this.#acting.delete(name);
    }
  }

  /** Adds something to the time line of an account. */
  happened(account: string, kind: Happening["kind"], text: string): void {
    const atMs = this.#clock.nowMs();
    const last = this.#histories.of(account).timeline.at(-1);
    const isRepeated = last?.kind === kind && last.text === text && atMs - last.atMs < REPEATED_MS;
    if (isRepeated) return;
    const happening = this.#histories.addHappening(account, { atMs, kind, text });
    this.#onChange({ kind: "happening", account, happening });
  }

  /** Notes that a limit of the account has refused a request for it. */
  refused(account: string, rule: string): void {
    if (rule === "requestsPerMinute") {
      const known = this.#knownOf(account);
      known.refusedRequests = (known.refusedRequests ?? 0) + 1;
      known.lastRefusedAtMs = this.#clock.nowMs();
    } else {
      const text = `A commit was refused: the account is at its limit (${rule}).`;
      // Its client tries again and again.
      if (this.#histories.of(account).timeline.at(-1)?.text !== text)
        this.happened(account, "commitFailed", text);
    }
    this.touch(account);
  }

  /** Says that an account was registered, or that something of it has changed. */
  touch(account: string): void {
    this.#onChange({ kind: "row", account });
  }

  /** Forgets an account that was deleted. */
  forget(account: string): void {
    this.#known.delete(account);
    this.#histories.delete(account);
    this.#onChange({ kind: "gone", account });
  }

  known(name: string): KnownAccount {
    return { ...this.#known.get(name), open: this.#open.get(name)?.account.stats() };
  }

  openState(name: string): OpenState | null {
    const open = this.#open.get(name);
    return open === undefined ? null : openStateOf(open.account.stats());
  }

  history(name: string): AccountHistory {
    return this.#histories.of(name);
  }

  /** The tasks of an account that is open here. */
  alarms(name: string): AccountDetail["alarms"] {
    const { account, tasks } = this.#open.get(name) ?? {};
    const { length } = account?.taskPrefix ?? "";
    return (tasks?.scheduled ?? []).map(([task, dueAtMs]) => ({ name: task.slice(length), dueAtMs }));
  }

  /** Names of open accounts whose health has changed since the last call, also without an event. */
  changed(healthOf: (known: KnownAccount) => string): readonly string[] {
    const changed: string[] = [];
    for (const [name, open] of this.#open) {
      const health = healthOf(this.known(name));
      if (health !== open.told) changed.push(name);
      open.told = health;
    }
    return changed;
  }

  #committed(name: string, outcome: CommitOutcome, isOwn: boolean): void {
    const { startedAtMs, tookMs, items, rows, opened, error } = outcome;
    const known = this.#knownOf(name);
    const atMs = startedAtMs + tookMs;
    if (error === undefined) {
      known.lastCommitAtMs = atMs;
      if (opened !== undefined) known.ownedSinceMs = atMs;
    }
    // The engine of an account that is open here tells the rest.
    if (isOwn) return;
    if (error !== undefined) this.#failed(name, error);
    else {
      if (opened !== undefined && !this.#acting.has(name))
        this.happened(name, "opened", `A client elsewhere opened it as owner ${opened.epoch}.`);
      this.#addFlush(name, { atMs, tookMs, items, rows });
    }
  }

  #failed(name: string, error: unknown): void {
    const { code, message } = summarizeError(error);
    if (error instanceof FencedError)
      this.happened(name, "fenced", "A commit of an earlier owner was refused.");
    else if (error instanceof AmbiguousError)
      this.happened(name, "ambiguous", "The answer of the database to a commit was lost.");
    else this.happened(name, "commitFailed", `A commit failed (${code}: ${message}).`);
  }

  #told(name: string, event: AccountEvent): void {
    if (event.kind !== "flush") {
      const { kind, text } = happeningOf(event);
      this.happened(name, kind, text);
      return;
    }
    const { committed: items, durationMs: tookMs, rows } = event;
    this.#addFlush(name, { atMs: this.#clock.nowMs(), tookMs, items, rows });
  }

  #addFlush(account: string, point: Parameters<Histories["addFlush"]>[1]): void {
    this.#histories.addFlush(account, point);
    this.#onChange({ kind: "flush", account, point });
  }

  #knownOf(name: string): Known {
    const known = this.#known.get(name) ?? {};
    this.#known.delete(name);
    this.#known.set(name, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }
}
