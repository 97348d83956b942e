import type { AlarmStorageLike } from "../adapters/durable_object/mod.ts";

/**
 * What is used of the `ctx` of a Durable Object, which is one. Its class must be one of `new_sqlite_classes`.
 */
export interface ObjectContextLike {
  readonly id: { readonly name?: string | null | undefined };
  readonly storage: AccountStorageLike;
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
}

/** The storage of an object that can be emptied. */
export interface AccountStorageLike extends AlarmStorageLike {
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

/** A Durable Object from outside. */
export interface ObjectStubLike {
  fetch(
    url: string,
    init: { method: string; headers?: { readonly [name: string]: string }; body?: Uint8Array<ArrayBuffer> },
  ): Promise<Response>;
}

/** A binding of Durable Objects: `env.ACCOUNTS`, say. */
export interface ObjectNamespaceLike<Id = unknown> {
  idFromName(name: string): Id;
  get(id: Id): ObjectStubLike;
}
