import type { QuarantineReason, SignalRecordStore } from "../backend/mod.ts";
import type { Logger } from "../ports/mod.ts";
import { summarizeError } from "../write_behind/mod.ts";

/**
 * What the Signal cache tells its listeners. An address is a Signal address, or for sender keys a sender key
 * name.
 *
 * - `quarantined`: a stored record cannot be used. It reads as absent; its bytes are set aside.
 * - `burned`: keys were given up: another incarnation wrote the record and may have used them, or their
 *   messages could not be published.
 * - `closed`: too many were. The session reads as closed; our own sender key is gone, and the group's marks
 *   with it, so that it is sent to everybody anew.
 * - `replaced`: we had two sender keys in one group, under our phone number and under our LID. The LID's
 *   stays, and the group's marks are gone, so that it is sent to everybody anew.
 * - `discarded`: the record is older than a restore; it is gone, as is what it said about who holds our
 *   sender key.
 * - `unencodable`: a record that was put cannot be stored. Its address stays gated until another one is put.
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
      /** Keys of its chain that were or would have been burned. */
      readonly burned: number;
    }
  | { readonly kind: "discarded"; readonly store: SignalRecordStore; readonly address: string }
  | { readonly kind: "replaced"; readonly store: SignalRecordStore; readonly address: string }
  | { readonly kind: "unencodable"; readonly store: SignalRecordStore; readonly address: string };

/**
 * Receives events, in order, while the cache goes on: it must return at once. What it throws is logged and
 * dropped.
 */
export type SignalCacheListener = (event: SignalCacheEvent) => void;

/** How often something happened since the cache was made. */
export interface SignalCacheCounts {
  /** Records that could not be used. */
  readonly quarantined: number;
  /** Keys that another incarnation might have used, and keys of messages that could not be published. */
  readonly burnedKeys: number;
  /** Sessions and own sender keys that were given up for the number of their burned keys. */
  readonly closed: number;
  /** Records that were older than a restore. */
  readonly discarded: number;
}

/** Counts events and hands them to listeners, none of which can disturb the cache or another listener. */
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

  /** Adds a listener and returns how to remove it. Adding one twice counts once. */
  add(listener: SignalCacheListener): () => void {
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
        const { code, message } = summarizeError(error);
        const fields = { event: event.kind, code, error: message };
        this.#logger.log("error", "signal cache: a listener threw", fields);
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
