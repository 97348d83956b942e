import {
  type Account,
  type HousekeepingPolicy,
  type OpenAccountOptions,
  openAccountOver,
  startHousekeeping,
} from "../account/mod.ts";
import { AlarmScheduler, durableObjectBackend } from "../adapters/durable_object/mod.ts";
import type { Backend } from "../backend/mod.ts";
import type { AccountLids } from "../directory/lid/mod.ts";
import { ClosedError, RefusedError } from "../errors/mod.ts";
import { type Host, type Scheduler, systemHost } from "../ports/mod.ts";
import { HostedAccount, OpenOnce, operationRow, runOperation } from "../service/mod.ts";
import { type AccountCall, accountCallOf } from "./account_call.ts";
import { answerObjectCall } from "./object_call.ts";
import type { ObjectContextLike } from "./object_types.ts";
import { ANSWER_CARRIERS, type AnswerCarrier, INPUT_CARRIERS } from "./operation_carriers.ts";
import { ownerTokenOf } from "./owner_token.ts";
import { loadRegistration, saveRegistration } from "./registration.ts";

/** Name of the account in an object that has no name. */
const DEFAULT_ACCOUNT = "default";

/** Options of `AccountObject`. */
export interface AccountObjectOptions
  extends Omit<OpenAccountOptions, "account" | "backend" | "host" | "housekeeping"> {
  /** Clock, randomness and logger. Default to the platform's own. The object's alarm is the scheduler. */
  readonly host?: Partial<Omit<Host, "scheduler">> | undefined;
  /** Runs tasks that only affect memory. Defaults to the platform's timers. */
  readonly timers?: Scheduler | undefined;
  /**
   * Removes expired rows by alarm, also while the account is not open. `false` removes nothing.
   */
  readonly housekeeping?: Partial<HousekeepingPolicy> | false | undefined;
}

/**
 * An account in the storage of a Durable Object, hosted for a client elsewhere: `AccountObject` without the
 * parts that only a client inside the object needs. Keeps a Worker that only hosts small.
 *
 * @example
 * ```ts
 * import { HostedObject, type ObjectContextLike } from "@holdfast/store/worker";
 *
 * class Hosted {
 *   readonly #object: HostedObject;
 *
 *   constructor(ctx: ObjectContextLike) {
 *     this.#object = new HostedObject(ctx);
 *   }
 *
 *   fetch(request: Request): Promise<Response> {
 *     return this.#object.fetch(request);
 *   }
 *
 *   alarm(): Promise<void> {
 *     return this.#object.alarm();
 *   }
 * }
 * ```
 */
export class HostedObject {
  readonly #ctx: ObjectContextLike;
  readonly #options: AccountObjectOptions;
  readonly #host: Host;
  readonly #scheduler: AlarmScheduler;
  #hosted: HostedAccount;
  #name: string | undefined;
  #backend: OpenOnce<Backend>;
  #stopHousekeeping: (() => void) | undefined;
  /** Counts deletions. Work that began before a deletion opens nothing after it. */
  #incarnation = 0;
  #destroying: Promise<void> | undefined;
  /** Latest registration time of an account that was deleted in this incarnation of the object. */
  #destroyedAtMs = 0;
  /** Registration time of the account in the object, after it was read. */
  #registration: { readonly atMs: number | undefined } | undefined;

  readonly #lidCache: ((account: Account) => AccountLids) | undefined;

  /** @param lidCache Opens the LID cache of an account that a client in the object uses. */
  constructor(
    ctx: ObjectContextLike,
    options: AccountObjectOptions = {},
    lidCache?: (account: Account) => AccountLids,
  ) {
    this.#ctx = ctx;
    this.#lidCache = lidCache;
    this.#options = options;
    const host = systemHost(options.host);
    const { clock, logger } = host;
    this.#scheduler = new AlarmScheduler(ctx.storage, { clock, logger, timers: options.timers });
    this.#host = { ...host, scheduler: this.#scheduler };
    this.#backend = this.#newSharedBackend();
    this.#hosted = this.#newHosted();
    void ctx.blockConcurrencyWhile(() => this.#scheduler.repair());
  }

  /**
   * Returns the account. Opens it if it is not open, or if another owner has taken it over. Do not close it:
   * the object owns it.
   *
   * @throws {StoreError} When it cannot be opened. The next call tries again.
   */
  account(): Promise<Account> {
    return this.#hosted.account();
  }

  /**
   * Answers a call of the service, and any other request with 404. A class with requests of its own must
   * handle them first.
   */
  async fetch(request: Request): Promise<Response> {
    const call = accountCallOf(request);
    if (call === undefined) return new Response(null, { status: 404 });
    return await answerObjectCall(request, this.#host.logger, async () => {
      const { takes, answers } = operationRow(call.operation);
      const hosted = await this.#admit(call);
      const input = await INPUT_CARRIERS[takes].decode(request, call.address);
      const carrier: AnswerCarrier = ANSWER_CARRIERS[answers];
      return carrier.encode(
        call.operation === "deleteAccount"
          ? await this.destroy(call.address.registeredAtMs)
          : await runOperation(hosted, call.operation, input),
      );
    });
  }

  /** Runs the tasks that are due. Sets the alarm again if one fails: see `AlarmScheduler`. */
  alarm(): Promise<void> {
    return this.#scheduler.alarm(async () => {
      // An account that is being deleted is not opened again.
      if (this.#destroying === undefined) await this.#openBackend(this.#incarnation);
    });
  }

  /**
   * Deletes the whole storage of the object and its alarm: the account and anything else that your class has
   * stored. Dirty state is dropped. Idempotent. A concurrent call of `account()` waits and returns a new
   * account.
   *
   * @param registeredAtMs The registration time of the account to delete. Calls for it and for earlier ones
   *   are refused from now on. Nothing is deleted if the object contains a later one.
   */
  async destroy(registeredAtMs?: number): Promise<void> {
    if (registeredAtMs !== undefined) {
      if (registeredAtMs < (this.#registeredAtMs ?? 0)) return;
      this.#destroyedAtMs = Math.max(this.#destroyedAtMs, registeredAtMs);
    }
    this.#destroying ??= this.#empty().finally(() => {
      this.#destroying = undefined;
    });
    await this.#destroying;
  }

  async #empty(): Promise<void> {
    const [hosted, backend] = [this.#hosted, this.#backend];
    this.#incarnation += 1;
    this.#backend = this.#newSharedBackend();
    this.#hosted = this.#newHosted();
    await hosted.close().catch(() => {});
    await (await backend.take())?.close();
    this.#stopHousekeeping?.();
    this.#stopHousekeeping = undefined;
    this.#name = undefined;
    this.#scheduler.reset();
    const { storage } = this.#ctx;
    try {
      await storage.deleteAlarm();
      await storage.deleteAll();
    } catch (error) {
      await this.#scheduler.repair();
      throw error;
    }
    this.#scheduler.reset();
    this.#registration = undefined;
  }

  /**
   * Returns the account that a call is for. Deletes an earlier account of the name that is still in the
   * object.
   *
   * @throws {ClosedError} When the call is for an account that was deleted.
   */
  async #admit({ operation, address: { account, registeredAtMs } }: AccountCall): Promise<HostedAccount> {
    for (;;) {
      if ((await this.#nameOf(account)) !== account) {
        throw new RefusedError("use account: the object belongs to another account");
      }
      if (operation === "deleteAccount") break;
      if (this.#destroying !== undefined) {
        await this.#destroying.catch(() => {});
        // The deletion has cleared the name as well.
        continue;
      }
      const storedAtMs = this.#registeredAtMs;
      if (registeredAtMs <= this.#destroyedAtMs || registeredAtMs < (storedAtMs ?? 0)) throw deleted();
      if (storedAtMs === registeredAtMs) break;
      if (storedAtMs === undefined) {
        saveRegistration(this.#ctx.storage, registeredAtMs);
        this.#registration = { atMs: registeredAtMs };
      } else await this.destroy(storedAtMs);
    }
    return this.#hosted;
  }

  get #registeredAtMs(): number | undefined {
    this.#registration ??= { atMs: loadRegistration(this.#ctx.storage) };
    return this.#registration.atMs;
  }

  #newHosted(): HostedAccount {
    const incarnation = this.#incarnation;
    return new HostedAccount({
      clock: this.#host.clock,
      backend: () => this.#openBackend(incarnation),
      open: () => this.#openAccount(incarnation),
      nextAlarmAtMs: async () => this.#scheduler.alarmAtMs,
    });
  }

  async #openAccount(incarnation: number): Promise<Account> {
    await this.#openBackend(incarnation);
    const { housekeeping: _, timers: __, ...options } = this.#options;
    const backend = await this.#newBackend();
    const soleOwner = ownerTokenOf(this.#ctx.storage, this.#host.random);
    return await openAccountOver(
      backend,
      { ...options, host: this.#host, housekeeping: false },
      { soleOwner, lidCache: this.#lidCache },
    );
  }

  /** Returns the bare backend, for callers that do not own the account. Its first use starts housekeeping. */
  async #openBackend(incarnation: number): Promise<Backend> {
    if (incarnation !== this.#incarnation) throw deleted();
    if (this.#destroying !== undefined) await this.#destroying.catch(() => {});
    return await this.#backend.get();
  }

  #newSharedBackend(): OpenOnce<Backend> {
    return new OpenOnce(async () => await this.#keepHouse(await this.#newBackend()));
  }

  async #keepHouse(backend: Backend): Promise<Backend> {
    const { housekeeping = {} } = this.#options;
    if (housekeeping === false) return backend;
    // Stores the name of the account, because the platform omits it in an alarm.
    await backend.create();
    // Every owner removes the same expired rows, so the removal needs no guard.
    this.#stopHousekeeping = startHousekeeping({
      host: this.#host,
      taskPrefix: "",
      // Objects do not share a process that their runs could block.
      phase: 1,
      committer: backend,
      policy: housekeeping,
    });
    return backend;
  }

  async #newBackend(): Promise<Backend> {
    const account = await this.#nameOf(DEFAULT_ACCOUNT);
    return await durableObjectBackend(this.#ctx.storage, { account, clock: this.#host.clock });
  }

  /**
   * Returns the name of the object's account, or `fallback` if neither the platform nor the storage has one.
   */
  async #nameOf(fallback: string): Promise<string> {
    const { id, storage } = this.#ctx;
    // The platform omits the name in an alarm, and when it is long.
    this.#name ??= id.name ?? (await storedName(storage)) ?? fallback;
    return this.#name;
  }
}

function deleted(): ClosedError {
  return new ClosedError("use account: the account was deleted");
}

async function storedName(storage: ObjectContextLike["storage"]): Promise<string | undefined> {
  const [stored] = await (await durableObjectBackend(storage)).listAccounts();
  return stored?.account;
}
