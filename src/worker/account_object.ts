import { lidCache } from "../directory/lid/mod.ts";
import { type AccountObjectOptions, HostedObject } from "./hosted_object.ts";
import type { ObjectContextLike } from "./object_types.ts";

/**
 * The account of a Durable Object, in the object's own storage.
 *
 * The account is opened by the first call of `account()`, which a command of the service makes too. Opening
 * takes the ownership, so a client elsewhere that owns the account is fenced. Dirty state is flushed within
 * the interval and in pauses, which are shorter than the ten seconds after which an idle object may lose its
 * memory. The alarm is a fallback. A commit is durable before any later output leaves the object. Memory may
 * be lost at any `await`. Acknowledged changes survive that, and no message key is used twice.
 *
 * Pass it the `fetch` and `alarm` of your object. `AccountDurableObject` of `@holdfast/store/cloudflare` and
 * `accountObject` do so. A class that must extend another one has an `AccountObject` as a field.
 *
 * @example
 * ```ts
 * import { AccountObject, type ObjectContextLike } from "@holdfast/store/worker";
 *
 * class Bot {
 *   readonly #holdfast: AccountObject;
 *
 *   constructor(ctx: ObjectContextLike) {
 *     this.#holdfast = new AccountObject(ctx);
 *   }
 *
 *   async rename(pushName: string): Promise<void> {
 *     const account = await this.#holdfast.account();
 *     account.device.processCommand({ kind: "setPushName", pushName });
 *   }
 *
 *   fetch(request: Request): Promise<Response> {
 *     return this.#holdfast.fetch(request);
 *   }
 *
 *   alarm(): Promise<void> {
 *     return this.#holdfast.alarm();
 *   }
 * }
 * ```
 */
export class AccountObject extends HostedObject {
  constructor(ctx: ObjectContextLike, options: AccountObjectOptions = {}) {
    super(ctx, options, lidCache);
  }
}
