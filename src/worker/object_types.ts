import type { AlarmStorageLike } from "../adapters/durable_object/mod.ts";

/**
 * The part of a Durable Object's `ctx` that this package uses. The class must be one of `new_sqlite_classes`.
 */
export interface ObjectContextLike {
  readonly id: { readonly name?: string | null | undefined };
  readonly storage: AccountStorageLike;
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
  /** Needed for `recoverTo`. */
  abort?(reason?: string): void;
}

/** The part of a Durable Object's storage that this package uses. */
export interface AccountStorageLike extends AlarmStorageLike {
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
  /** Needed for `recoverTo`, like the next one: the platform's point-in-time recovery. */
  getBookmarkForTime?(timestamp: number | Date): Promise<string>;
  onNextSessionRestoreBookmark?(bookmark: string): Promise<string>;
}

/** The part of a Durable Object's stub that this package uses. */
export interface ObjectStubLike {
  fetch(
    url: string,
    init: { method: string; headers?: { readonly [name: string]: string }; body?: Uint8Array<ArrayBuffer> },
  ): Promise<Response>;
}

/** The part of a binding of Durable Objects that this package uses, such as `env.ACCOUNTS`. */
export interface ObjectNamespaceLike<Id = unknown> {
  idFromName(name: string): Id;
  get(id: Id): ObjectStubLike;
}
