import type { Account } from "../account/mod.ts";
import { publishable } from "../signal/mod.ts";
import { AccountObject, type AccountObjectOptions } from "./account_object.ts";
import type { ObjectContextLike } from "./object_types.ts";

/**
 * A Durable Object that keeps one account in its own storage. Bind it as it is, or extend it with a client
 * that runs inside.
 *
 * The service's calls come through `fetch`: a class of your own that answers other requests hands the rest to
 * `super.fetch`. What has an `alarm` of its own calls `super.alarm`. See `AccountObject` for how the account
 * is kept.
 *
 * @example
 * ```ts
 * import { signalCache } from "@holdfast/store/signal";
 * import { AccountDurableObject } from "@holdfast/store/worker";
 *
 * export class Bot extends AccountDurableObject {
 *   async send(address: string, frame: string, socket: WebSocket): Promise<void> {
 *     const account = await this.account;
 *     const cache = signalCache(account);
 *     await cache.withAddress(address, async (canonical) => {
 *       await cache.sendable(canonical);
 *       // … encrypt with the record of `canonical`, and put it …
 *       await this.publishable(account, [canonical]);
 *       socket.send(frame);
 *     });
 *   }
 * }
 * ```
 */
export class AccountDurableObject<Env = unknown> {
  protected readonly ctx: ObjectContextLike;
  protected readonly env: Env;
  readonly #object: AccountObject;

  constructor(ctx: ObjectContextLike, env: Env, options: AccountObjectOptions = {}) {
    this.ctx = ctx;
    this.env = env;
    this.#object = new AccountObject(ctx, options);
  }

  /** The account, opened when it is first asked for. It belongs to the object: do not close it. */
  protected get account(): Promise<Account> {
    return this.#object.account();
  }

  /**
   * Resolves when ciphertexts to these addresses may leave: call it before every outgoing frame that carries
   * one. The platform holds the frame back until what it waits for is on disk.
   *
   * @param account The account by whose cache the frame was made. The one that is open by now may be another
   * one, which knows nothing of the frame: somebody elsewhere may have taken the account over, and lost it
   * again.
   * @param addresses Canonical Signal addresses and sender key names; all that are gated when left out.
   * @throws {StoreError} When it could not be brought about. The frame must not leave then.
   */
  protected async publishable(account: Account, addresses?: readonly string[]): Promise<void> {
    await publishable(account, addresses);
  }

  /** Answers the service. */
  fetch(request: Request): Promise<Response> {
    return this.#object.fetch(request);
  }

  /** Runs what is due. */
  alarm(): Promise<void> {
    return this.#object.alarm();
  }

  /** Deletes the whole storage of the object, alarm included. */
  protected destroy(): Promise<void> {
    return this.#object.destroy();
  }
}
