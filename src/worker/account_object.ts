import { accountStatistics, openCaches } from "../account/mod.ts";
import { makePreKeys } from "../device/mod.ts";
import { lidCache } from "../directory/lid/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";
import { systemHost } from "../ports/mod.ts";
import { signalCacheStats } from "../signal/mod.ts";
import { type AccountObjectOptions, HostedObject } from "./hosted_object.ts";
import type { ObjectContextLike } from "./object_types.ts";
import {
  answerRecordCall,
  applyRecord,
  type RestoreRecord,
  recordRaise,
  recoveryOf,
} from "./restore_record.ts";

/** How long the answer of `recoverTo` has to leave the object, in milliseconds. */
const ABORT_DELAY_MS = 1_000;

/** Name of the task that aborts the object. */
const TASK = "recover";

/** Options of `AccountObject`. */
export interface RecoverableOptions extends AccountObjectOptions {
  /**
   * Records the restore epoch outside of the object, for `recoverTo`: `recordBeside`, or a function of your
   * own. It is asked once in each incarnation of the object, before its first use.
   */
  readonly restoreRecord?: RestoreRecord | undefined;
}

/**
 * The account of a Durable Object, in the object's own storage.
 *
 * The account is opened by the first call of `account()`, which a command of the service makes too. Opening
 * takes the ownership, so a client elsewhere that owns the account is fenced. A turn of the event loop after
 * three seconds without a change ends with everything flushed, and leaves neither a timer nor an alarm. While
 * changes come faster, they are flushed in pauses of eight seconds, which are shorter than the ten after which
 * an idle object may lose its memory, and once a minute. A commit is durable before any later output leaves
 * the object. Memory may be lost at any `await`. Acknowledged changes survive that, and no message key is used
 * twice.
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
  readonly #ctx: ObjectContextLike;
  readonly #options: RecoverableOptions;

  /** Prepares the account of the object and opens nothing. Call it in the constructor of your class. */
  constructor(ctx: ObjectContextLike, options: RecoverableOptions = {}) {
    const { restoreRecord: record, ...others } = options;
    const { logger, random } = systemHost(options.host);
    super(
      ctx,
      others,
      { lidCache, makePreKeys, openCaches, statistics: accountStatistics, signalStats: signalCacheStats },
      record && ((backend) => applyRecord(backend, { record, logger, random })),
    );
    this.#ctx = ctx;
    this.#options = options;
  }

  /** Answers a call of the service or of `recordBeside`, and any other request with 404. */
  override async fetch(request: Request): Promise<Response> {
    return answerRecordCall(request, this.#ctx.storage) ?? (await super.fetch(request));
  }

  /**
   * Recovers the whole storage of the object to a state of the last 30 days. Records outside of the object
   * that it was recovered, so that its next opening gives up every chain on which the account may have sent
   * since. A client that has the account open elsewhere is fenced then.
   *
   * The object accepts no call of the account any more. A second after this resolves it is aborted, and the
   * recovery happens when it starts again.
   *
   * @param to A time, also in milliseconds, or a bookmark of the platform.
   * @returns The bookmark of the state before the recovery, with which it is undone.
   * @throws {TypeError} Without the option `restoreRecord`.
   * @throws {IncompatibleError} When the platform has no point-in-time recovery. The local one has none.
   * @throws {SealedError} When the object cannot read the account. Nothing was changed.
   * @throws What the platform says of the time or the bookmark. The account goes on and gives up its chains.
   */
  async recoverTo(to: string | number | Date): Promise<string> {
    const { restoreRecord: record } = this.#options;
    if (record === undefined) throw new ArgumentTypeError("recover account: there is no restoreRecord");
    const platform = recoveryOf(this.#ctx);
    const bookmark = typeof to === "string" ? to : await platform.bookmarkOf(to);
    return await this.halt(async (backend) => {
      try {
        await recordRaise(backend, record);
      } finally {
        await backend.close();
      }
      const undo = await platform.restore(bookmark);
      const { clock } = systemHost(this.#options.host);
      const stop = this.scheduler.register(TASK, async () => {
        stop();
        platform.abort("recover account: the object starts again with its recovered state");
      });
      this.scheduler.schedule(TASK, clock.nowMs() + ABORT_DELAY_MS);
      return undo;
    });
  }
}
