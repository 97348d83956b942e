import {
  type Account,
  type AccountStatistics,
  type HousekeepingPolicy,
  type OpenAccountOptions,
  openAccountOver,
} from "../account/mod.ts";
import { AlarmScheduler, openObjectBackend } from "../adapters/durable_object/mod.ts";
import type { Backend, Device, Sealing, Write } from "../backend/mod.ts";
import type { CacheBuilder } from "../cache/mod.ts";
import type { PublicPreKey } from "../device/mod.ts";
import type { AccountLids } from "../directory/lid/mod.ts";
import { ClosedError, RefusedError } from "../errors/mod.ts";
import { type Host, type Random, type Scheduler, systemHost } from "../ports/mod.ts";
import { HostedAccount, OpenOnce, operationRow, RequestMeter, runOperation } from "../service/mod.ts";
import type { SignalCacheStats } from "../signal/mod.ts";
import { type AccountCall, accountCallOf } from "./account_call.ts";
import { answerObjectCall } from "./object_call.ts";
import { keepHouse, type ObjectHousekeeping } from "./object_housekeeping.ts";
import type { ObjectContextLike } from "./object_types.ts";
import { loadValue, storeValue } from "./object_value.ts";
import { ANSWER_CARRIERS, type AnswerCarrier, INPUT_CARRIERS } from "./operation_carriers.ts";
import { ownerTokenOf } from "./owner_token.ts";

/** Name of the account in an object that has no name. */
const DEFAULT_ACCOUNT = "default";

/**
 * See `WriteBehindPolicy.slowTurnMs`. A timer that waits keeps the object in memory: about three seconds of
 * that cost what the row costs that a flush at the end of the turn may write in addition.
 */
const SLOW_TURN_MS = 3_000;

/** Options of `AccountObject`. */
export interface AccountObjectOptions
  extends Omit<OpenAccountOptions, "account" | "backend" | "host" | "housekeeping"> {
  /** Clock, randomness and logger. Default to the platform's own. The object's alarm is the scheduler. */
  readonly host?: Partial<Omit<Host, "scheduler">> | undefined;
  /** Runs tasks that only affect memory. Defaults to the platform's timers. */
  readonly timers?: Scheduler | undefined;
  /** Encrypts what the object stores: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
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
  #housekeeping: ObjectHousekeeping | undefined;
  readonly #requests: RequestMeter = new RequestMeter();
  /** Counts deletions. Work that began before a deletion opens nothing after it. */
  #incarnation = 0;
  #destroying: Promise<void> | undefined;
  /** Latest registration time of an account that was deleted in this incarnation of the object. */
  #destroyedAtMs = 0;
  /** Registration time of the account in the object, after it was read. */
  #registration: { readonly atMs: number | undefined } | undefined;

  readonly #client: ConstructorParameters<typeof HostedObject>[2];

  readonly #beforeUse: ((backend: Backend) => Promise<void>) | undefined;

  /**
   * Prepares the account of the object and opens nothing.
   *
   * @param client What an account has that a client in the object uses.
   * @param beforeUse Is called with the bare backend before the first use in an incarnation of the object.
   */
  constructor(
    ctx: ObjectContextLike,
    options: AccountObjectOptions = {},
    client?: {
      readonly makePreKeys?: (
        reads: Pick<Backend, "getMaxPreKeyId" | "loadPreKeys">,
        owner: {
          watermarks(): Pick<Device, "nextPreKeyId" | "firstUnuploadedPreKeyId">;
          stagedIds(): ReadonlySet<number>;
          stage(
            change: Partial<Pick<Device, "nextPreKeyId" | "firstUnuploadedPreKeyId" | "serverHasPreKeys">>,
            writes: readonly Write[],
          ): void;
        },
      ) => {
        generate(count: number, random: Random): Promise<PublicPreKey[]>;
        add(count: number, makeRecord: (id: number) => Uint8Array): Promise<number[]>;
        markUploaded(ids: readonly number[]): void;
      };
      readonly lidCache: (account: Account) => AccountLids;
      readonly statistics: (account: Account) => AccountStatistics;
      readonly signalStats: (account: Account) => SignalCacheStats | undefined;
      readonly openCaches: (
        builder: CacheBuilder,
        device: Device,
      ) => Promise<CacheBuilder & { close(): void }>;
    },
    beforeUse?: (backend: Backend) => Promise<void>,
  ) {
    this.#ctx = ctx;
    this.#client = client;
    this.#beforeUse = beforeUse;
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
   * Schedules tasks by the object's one alarm, beside those of the account. Register tasks that must run
   * after an eviction in the constructor of your class, with `stored`. Do not set the alarm yourself.
   */
  get scheduler(): Scheduler {
    return this.#scheduler;
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
      const { takes, answers, admin } = operationRow(call.operation);
      const { limits = {} } = call.address;
      if (!admin) this.#requests.count(this.#host.clock.nowMs(), limits);
      const hosted = await this.#admit(call);
      hosted.limits = limits;
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

  /**
   * Closes the account after a last flush, and calls `work` with its bare backend. Calls wait until then, and
   * without end once `work` has resolved: the object must be aborted then.
   */
  protected async halt<T>(work: (backend: Backend) => Promise<T>): Promise<T> {
    await this.#destroying?.catch(() => {});
    let resume = (): void => {};
    const halted = new Promise<void>((resolve) => {
      resume = resolve;
    });
    this.#destroying = halted;
    try {
      await this.#leave();
      this.#stopHousekeeping();
      return await work(await this.#newBackend());
    } catch (error) {
      this.#destroying = undefined;
      resume();
      throw error;
    }
  }

  /** Closes the account and its backend. */
  async #leave(): Promise<void> {
    const [hosted, backend] = [this.#hosted, this.#backend];
    this.#incarnation += 1;
    this.#backend = this.#newSharedBackend();
    this.#hosted = this.#newHosted();
    await hosted.close().catch(() => {});
    await (await backend.take())?.close();
  }

  async #empty(): Promise<void> {
    await this.#leave();
    // In one turn: what stops is not to be written to the storage.
    this.#stopHousekeeping();
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
        storeValue(this.#ctx.storage, "registered", registeredAtMs);
        this.#registration = { atMs: registeredAtMs };
      } else await this.destroy(storedAtMs);
    }
    return this.#hosted;
  }

  get #registeredAtMs(): number | undefined {
    this.#registration ??= { atMs: loadValue(this.#ctx.storage, "registered") as number | undefined };
    return this.#registration.atMs;
  }

  #newHosted(): HostedAccount {
    const incarnation = this.#incarnation;
    return new HostedAccount({
      clock: this.#host.clock,
      backend: () => this.#openBackend(incarnation),
      open: () => this.#openAccount(incarnation),
      nextAlarmAtMs: async () => this.#scheduler.alarmAtMs,
      signalStats: this.#client?.signalStats,
      databaseBytes: () => this.#ctx.storage.sql.databaseSize,
    });
  }

  async #openAccount(incarnation: number): Promise<Account> {
    await this.#openBackend(incarnation);
    const { housekeeping: _, timers: __, ...options } = this.#options;
    const backend = await this.#newBackend();
    const soleOwner = ownerTokenOf(this.#ctx.storage, this.#host.random);
    return await openAccountOver(
      backend,
      {
        ...options,
        host: this.#host,
        policy: { slowTurnMs: SLOW_TURN_MS, ...options.policy },
        housekeeping: false,
      },
      { soleOwner, ...this.#client },
    );
  }

  /** Returns the bare backend, for callers that do not own the account. Its first use starts housekeeping. */
  async #openBackend(incarnation: number): Promise<Backend> {
    if (incarnation !== this.#incarnation) throw deleted();
    if (this.#destroying !== undefined) await this.#destroying.catch(() => {});
    return await this.#backend.get();
  }

  #newSharedBackend(): OpenOnce<Backend> {
    return new OpenOnce(async () => {
      const backend = await this.#newBackend();
      await this.#beforeUse?.(backend);
      const { housekeeping: policy = {} } = this.#options;
      if (policy !== false) {
        const { storage } = this.#ctx;
        const [host, scheduler] = [this.#host, this.#scheduler];
        this.#housekeeping = keepHouse({ backend, host, scheduler, storage, policy });
      }
      return backend;
    });
  }

  #stopHousekeeping(): void {
    this.#housekeeping?.stop();
    this.#housekeeping = undefined;
  }

  async #newBackend(): Promise<Backend> {
    const account = await this.#nameOf(DEFAULT_ACCOUNT);
    const { sealing } = this.#options;
    return await openObjectBackend(
      this.#ctx.storage,
      { account, clock: this.#host.clock, sealing },
      (writes) => this.#housekeeping?.noted(writes),
    );
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

/** An account that is set aside has the name, too: its rows expire by the alarm. */
async function storedName(storage: ObjectContextLike["storage"]): Promise<string | undefined> {
  const backend = await openObjectBackend(storage, {});
  const [stored = (await backend.listSetAside())[0]] = await backend.listAccounts();
  return stored?.account;
}
