/**
 * What src/cloudflare uses of the platform's module. The whole of `@cloudflare/workers-types` would bring the
 * types of a host.
 */
declare module "cloudflare:workers" {
  export abstract class DurableObject<Env = unknown> {
    protected readonly ctx: import("../src/worker/object_types.ts").ObjectContextLike;
    protected readonly env: Env;
    constructor(ctx: import("../src/worker/object_types.ts").ObjectContextLike, env: Env);
    fetch?(request: Request): Response | Promise<Response>;
    alarm?(): void | Promise<void>;
  }
}
