/** What the tests use of it; the whole of `@cloudflare/workers-types` would bring the types of a host. */
declare module "cloudflare:workers" {
  /** Bindings of vitest.config.mjs. */
  export const env: {
    readonly CACHE: import("../../../src/cache/mod.ts").KvNamespaceLike;
  };
}
