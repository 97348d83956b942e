import { type Backend, rowsOf, type Write, type WriteOf } from "../backend/mod.ts";
import type { LimitError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { estimateBytes } from "../write_behind/mod.ts";
import { type AccountLimits, limitReached } from "./request_meter.ts";

/** Shortest pause between two measurements in milliseconds, and how many times as long as one it is. */
const MIN_PAUSE_MS = 1_000;
const PAUSE_RATIO = 10;

/** Writes that may add rows. The device has one row. */
const ADDS = /^(?!account|device\.).*\.(?!expire|sweep|clear|delete|remove|mark)/;

/** How many times `maxBytes` the values may be that replace others at the limit. */
const REPLACED_RATIO = 2;

/** Rows that may be replaced at the limit, and the reads that tell whether they are there. */
const REPLACED = [
  ["identity.put", "loadIdentities"],
  ["session.put", "loadSessionRows"],
  ["senderKey.put", "loadSenderKeyRows"],
] as const;

/** What an account has stored. */
export interface StoredSize {
  readonly bytes: number;
  /** Left out where only the bytes were measured. */
  readonly rows?: number | undefined;
}

/** What a `StorageMeter` knows. */
export interface StorageUsage {
  readonly stored: StoredSize | undefined;
  /** Of limits that may have been changed since. */
  readonly refusal: LimitError["limit"];
}

/** How a `StorageMeter` measures. */
export interface StorageHost {
  readonly clock: Clock;
  /** Returns the bare backend of the account. */
  backend(): Promise<Backend>;
  /** Size in bytes of the database of the account, if it has one of its own. */
  databaseBytes?(): number | undefined;
}

/**
 * Refuses commits that would take an account beyond its limits. It measures what is stored, and adds up what
 * commits may have added since. Where that reaches a limit, it measures again. An account without limits is
 * never measured.
 */
export class StorageMeter {
  readonly #host: StorageHost;
  /** At least what is stored; `undefined` before the first measurement. */
  #stored: StoredSize | undefined;
  /** The measurement that runs. */
  #measuring: Promise<StoredSize> | undefined;
  /** Clock time in milliseconds from which it may be measured again. */
  #nextAtMs = 0;
  /** Why the last write was refused that would have stored more; `undefined` when it was not. */
  #refusal: LimitError["limit"];

  constructor(host: StorageHost) {
    this.#host = host;
  }

  /** What is known without a look at the database: what is stored at most, and the limit that refuses more. */
  get usage(): StorageUsage {
    return { stored: this.#stored, refusal: this.#refusal };
  }

  /**
   * Admits the writes of a commit. Identities, sessions and sender keys that are there may be replaced at the
   * limit as well, by larger ones up to twice `maxBytes`.
   *
   * @throws {LimitError} When the writes may add rows and the account would exceed a limit. Nothing was
   *   written.
   */
  async admit(writes: readonly Write[], limits: AccountLimits): Promise<void> {
    const adding = writes.filter(({ kind }) => ADDS.test(kind));
    if (adding.length === 0 || (limits.maxBytes ?? limits.maxRows) === undefined) return;
    let bytes = estimateBytes(adding);
    let rows = adding.reduce((sum, write) => sum + rowsOf(write), 0);
    // What is left out is exceeded by nothing.
    const { maxBytes, maxRows } = limits as Readonly<Record<"maxBytes" | "maxRows", number>>;
    // Others are admitted while this one waits, so each look is at what is stored then.
    const reached = (): LimitError["limit"] => {
      const stored = this.#stored as StoredSize;
      if (stored.bytes + bytes > maxBytes) return { rule: "maxBytes", allowed: maxBytes };
      return (stored.rows ?? 0) + rows > maxRows ? { rule: "maxRows", allowed: maxRows } : undefined;
    };
    // What was added up may be far more than what is stored, since rows were replaced.
    if (this.#known(limits) === undefined || (reached() && this.#host.databaseBytes === undefined))
      await this.measure(limits);
    let refusal = reached();
    if (refusal !== undefined) {
      const growth = await this.#growth(adding);
      const grown = (this.#stored as StoredSize).bytes + (growth ?? 0);
      if (growth === undefined || (growth > 0 && grown > REPLACED_RATIO * maxBytes)) {
        await this.measure(limits);
        refusal = reached();
        this.#refusal = refusal;
        if (refusal !== undefined) throw limitReached(refusal);
      } else {
        bytes = growth;
        rows = 0;
      }
    } else this.#refusal = undefined;
    const stored = this.#stored as StoredSize;
    this.#stored = {
      bytes: stored.bytes + bytes,
      rows: stored.rows === undefined ? undefined : stored.rows + rows,
    };
  }

  /** What is stored, measured now. Shortly after a measurement it is at least what is stored. */
  async measure(limits: AccountLimits): Promise<StoredSize> {
    const known = this.#known(limits);
    if (known !== undefined && this.#host.clock.nowMs() < this.#nextAtMs) return known;
    this.#measuring ??= this.#look(limits).finally(() => {
      this.#measuring = undefined;
    });
    return await this.#measuring;
  }

  async #look(limits: AccountLimits): Promise<StoredSize> {
    const { clock, databaseBytes } = this.#host;
    const startedAtMs = clock.nowMs();
    const ownBytes = databaseBytes?.();
    let stored: StoredSize = { bytes: ownBytes ?? 0 };
    if (ownBytes === undefined || limits.maxRows !== undefined) {
      const { tables } = await (await this.#host.backend()).snapshotDb("limits");
      const sum = (of: "bytes" | "rows"): number => tables.reduce((total, table) => total + table[of], 0);
      stored = { bytes: ownBytes ?? sum("bytes"), rows: sum("rows") };
    }
    const nowMs = clock.nowMs();
    this.#nextAtMs = nowMs + Math.max(MIN_PAUSE_MS, PAUSE_RATIO * (nowMs - startedAtMs));
    this.#stored = stored;
    return stored;
  }

  /** The last measurement and what was added since, if it has what the limits are of. */
  #known({ maxRows }: AccountLimits): StoredSize | undefined {
    return maxRows === undefined || this.#stored?.rows !== undefined ? this.#stored : undefined;
  }

  /** By how many bytes records grow that writes replace; `undefined` where they add a row. */
  async #growth(writes: readonly Write[]): Promise<number | undefined> {
    const backend = await this.#host.backend();
    const found = await Promise.all(
      REPLACED.map(([kind, read]) => backend[read](writes.filter((write) => write.kind === kind).map(keyOf))),
    );
    const rows = found.flat().filter((row) => row !== undefined);
    return rows.length === writes.length
      ? recordBytes(writes as never) - recordBytes(rows as never)
      : undefined;
  }
}

/** Bytes of records. Identities, all of one length, have none. */
function recordBytes(rows: readonly { readonly record?: Uint8Array }[]): number {
  return estimateBytes(rows.map(({ record }) => record) as never);
}

function keyOf(write: Write): string {
  return "address" in write ? write.address : (write as WriteOf<"senderKey.put">).name;
}
