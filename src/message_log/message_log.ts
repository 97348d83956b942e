import type { Account } from "../account/mod.ts";
import { attachmentsOf } from "../attachments/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { LimitError, requireFunction, requireObject } from "../errors/mod.ts";
import { nowSeconds } from "../ports/mod.ts";
import { decodeSegment } from "../records/mod.ts";
import { type FlushSelection, type Pending, requirePositive, summarizeError } from "../write_behind/mod.ts";
import { FlushTimes } from "./flush_times.ts";
import { KindLog, SEGMENT_BYTES } from "./kind_log.ts";
import {
  idTerm,
  LOG_KINDS,
  type LogEntry,
  type LogKind,
  requireEntry,
  requireKind,
  requireText,
} from "./log_entry.ts";
import { SegmentRemoval, type Survivors, segmentOf } from "./segment_removal.ts";
import { readStoredLog } from "./stored_segments.ts";

/** Name of the flushable. */
const NAME = "message-log";

/** Payload of one entry. */
const MAX_ENTRY_BYTES: number = 1_024 * 1_024;

/** Segments that one look-up reads: ids hardly ever repeat. */
const MAX_FOUND_SEGMENTS = 8;

/** Orders a segment that has no number yet after all others. */
const NO_NUMBER: number = Number.MAX_SAFE_INTEGER;

/** Pause between two looks for expired segments. */
const EXPIRE_INTERVAL_MS = 3_600_000;

/** Longest time from opening to the first look; a random part of it, so that accounts are spread. */
const FIRST_EXPIRE_MS = 60_000;

/** Settings of one kind. */
export interface LogSettings {
  /** An entry is durable this many milliseconds after it was added. Defaults to 4,500. */
  readonly withinMs?: number | undefined;
  /** Stored bytes; the oldest segments are removed above it. Defaults to 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/** The log of an open account, in the account's attachments. */
class LogSlot {
  opened: Promise<MessageLog> | undefined;
}

/**
 * The message log of an open account. Every call returns the same one.
 *
 * @throws {StoreError} When the stored segments could not be listed. Another call tries again.
 */
export async function messageLog(account: Account): Promise<MessageLog> {
  const attached = attachmentsOf("open message log", account).of(LogSlot, () => new LogSlot());
  attached.opened ??= openLog(account);
  try {
    return await attached.opened;
  } catch (error) {
    attached.opened = undefined;
    throw error;
  }
}

/**
 * Messages of one account, many in one stored row.
 *
 * - **Writes.** An entry can be found at once. It is durable within the kind's `withinMs`, in a commit that
 *   contains nothing else; `account.flush()` and `account.close()` write it too. The row of the last segment
 *   is written again until it has 64 KiB or is an hour old.
 * - **Reads.** Each row has the ids of its entries in its head, so that a look-up is one query. In a pause
 *   nothing stays in memory.
 * - **Ends.** A segment is removed after its last entry has expired, or when the kind's segments exceed
 *   `maxBytes`, the oldest first. An entry that has expired is not found.
 */
export class MessageLog {
  readonly #account: Account;
  readonly #kinds: ReadonlyMap<LogKind, KindLog>;
  readonly #flushTimes: FlushTimes;
  readonly #removal: SegmentRemoval;
  /** One operation on the stored segments of a kind at a time. */
  readonly #lock = new KeyedLock();
  /** Kinds whose oldest segments are being removed. */
  readonly #shrinking = new Set<KindLog>();
  /** Running reads of segments that are continued. */
  readonly #resuming = new Map<LogKind, Promise<void>>();

  /** Use `messageLog`. */
  constructor(account: Account, kinds: readonly KindLog[]) {
    this.#account = account;
    this.#kinds = new Map(kinds.map((log) => [log.kind, log]));
    this.#removal = new SegmentRemoval(account, (kind, entry) => this.add(kind, entry));
    this.#flushTimes = new FlushTimes(account, `${account.taskPrefix}${NAME}.flush`, {
      dirtySinceMs: (kind) => this.#of(kind).dirtySinceMs,
      keptSinceMs: (kind) => this.#of(kind).keptSinceMs,
      rest: (kind) => this.#of(kind).rest(),
      flush: (due) => account.writeBehind.flushOnly(selectionOf(due)),
    });
    account.writeBehind.addFlushable({
      name: NAME,
      pending: () => pendingOf(kinds),
      collect: (only) => kinds.flatMap((log) => log.collect(only)),
      applyOutcome: (outcome) => {
        for (const log of kinds) log.applyOutcome(outcome);
        this.#flushTimes.arm();
        for (const log of kinds) if (this.#removal.excess(log) > 0) this.#shrink(log);
      },
      release: () => {
        for (const log of kinds) log.rest();
      },
    });
    account.onIdentityChanged(() => {
      for (const log of kinds) log.clear();
    });
    this.#scheduleExpiry();
  }

  /** Changes settings of a kind. @throws {RangeError} When a value is not a positive integer. */
  configure(kind: LogKind, settings: LogSettings): void {
    requireKind("configure log", kind);
    requireObject("configure log: settings", settings);
    const { withinMs, maxBytes } = settings;
    if (withinMs !== undefined) {
      requirePositive("configure log: withinMs", withinMs);
      this.#flushTimes.setWithin(kind, withinMs);
    }
    if (maxBytes !== undefined) {
      requirePositive("configure log: maxBytes", maxBytes);
      this.#removal.setMaxBytes(kind, maxBytes);
    }
  }

  /**
   * Adds an entry. It is copied.
   *
   * @throws {TypeError | RangeError} When a part is invalid.
   * @throws {LimitError} When the payload is larger than 1 MiB, or half a row of the backend; also when 16
   * MiB of the kind could not be saved yet.
   * @throws {FencedError | ClosedError} When nothing is saved any more.
   */
  add(kind: LogKind, entry: LogEntry): void {
    requireKind("add to log", kind);
    requireEntry(entry);
    const { writeBehind, store, host } = this.#account;
    writeBehind.assertUsable();
    const max = Math.min(MAX_ENTRY_BYTES, Math.floor(store.capabilities.maxValueBytes / 2));
    if (entry.payload.length > max) throw new LimitError(`add to log: payload is larger than ${max} bytes`);
    const log = this.#of(kind);
    const now = { ms: host.clock.nowMs(), s: nowSeconds(host.clock) };
    if (log.add(entry, now)) this.#resuming.set(kind, this.#continueTail(log));
    writeBehind.notify("may");
    this.#flushTimes.arm();
  }

  /**
   * Resolves when everything that was added before is durable, of one kind or of all.
   *
   * @throws {StoreError} When it could not be written. It stays in memory and is written later.
   */
  async makeDurable(kind?: LogKind): Promise<void> {
    if (kind !== undefined) requireKind("make log durable", kind);
    const kinds = kind === undefined ? LOG_KINDS : [kind];
    await Promise.all(kinds.map((each) => this.#resuming.get(each)));
    await this.#flush(kinds);
  }

  /**
   * The entries with this id that have not expired, the newest first.
   *
   * @param isEnough Whether an entry that is still in memory answers the question alone: the database is not
   * asked then.
   * @throws {CorruptError} When a segment with this id does not decode.
   * @throws {StoreError} When the read failed.
   */
  async find(
    kind: LogKind,
    id: string,
    isEnough: (entry: LogEntry) => boolean = () => false,
  ): Promise<readonly LogEntry[]> {
    requireFunction("find in log: isEnough", isEnough);
    const found = await this.#find(kind, id, (entries) => this.#valid(entries).some(isEnough));
    return this.#valid(found);
  }

  /**
   * As `find`, with entries that have expired and are not removed yet.
   *
   * @throws {CorruptError} When a segment with this id does not decode.
   * @throws {StoreError} When the read failed.
   */
  async findWithExpired(kind: LogKind, id: string): Promise<readonly LogEntry[]> {
    return await this.#find(kind, id, () => false);
  }

  async #find(
    kind: LogKind,
    id: string,
    isEnough: (entries: readonly LogEntry[]) => boolean,
  ): Promise<LogEntry[]> {
    requireKind("find in log", kind);
    requireText("find in log: id", id);
    const log = this.#of(kind);
    const inMemory = log.resident();
    const early = inMemory.flatMap((segment) => segment.find(id));
    if (isEnough(early)) return early;
    const { store } = this.#account;
    const rows = await store.findMessageSegments(kind, idTerm(id), MAX_FOUND_SEGMENTS);
    // Segments come and go while the database answers. One in memory has all entries of its row.
    const seqs = new Set<number | undefined>();
    const isFirst = ({ seq }: { readonly seq: number | undefined }): boolean => {
      const isKnown = seq !== undefined && seqs.has(seq);
      seqs.add(seq);
      return !isKnown;
    };
    const segments = [...new Set([...log.resident(), ...inMemory])].filter(isFirst);
    const found = [
      ...segments.map((segment) => ({ seq: segment.seq ?? NO_NUMBER, entries: segment.find(id) })),
      ...rows.filter(isFirst).map(({ seq, payload }) => ({ seq, entries: entriesOf(payload, id) })),
    ];
    return found.sort((a, b) => b.seq - a.seq).flatMap(({ entries }) => entries);
  }

  /**
   * Removes all entries of a chat from memory and the database.
   *
   * @throws {StoreError} When the database failed: some entries may be left in it.
   */
  async forgetChat(kind: LogKind, chat: string): Promise<void> {
    requireKind("forget chat", kind);
    requireText("forget chat: chat", chat);
    const log = this.#of(kind);
    await this.#lock.withKeys([kind], async () => {
      log.dropChat(chat, this.#account.host.clock.nowMs());
      log.dropTail();
      await this.#flush([kind]);
      await this.#removal.forgetChat(log, chat);
    });
  }

  /**
   * Says what lives on when segments of a kind are removed: called with their entries before. The survivors
   * become durable in the commit that removes the segment.
   *
   * @param survivors It must not throw.
   */
  onExpire(kind: LogKind, survivors: Survivors): void {
    requireKind("expire log", kind);
    requireFunction("expire log: survivors", survivors);
    this.#removal.setSurvivors(kind, survivors);
  }

  /**
   * Removes segments that have expired, and the oldest ones of a kind that is too large. It is done every
   * hour by itself.
   *
   * @throws {StoreError} When the database failed; the other kinds were tried. The next time comes in an hour.
   */
  async expire(): Promise<void> {
    const logs = [...this.#kinds.values()];
    const results = await Promise.allSettled(logs.map((log) => this.#removeStale(log)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async #flush(kinds: readonly LogKind[]): Promise<void> {
    const report = await this.#account.writeBehind.flushOnly(selectionOf(kinds));
    const [refused] = report.isolated;
    if (refused !== undefined) throw refused.error;
  }

  #of(kind: LogKind): KindLog {
    return this.#kinds.get(kind) as KindLog;
  }

  #valid(entries: readonly LogEntry[]): LogEntry[] {
    const nowS = nowSeconds(this.#account.host.clock);
    return entries.filter(({ expiresAt }) => expiresAt > nowS);
  }

  /** Reads the last stored segment, so that further entries go into its row. Never rejects. */
  async #continueTail(log: KindLog): Promise<void> {
    await this.#lock.withKeys([log.kind], async () => {
      const { store, host } = this.#account;
      if (log.tail === undefined) return;
      const { seq } = log.tail;
      // A row that is not readable stays as it is, and a new segment begins.
      const row = await store.getMessageSegment(log.kind, seq).catch(() => undefined);
      const segment = row && segmentOf(row);
      log.continueTail(segment, nowSeconds(host.clock));
    });
    this.#resuming.delete(log.kind);
  }

  async #removeStale(log: KindLog): Promise<void> {
    await this.#lock.withKeys([log.kind], () => this.#removal.removeStale(log));
  }

  /** Removes the oldest segments of a kind, unless that is running. */
  #shrink(log: KindLog): void {
    if (this.#shrinking.has(log)) return;
    this.#shrinking.add(log);
    void this.#removeStale(log)
      .catch((error: unknown) => this.#logFailure(log.kind, error))
      .finally(() => this.#shrinking.delete(log));
  }

  #scheduleExpiry(): void {
    const { host, taskPrefix } = this.#account;
    const { clock, scheduler, random } = host;
    const name = `${taskPrefix}${NAME}.expire`;
    const plan = (delayMs: number): void => scheduler.schedule(name, clock.nowMs() + delayMs);
    let isOver = false;
    const unregister = scheduler.register(
      name,
      async () => {
        await this.expire().catch((error: unknown) => this.#logFailure("all", error));
        if (!isOver) plan(EXPIRE_INTERVAL_MS);
      },
      { stored: true },
    );
    const plannedAtMs = scheduler.dueAtMs?.(name);
    const [share = 0] = random.bytes(1);
    if (plannedAtMs === undefined || plannedAtMs > clock.nowMs() + EXPIRE_INTERVAL_MS) {
      plan(Math.ceil((FIRST_EXPIRE_MS * (share + 1)) / 256));
    }
    const stop = (): void => {
      isOver = true;
      unregister();
      this.#flushTimes.stop();
    };
    this.#account.onClosing(stop);
    this.#account.writeBehind.onEvent(({ kind }) => {
      if (kind === "fenced") stop();
    });
  }

  #logFailure(kind: string, error: unknown): void {
    const { code, message } = summarizeError(error);
    this.#account.host.logger.log("warn", "message log: expired segments could not be removed", {
      kind,
      code,
      error: message,
    });
  }
}

async function openLog(account: Account): Promise<MessageLog> {
  const kinds = LOG_KINDS.map(async (kind) => {
    return new KindLog(kind, await readStoredLog(account.store, kind, SEGMENT_BYTES));
  });
  const opened = await Promise.all(kinds);
  // The account may have been closed in between.
  account.writeBehind.assertUsable();
  return new MessageLog(account, opened);
}

function pendingOf(kinds: readonly KindLog[]): Pending {
  const all = kinds.map((log) => log.pending());
  const times = all.flatMap(({ oldestAtMs }) => oldestAtMs ?? []);
  return {
    must: 0,
    may: all.reduce((sum, { may }) => sum + may, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    oldestAtMs: times.length === 0 ? undefined : Math.min(...times),
  };
}

/** Selects the items of some kinds. */
function selectionOf(kinds: readonly LogKind[]): FlushSelection {
  return (flushable, key) => flushable === NAME && kinds.some((kind) => key.startsWith(`${kind}/`));
}

/** The entries of a stored segment with an id, the newest first. @throws {CorruptError} */
function entriesOf(payload: Uint8Array, id: string): LogEntry[] {
  return decodeSegment(payload)
    .entries.filter((entry) => entry.id === id)
    .reverse();
}
