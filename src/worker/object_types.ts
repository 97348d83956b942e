import type { AlarmStorageLike } from "../adapters/durable_object/mod.ts";

/**
 * The part of a Durable Object's `ctx` that this package uses. The class must be one of `new_sqlite_classes`.
 */
export interface ObjectContextLike {
  /** The id of the object. Its name is the account's name, where the object was reached by one. */
  readonly id: { readonly name?: string | null | undefined };
  /** The storage of the object, with its SQLite. */
  readonly storage: AccountStorageLike;
  /** Delays events of the object until `work` has resolved. When it rejects, the object is reset. */
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
  /** Needed for `recoverTo`. */
  abort?(reason?: string): void;
}

/** The part of a Durable Object's storage that this package uses. */
export interface AccountStorageLike extends AlarmStorageLike {
  /** Removes the alarm, if one is set. */
  deleteAlarm(): Promise<void>;
  /** Deletes everything that the object has stored, all tables included. */
  deleteAll(): Promise<void>;
  /** Needed for `recoverTo`, like the next one: the platform's point-in-time recovery. */
  getBookmarkForTime?(timestamp: number | Date): Promise<string>;
  /**
   * Restores the storage to a bookmark when the object starts next. Resolves with a bookmark of the state
   * before.
   */
  onNextSessionRestoreBookmark?(bookmark: string): Promise<string>;
}

/** The part of a Durable Object's stub that this package uses. */
export interface ObjectStubLike {
  /**
   * Sends a request to the object and resolves with its answer. Rejects when the object is reset before it answers.
   */
  fetch(
    url: string,
    init: { method: string; headers?: { readonly [name: string]: string }; body?: Uint8Array<ArrayBuffer> },
  ): Promise<Response>;
}

/** The part of a binding of Durable Objects that this package uses, such as `env.ACCOUNTS`. */
export interface ObjectNamespaceLike<Id = unknown> {
  /** The id that belongs to a name, always the same. */
  idFromName(name: string): Id;
  /** The stub of an object. Sends nothing yet. */
  get(id: Id): ObjectStubLike;
}
