import { AccountObject, type RecoverableOptions } from "./account_object.ts";
import type { ObjectContextLike } from "./object_types.ts";
import { RegistryObject } from "./registry_object.ts";

/**
 * The platform's `DurableObject`, which `cloudflare:workers` exports, with an `Env`: `DurableObject<Env>`.
 */
export type DurableObjectClass = abstract new (ctx: never, env: never) => object;

/** The members that `accountObject` adds. */
export declare class AccountObjectMembers {
  /** The account in this object. RPC exposes only methods, so this field cannot be reached from outside. */
  protected readonly holdfast: AccountObject;
  /** Answers the service. */
  fetch(request: Request): Promise<Response>;
  /** Runs the tasks that are due. */
  alarm(): Promise<void>;
}

/** The members that `registryObject` adds. */
export interface RegistryObjectMembers {
  /** Answers the Worker. */
  fetch(request: Request): Promise<Response>;
}

/** The platform's class as it is called. */
type Constructor = new (ctx: unknown, env: unknown) => object;

/**
 * Creates a Durable Object class that keeps one account in its own storage, for a client that runs inside the
 * object. Its public methods can be called over RPC.
 *
 * Extends a class that you pass, since this module imports nothing of the platform. On npm,
 * `@holdfast/store/cloudflare` has the same class as `AccountDurableObject`.
 *
 * The service's calls arrive through `fetch`: a class that answers other requests passes the rest to
 * `super.fetch`. A class with an `alarm` of its own calls `super.alarm`.
 *
 * @param base The platform's `DurableObject<Env>`, or a class that extends it.
 *
 * @example
 * ```ts ignore
 * import { accountObject } from "@holdfast/store/worker";
 * import { DurableObject } from "cloudflare:workers";
 *
 * export class Bot extends accountObject(DurableObject<Env>) {
 *   async rename(pushName: string): Promise<void> {
 *     const account = await this.holdfast.account();
 *     account.device.processCommand({ kind: "setPushName", pushName });
 *     await account.flush();
 *   }
 * }
 * ```
 */
export function accountObject<Base extends DurableObjectClass>(
  base: Base,
): new (
  ctx: ConstructorParameters<Base>[0],
  env: ConstructorParameters<Base>[1],
  options?: RecoverableOptions,
) => AccountObjectMembers & InstanceType<Base> {
  class AccountClass extends (base as unknown as Constructor) {
    readonly holdfast: AccountObject;

    constructor(ctx: ObjectContextLike, env: unknown, options?: RecoverableOptions) {
      super(ctx, env);
      this.holdfast = new AccountObject(ctx, options);
    }

    fetch(request: Request): Promise<Response> {
      return this.holdfast.fetch(request);
    }

    alarm(): Promise<void> {
      return this.holdfast.alarm();
    }
  }
  return AccountClass as unknown as ReturnType<typeof accountObject<Base>>;
}

/**
 * Creates the Durable Object class of the registry, which keeps the names of accounts and the hashes of
 * tokens. On npm, `@holdfast/store/cloudflare` has the same class as `RegistryDurableObject`.
 *
 * @param base The platform's `DurableObject<Env>`.
 *
 * @example
 * ```ts ignore
 * import { registryObject } from "@holdfast/store/worker";
 * import { DurableObject } from "cloudflare:workers";
 *
 * export class Registry extends registryObject(DurableObject<Env>) {}
 * ```
 */
export function registryObject<Base extends DurableObjectClass>(
  base: Base,
): new (
  ctx: ConstructorParameters<Base>[0],
  env: ConstructorParameters<Base>[1],
) => RegistryObjectMembers & InstanceType<Base> {
  class RegistryClass extends (base as unknown as Constructor) {
    readonly #registry: RegistryObject;

    constructor(ctx: ObjectContextLike, env: unknown) {
      super(ctx, env);
      this.#registry = new RegistryObject(ctx);
    }

    fetch(request: Request): Promise<Response> {
      return this.#registry.fetch(request);
    }
  }
  return RegistryClass as unknown as ReturnType<typeof registryObject<Base>>;
}
