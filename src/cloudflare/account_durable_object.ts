import { DurableObject } from "cloudflare:workers";
import { AccountObject, type AccountObjectOptions } from "../worker/mod.ts";

/**
 * A Durable Object that keeps one account in its own storage. Bind it as it is, or extend it with a client
 * that runs inside the object. Its public methods can then be called over RPC.
 *
 * The service's calls arrive through `fetch`: a class that answers other requests passes the rest to
 * `super.fetch`. A class with an `alarm` of its own calls `super.alarm`. `AccountObject` describes how the
 * account is kept.
 *
 * @example
 * ```ts ignore
 * import { AccountDurableObject } from "@holdfast/store/cloudflare";
 * import { signalCache } from "@holdfast/store/signal";
 *
 * export class Bot extends AccountDurableObject<Env> {
 *   async send(address: string, frame: string, socket: WebSocket): Promise<void> {
 *     const cache = signalCache(await this.holdfast.account());
 *     await cache.withAddress(address, async (canonical) => {
 *       // … encrypt with the record of `canonical`, and put it …
 *       await cache.publishable([canonical]);
 *       socket.send(frame);
 *     });
 *   }
 * }
 * ```
 */
export class AccountDurableObject<Env = unknown> extends DurableObject<Env> {
  /**
   * The account in this object. RPC exposes every method of a class, also a protected one, but no field:
   * what this holds cannot be reached from outside.
   */
  protected readonly holdfast: AccountObject;

  /** Called by the platform with `ctx` and `env`. Prepares the account and opens nothing. */
  // The type of `ctx` is taken from the class, so that the declarations need no global type of the platform.
  constructor(
    ctx: ConstructorParameters<typeof DurableObject<Env>>[0],
    env: Env,
    options?: AccountObjectOptions,
  ) {
    super(ctx, env);
    this.holdfast = new AccountObject(ctx, options);
  }

  /** Answers the service. */
  override fetch(request: Request): Promise<Response> {
    return this.holdfast.fetch(request);
  }

  /** Runs the tasks that are due. */
  override alarm(): Promise<void> {
    return this.holdfast.alarm();
  }
}
