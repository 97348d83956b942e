import {
  type Account,
  type HousekeepingPolicy,
  type OpenAccountOptions,
  openAccountAs,
  startHousekeeping,
} from "../account/mod.ts";
import { AlarmScheduler, durableObjectBackend } from "../adapters/durable_object/mod.ts";
import type { Backend } from "../backend/mod.ts";
import { ClosedError, RefusedError } from "../errors/mod.ts";
import { type Host, type Scheduler, systemHost } from "../ports/mod.ts";
import { HostedAccount, operationRow, runOperation } from "../service/mod.ts";
import { type AccountCall, accountCallOf } from "./account_call.ts";
import { answerError } from "./object_call.ts";
import type { ObjectContextLike } from "./object_types.ts";
import { ANSWER_CARRIERS, type AnswerCarrier, INPUT_CARRIERS } from "./operation_carriers.ts";
import { ownerTokenOf } from "./owner_token.ts";
import { loadRegistration, saveRegistration } from "./registration.ts";

/** The account of an object that was made without a name. */
const DEFAULT_ACCOUNT = "default";

/** How an object keeps its account. */
export interface AccountObjectOptions
  extends Omit<OpenAccountOptions, "account" | "backend" | "host" | "housekeeping"> {
  /**
   * Clock, randomness and logger. Default to the platform's own. The scheduler is the object's
   * alarm.
   */
  readonly host?: Partial<Omit<Host, "scheduler">> | undefined;
  /** Runs tasks that concern memory alone. Defaults to the platform's timers. */
  readonly timers?: Scheduler | undefined;
  /**
   * Removes what has expired, by alarm, also while the account is not open. `false` leaves everything where
   * it is.
   */
  readonly housekeeping?: Partial<HousekeepingPolicy> | false | undefined;
}

/**
 * The account of a Durable Object, in the object's own storage.
 *
 * It is opened when `account` is first asked for, by a command of the service, or by who runs inside the
 * object; a client elsewhere that owns the account is fenced by that. What is dirty is flushed within the
 * interval and in pauses, which are shorter than the ten seconds after which an idle object may lose its
 * memory; the alarm stands behind that. A commit is durable before anything that follows it can leave the
 * object. Memory may vanish at any `await`: nothing that was acknowledged is lost, and no key leaves twice.
 *
 * Hand it what comes to your object: `fetch` and `alarm`. A class that has nothing else extends
 * `AccountDurableObject`; one that must extend something else, the platform's own class for remote procedure
 * calls say, has one of these.
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
export class AccountObject {
  readonly #ctx: ObjectContextLike;
  readonly #options: AccountObjectOptions;
  readonly #host: Host;
  readonly #scheduler: AlarmScheduler;
  #hosted: HostedAccount;
  #name: string | undefined;
  #backend: Promise<Backend> | undefined;
  #stopHousekeeping: (() => void) | undefined;
  /** Counts deletions: what was begun before one opens nothing after it. */
  #incarnation = 0;
  #destroying: Promise<void> | undefined;
  /** Latest registration time of an account that was deleted in this incarnation of the object. */
  #destroyedAtMs = 0;
  /** Registration time of the account that the object holds, once it was read. */
  #registration: { readonly atMs: number | undefined } | undefined;

  constructor(ctx: ObjectContextLike, options: AccountObjectOptions = {}) {
    this.#ctx = ctx;
    this.#options = options;
    const { clock, logger, random } = systemHost(options.host);
    this.#scheduler = new AlarmScheduler(ctx.storage, { clock, logger, timers: options.timers });
    this.#host = { clock, logger, random, scheduler: this.#scheduler };
    this.#hosted = this.#newHosted();
    void ctx.blockConcurrencyWhile(() => this.#scheduler.repair());
  }

  /**
   * The account, opened if it is not, or if another owner had it meanwhile. It belongs to the object: do not
   * close it.
   *
   * @throws {StoreError} What opening throws. The next call tries again.
   */
  account(): Promise<Account> {
    return this.#hosted.account();
  }

  /**
   * Answers what the service asks of the object. Anything else is not found: a class of your own looks at it
   * first.
   */
  async fetch(request: Request): Promise<Response> {
    const call = accountCallOf(request);
    if (call === undefined) return new Response(null, { status: 404 });
    try {
      const { takes, answers } = operationRow(call.operation);
      const hosted = await this.#admit(call);
      const input = await INPUT_CARRIERS[takes].decode(request, call.address);
      const carrier: AnswerCarrier = ANSWER_CARRIERS[answers];
      return carrier.encode(
        call.operation === "deleteAccount"
          ? await this.destroy(call.address.registeredAtMs)
          : await runOperation(hosted, call.operation, input),
      );
    } catch (error) {
      return answerError(error, this.#host.logger);
    }
  }

  /** What the object's `alarm` handler does. Whatever fails, it comes back: see `AlarmScheduler`. */
  alarm(): Promise<void> {
    return this.#scheduler.alarm(async () => {
      // What is about to be deleted is not opened again.
      if (this.#destroying === undefined) await this.#openBackend(this.#incarnation);
    });
  }

  /**
   * Deletes the whole storage of the object, its alarm included: everything of the account, and whatever else
   * a class of your own has put there. What is dirty is dropped. Idempotent. Who asks for the account
   * meanwhile waits, and gets a new one.
   *
   * @param registeredAtMs Requests for the account that was registered then, or earlier, are refused from now
   * on. A later one that is in the object by now is left as it is.
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
    this.#hosted = this.#newHosted();
    this.#backend = undefined;
    await hosted.close().catch(() => {});
    await (await backend?.catch(() => undefined))?.close();
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
   * Lets a call through to the account that it is for: what is in the object may be an earlier one of its
   * name, which is emptied first, or a later one.
   */
  async #admit({ operation, address: { account, registeredAtMs } }: AccountCall): Promise<HostedAccount> {
    for (;;) {
      if ((await this.#nameOf(account)) !== account) {
        throw new RefusedError("use account: the object is another account's");
      }
      if (operation === "deleteAccount") break;
      if (this.#destroying !== undefined) {
        await this.#destroying.catch(() => {});
        // The name is forgotten as well.
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
    return await openAccountAs({ ...options, backend, host: this.#host, housekeeping: false }, soleOwner);
  }

  /**
   * The backend of who does not own the account. Whoever needs it first also begins to look after what
   * expires.
   */
  async #openBackend(incarnation: number): Promise<Backend> {
    if (incarnation !== this.#incarnation) throw deleted();
    if (this.#destroying !== undefined) await this.#destroying.catch(() => {});
    this.#backend ??= this.#newBackend().then((backend) => this.#keepHouse(backend));
    const opening = this.#backend;
    try {
      return await opening;
    } catch (error) {
      if (this.#backend === opening) this.#backend = undefined;
      throw error;
    }
  }

  async #keepHouse(backend: Backend): Promise<Backend> {
    const { housekeeping = {} } = this.#options;
    if (housekeeping === false) return backend;
    // Registered, so that an alarm finds out whose object it wakes.
    await backend.create();
    // What has expired is nobody's any more, whoever owns the account: its removal needs no guard.
    this.#stopHousekeeping = startHousekeeping({
      host: this.#host,
      taskPrefix: "",
      committer: backend,
      policy: housekeeping,
    });
    return backend;
  }

  async #newBackend(): Promise<Backend> {
    const account = await this.#nameOf(DEFAULT_ACCOUNT);
    return await durableObjectBackend(this.#ctx.storage, { account, clock: this.#host.clock });
  }

  /** The name of the object's account: `fallback` when neither the platform nor the storage knows one. */
  async #nameOf(fallback: string): Promise<string> {
    const { id, storage } = this.#ctx;
    // The platform tells it neither to an alarm nor when it is long.
    this.#name ??= id.name ?? (await storedName(storage)) ?? fallback;
    return this.#name;
  }
}

function deleted(): ClosedError {
  return new ClosedError("use account: it was deleted");
}

async function storedName(storage: ObjectContextLike["storage"]): Promise<string | undefined> {
  const [stored] = await (await durableObjectBackend(storage)).listAccounts();
  return stored?.account;
}
