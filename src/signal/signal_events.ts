import type { QuarantineReason, SignalRecordStore } from "../backend/mod.ts";
import { requireFunction } from "../errors/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { logError } from "../write_behind/mod.ts";

/**
 * An event of the Signal cache. An address is a Signal address, or a sender key name for sender keys.
 *
 * - `quarantined`: a stored record is invalid. It reads as absent; its bytes are kept in the quarantine.
 * - `burned`: keys were skipped: another incarnation wrote the record and may have used them, or their
 *   messages could not be published.
 * - `closed`: too many keys were burned. The session reads as closed. Our own sender key is removed with the
 *   group's marks, so that a new one is sent to all devices.
 * - `replaced`: we had two sender keys in one group, under our phone number and our LID. The LID's stays, and
 *   the group's marks are cleared, so that it is sent to all devices again.
 * - `discarded`: the record is older than a restore, so its sending chains are not used again. The session
 *   reads as closed and still receives; our own sender key is removed with the group's marks.
 * - `removed`: the client has removed our own sender key. The group's marks go in the commit of the removal.
 * - `unencodable`: a put record cannot be encoded. If its address is gated, it stays so until another record
 *   is put.
 */
export type SignalCacheEvent =
  | {
      readonly kind: "quarantined";
      readonly store: SignalRecordStore;
      readonly address: string;
      readonly reason: QuarantineReason;
    }
  | {
      readonly kind: "burned";
      readonly store: SignalRecordStore;
      readonly address: string;
      readonly keys: number;
    }
  | {
      readonly kind: "closed";
      readonly store: SignalRecordStore;
      readonly address: string;
      /** Keys of its chain that are burned, or would have to be. */
      readonly burned: number;
    }
  | { readonly kind: "discarded"; readonly store: SignalRecordStore; readonly address: string }
  | { readonly kind: "replaced"; readonly store: SignalRecordStore; readonly address: string }
  | { readonly kind: "removed"; readonly store: "senderKey"; readonly address: string }
  | { readonly kind: "unencodable"; readonly store: SignalRecordStore; readonly address: string };

/**
 * Called with events, in order. It must return quickly: the cache continues afterwards. Its errors are logged
 * and ignored.
 */
export type SignalCacheListener = (event: SignalCacheEvent) => void;

/** Counts since the cache was created. */
export interface SignalCacheCounts {
  /** Invalid records. */
  readonly quarantined: number;
  /** Keys that another incarnation may have used, and keys of messages that could not be published. */
  readonly burnedKeys: number;
  /** Sessions and own sender keys with too many burned keys. */
  readonly closed: number;
  /** Records older than a restore. */
  readonly discarded: number;
}

/**
 * Counts events and passes them to listeners. An error of a listener affects neither the cache nor other
 * listeners.
 */
export class SignalEvents {
  readonly #listeners = new Set<SignalCacheListener>();
  readonly #logger: Logger;
  #quarantined = 0;
  #burnedKeys = 0;
  #closed = 0;
  #discarded = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get counts(): SignalCacheCounts {
    return {
      quarantined: this.#quarantined,
      burnedKeys: this.#burnedKeys,
      closed: this.#closed,
      discarded: this.#discarded,
    };
  }

  /**
   * Adds a listener and returns a function that removes it. Adding a listener twice has no further effect.
   */
  add(listener: SignalCacheListener): () => void {
    requireFunction("listen to the Signal cache: listener", listener);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(event: SignalCacheEvent): void {
    this.#count(event);
    if (event.kind !== "burned") {
      const reason = event.kind === "quarantined" ? event.reason : undefined;
      this.#logger.log("warn", `signal cache: a record was ${event.kind}`, { store: event.store, reason });
    }
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        logError(this.#logger, "signal cache: a listener threw", error, { event: event.kind });
      }
    }
  }

  #count(event: SignalCacheEvent): void {
    switch (event.kind) {
      case "quarantined":
        this.#quarantined += 1;
        break;
      case "burned":
        this.#burnedKeys += event.keys;
        break;
      case "closed":
        this.#closed += 1;
        break;
      case "discarded":
        this.#discarded += 1;
        break;
      case "replaced":
      case "unencodable":
        break;
    }
  }
}
