/**
 * The part of the platform's types that the tests use. `@cloudflare/workers-types` as a whole would add the
 * types of a host.
 */
declare module "cloudflare:workers" {
  /** Bindings of vitest.config.mjs. */
  export const env: {
    readonly CACHE: import("../../../src/cache/mod.ts").KvNamespaceLike;
    readonly DB: import("../../../src/adapters/d1/mod.ts").D1DatabaseLike;
    readonly OBJECTS: ObjectNamespace;
    /** Objects of `HoldfastObject`. */
    readonly HOLDFAST: ObjectNamespace;
  };

  /** A namespace of Durable Objects. */
  export interface ObjectNamespace {
    idFromName(name: string): unknown;
    get(id: unknown): ObjectStub;
  }

  /** One Durable Object, from outside. */
  export interface ObjectStub {
    fetch(url: string, init?: { method?: string; body?: string }): Promise<Response>;
  }
}

declare module "cloudflare:test" {
  /** Runs code inside a Durable Object. */
  export function runInDurableObject<R>(
    stub: import("cloudflare:workers").ObjectStub,
    work: (
      instance: unknown,
      state: { readonly storage: import("./objects.ts").TestStorage; abort(reason?: string): void },
    ) => R | Promise<R>,
  ): Promise<R>;
  /** Ends the memory of a Durable Object after its requests. */
  export function evictDurableObject(stub: import("cloudflare:workers").ObjectStub): Promise<void>;
  /** Runs the alarm of a Durable Object at once. Resolves with whether it had one. */
  export function runDurableObjectAlarm(stub: import("cloudflare:workers").ObjectStub): Promise<boolean>;
}
