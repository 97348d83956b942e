/**
 * The types of the platform's module that src/cloudflare uses. All of `@cloudflare/workers-types` would add
 * the types of a host.
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
