import { DurableObject } from "cloudflare:workers";
import { RegistryObject } from "../worker/mod.ts";

/** The Durable Object that keeps the names of accounts and the hashes of tokens. Only the Worker calls it. */
export class RegistryDurableObject<Env = unknown> extends DurableObject<Env> {
  readonly #registry: RegistryObject;

  /** Called by the platform. */
  constructor(ctx: ConstructorParameters<typeof DurableObject<Env>>[0], env: Env) {
    super(ctx, env);
    this.#registry = new RegistryObject(ctx);
  }

  /** Answers the Worker. */
  override fetch(request: Request): Promise<Response> {
    return this.#registry.fetch(request);
  }
}
