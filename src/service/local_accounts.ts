import type { Account } from "../account/mod.ts";
import type { Backend } from "../backend/mod.ts";
import type { DeviceCommand, RedactedDevice } from "../device/mod.ts";
import { ClosedError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import type { CallAnswer, CallScope } from "../protocol/mod.ts";
import type {
  AccountHandle,
  AccountService,
  AccountSnapshot,
  AccountStats,
  FlushSummary,
  SnapshotOptions,
} from "./account_service.ts";
import { HostedAccount } from "./hosted_account.ts";
import type { Registry } from "./registry.ts";

/** Accounts that are kept at hand unless told otherwise. */
const MAX_ACCOUNTS = 1_000;

/** Deletions that are remembered: a request that was let in before as many others is not on its way any more. */
const MAX_DELETIONS = 10_000;

/** What `LocalAccounts` needs. */
export interface LocalAccountsOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Opens the backend of an account. What it opens belongs to the service. */
  openBackend(name: string): Promise<Backend>;
  /** Opens an account over such a backend. */
  openAccount(name: string, backend: Backend): Promise<Account>;
  /**
   * Accounts that are kept at hand; above it the one that was used longest ago is closed. Defaults to 1,000. It can be
   * exceeded by as many as are used at one moment.
   */
  readonly maxAccounts?: number | undefined;
}

/** An account at hand. */
interface Slot {
  readonly hosted: HostedAccount;
  /** Opened when it is first needed. */
  backend: Promise<Backend> | undefined;
  /** Requests that use it at this moment. */
  users: number;
  /** Called when there are none any more. */
  onIdle: (() => void) | undefined;
}

/**
 * Accounts of databases that this process opens itself: an `AccountService` for Node, Deno and Bun. Close it before the process
 * ends.
 */
export class LocalAccounts implements AccountService, AsyncDisposable {
  readonly registry: Registry;
  readonly #options: LocalAccountsOptions;
  /** In the order of their last use. */
  readonly #slots = new Map<string, Slot>();
  /** Accounts that are being closed: who wants one of them waits. */
  readonly #leaving = new Map<string, Promise<void>>();
  /**
   * Registration times of accounts that were deleted, the latest of each name: a request that was let in before, and comes to it after,
   * must leave nothing behind, and delete nothing of the next account.
   */
  readonly #deletions = new Map<string, number>();
  #closed = false;

  constructor(options: LocalAccountsOptions) {
    this.registry = options.registry;
    this.#options = options;
  }

  account(name: string, registeredAtMs: number): AccountHandle {
    const use = async <T>(work: (hosted: HostedAccount, slot: Slot) => Promise<T>): Promise<T> => {
      while (this.#leaving.has(name)) await this.#leaving.get(name)?.catch(() => {});
      if (this.#isDeleted(name, registeredAtMs)) throw new ClosedError("use account: it was deleted");
      return await this.#use(name, work);
    };
    return {
      device: (): Promise<RedactedDevice | undefined> => use((hosted) => hosted.device()),
      command: (commands: readonly DeviceCommand[]): Promise<FlushSummary> =>
        use((hosted) => hosted.command(commands)),
      flush: (): Promise<FlushSummary> => use((hosted) => hosted.flush()),
      stats: (): Promise<AccountStats> => use((hosted) => hosted.stats()),
      snapshot: (options: SnapshotOptions): Promise<AccountSnapshot> =>
        use((hosted) => hosted.snapshot(options)),
      answer: (body: Uint8Array, scope: CallScope): Promise<CallAnswer> =>
        use(async (hosted, slot) => {
          const answer = await hosted.answer(body, scope);
          return answer instanceof Uint8Array ? answer : this.#inUse(slot, answer);
        }),
      destroy: async (): Promise<void> => {
        while (this.#leaving.has(name)) await this.#leaving.get(name)?.catch(() => {});
        if (!this.#isDeleted(name, registeredAtMs))
          await this.#leave(name, () => this.#delete(name, registeredAtMs));
      },
    };
  }

  /**
   * Closes every account, each flushed a last time.
   *
   * @throws {StoreError} When something could not be saved, after everything was closed.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const names = [...this.#slots.keys(), ...this.#leaving.keys()];
    const outcomes = await Promise.allSettled(names.map((name) => this.#leave(name)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Closes the service: see `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #use<T>(name: string, work: (hosted: HostedAccount, slot: Slot) => Promise<T>): Promise<T> {
    if (this.#closed) throw new ClosedError("use account: the service is closed");
    const slot = this.#slots.get(name) ?? this.#newSlot(name);
    this.#slots.delete(name);
    this.#slots.set(name, slot);
    slot.users += 1;
    try {
      return await work(slot.hosted, slot);
    } finally {
      this.#unuse(slot);
    }
  }

  #unuse(slot: Slot): void {
    slot.users -= 1;
    if (slot.users === 0) slot.onIdle?.();
    this.#shrink();
  }

  /** A streamed answer, which uses the account until it ends or is given up. */
  #inUse(slot: Slot, answer: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const iterator = answer[Symbol.asyncIterator]();
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      this.#unuse(slot);
    };
    const ended = async (step: Promise<IteratorResult<Uint8Array>>): Promise<IteratorResult<Uint8Array>> => {
      const result = await step.catch((error: unknown) => {
        end();
        throw error;
      });
      if (result.done) end();
      return result;
    };
    slot.users += 1;
    return {
      [Symbol.asyncIterator]: (): AsyncIterator<Uint8Array> => ({
        next: () => ended(iterator.next()),
        return: () => {
          end();
          return iterator.return?.() ?? Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
  }

  #newSlot(name: string): Slot {
    const { clock, openBackend, openAccount } = this.#options;
    const backend = async (): Promise<Backend> => {
      slot.backend ??= openBackend(name);
      const opening = slot.backend;
      try {
        return await opening;
      } catch (error) {
        if (slot.backend === opening) slot.backend = undefined;
        throw error;
      }
    };
    const hosted = new HostedAccount({
      clock,
      backend,
      open: async () => await openAccount(name, await openBackend(name)),
    });
    const slot: Slot = { hosted, backend: undefined, users: 0, onIdle: undefined };
    return slot;
  }

  #isDeleted(name: string, registeredAtMs: number): boolean {
    return registeredAtMs <= (this.#deletions.get(name) ?? Number.NEGATIVE_INFINITY);
  }

  async #delete(name: string, registeredAtMs: number): Promise<void> {
    const backend = await this.#options.openBackend(name);
    try {
      await backend.deleteAccount(await backend.create());
    } finally {
      await backend.close();
    }
    this.#deletions.delete(name);
    this.#deletions.set(name, registeredAtMs);
    const [oldest] = this.#deletions.keys();
    if (this.#deletions.size > MAX_DELETIONS && oldest !== undefined) this.#deletions.delete(oldest);
  }

  /** Closes what was used longest ago and is not in use. */
  #shrink(): void {
    const max = this.#options.maxAccounts ?? MAX_ACCOUNTS;
    for (const [name, { users }] of this.#slots) {
      if (this.#slots.size <= max) return;
      // Nothing is lost when it fails: commands are durable before they are answered.
      if (users === 0) this.#leave(name).catch(() => {});
    }
  }

  /** Closes an account when nobody uses it any more. Who wants it meanwhile waits until `then` is done as well. */
  async #leave(name: string, then?: () => Promise<void>): Promise<void> {
    const slot = this.#slots.get(name);
    if (slot === undefined && then === undefined) return await this.#leaving.get(name);
    this.#slots.delete(name);
    const before = this.#leaving.get(name);
    const leave = async (): Promise<void> => {
      await before?.catch(() => {});
      if (slot !== undefined) await closeSlot(slot);
      await then?.();
    };
    const leaving = leave().finally(() => {
      if (this.#leaving.get(name) === leaving) this.#leaving.delete(name);
    });
    this.#leaving.set(name, leaving);
    await leaving;
  }
}

async function closeSlot(slot: Slot): Promise<void> {
  if (slot.users > 0) {
    await new Promise<void>((resolve) => {
      slot.onIdle = resolve;
    });
  }
  try {
    await slot.hosted.close();
  } finally {
    const opened = await slot.backend?.catch(() => undefined);
    await opened?.close();
  }
}
