import { requireList, requireObject } from "../errors/mod.ts";
import { type Clock, nowSeconds, systemClock } from "../ports/mod.ts";
import { copyValue } from "../rules/mod.ts";
import type {
  Backend,
  BackendCore,
  BackendReads,
  Capabilities,
  CommitOptions,
  Committer,
  OwnerState,
  ReadMethod,
} from "./backend.ts";
import { callRead, ForwardingReads, READ } from "./forwarding_reads.ts";
import { READS } from "./reads.ts";
import { type Setter, type Setters, writeOf } from "./setter.ts";
import { transformingCore } from "./transforming_core.ts";
import { requireGuard } from "./validate_guard.ts";
import { validateArguments, validatedAnswer } from "./validate_read.ts";
import { validateWrites } from "./validate_write.ts";
import type { ValueTransform } from "./value_transform.ts";
import type { Write } from "./write.ts";
import { SETTERS } from "./writes.ts";

/** Options of `withCommitter`. */
export interface WithCommitterOptions {
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
}

/** Options of `createBackend`. */
export interface CreateBackendOptions extends WithCommitterOptions {
  /** Changes stored values on their way to the core and back. Defaults to no change. */
  readonly values?: ValueTransform | undefined;
}

/**
 * Makes a complete backend of a core: reads and one `commit`.
 *
 * Checks arguments, writes and the lengths of read values in front of the core. Every setter is a commit of
 * one write. Closing the result closes the core.
 *
 * @example
 * ```ts
 * import { type Backend, type BackendCore, createBackend } from "@holdfast/store/backend";
 *
 * function publish(core: BackendCore): Backend {
 *   return createBackend(core);
 * }
 * ```
 */
export function createBackend(core: BackendCore, options: CreateBackendOptions = {}): Backend {
  requireObject("options", options);
  const { values } = options;
  return createPlainBackend(values === undefined ? core : transformingCore(core, values), options);
}

/** As `createBackend`, for hosts that bundle no transform: stored values are as the core has them. */
export function createPlainBackend(
  core: BackendCore,
  { clock = systemClock }: WithCommitterOptions,
): Backend {
  return withSetters({
    clock,
    committer: core,
    read: (method, args) =>
      READS[method].streams ? callRead(core, method, args) : checkedRead(core, method, args),
  });
}

/**
 * Combines the reads of a backend with another committer. A queue, fault injection, a journal or metrics wrap
 * a backend in this way. Writes are checked here and passed on as `checked`, so a backend below does not
 * check them again. Reads check their own arguments.
 *
 * Closing the result closes the committer, which decides whether to close the backend.
 */
export function withCommitter(
  reads: BackendReads,
  committer: Committer,
  options: WithCommitterOptions = {},
): Backend {
  const { clock = systemClock } = options;
  return withSetters({
    clock,
    committer,
    read: (method, args) => callRead(reads, method, args),
  });
}

async function checkedRead(
  core: BackendCore,
  method: ReadMethod,
  args: readonly unknown[],
): Promise<unknown> {
  validateArguments(method, args);
  const answer = await callRead(core, method, args);
  const { absent } = READS[method];
  if (answer === undefined && absent !== undefined) return absent();
  return await validatedAnswer(method, answer);
}

interface BackendParts {
  readonly committer: Committer;
  readonly clock: Clock;
  readonly read: (method: ReadMethod, args: readonly unknown[]) => unknown;
}

/** This is not a cast to `Backend`: a method without a row or an implementation below does not compile. */
function withSetters(parts: BackendParts): Backend {
  return new CheckedBackend(parts) as CheckedBackend & Pick<Setters, keyof typeof SETTERS>;
}

class CheckedBackend extends ForwardingReads implements Committer {
  readonly #parts: BackendParts;

  static {
    for (const [name, setter] of Object.entries<Setter>(SETTERS)) {
      const methods = {
        [name](this: CheckedBackend, ...args: unknown[]): Promise<unknown> {
          return this.#set(setter, args);
        },
      };
      Object.defineProperty(CheckedBackend.prototype, name, {
        value: methods[name],
        writable: true,
        configurable: true,
      });
    }
  }

  constructor(parts: BackendParts) {
    super();
    this.#parts = parts;
  }

  get capabilities(): Capabilities {
    return this.#parts.committer.capabilities;
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    const { committer } = this.#parts;
    if (options?.checked !== true) {
      validateWrites(writes, committer.capabilities);
      if (options?.guard !== undefined) requireGuard(options.guard);
    }
    return await committer.commit(writes, { ...options, checked: true });
  }

  readOwner(): Promise<OwnerState | undefined> {
    return this.#parts.committer.readOwner();
  }

  close(): Promise<void> {
    return this.#parts.committer.close();
  }

  async storePreKeys(
    keys: readonly { readonly id: number; readonly record: Uint8Array }[],
    uploaded: boolean,
  ): Promise<void> {
    requireList("keys", keys);
    await this.commit(
      copyValue(keys).map(
        (key): Write => ({ kind: "preKey.put", id: key?.id, record: key?.record, uploaded }),
      ),
    );
  }

  async takeSentMessage(chat: string, id: string): Promise<Uint8Array | undefined> {
    const payload = await this.getSentMessage(chat, id);
    if (payload === undefined) return undefined;
    // Of concurrent callers, the one whose delete changes the row gets the message.
    const [rows] = await this.commit([{ kind: "sentMessage.delete", chat, id }]);
    return rows === 0 ? undefined : payload;
  }

  override [READ](method: ReadMethod, args: readonly unknown[]): unknown {
    return this.#parts.read(method, args);
  }

  async #set(setter: Setter, args: readonly unknown[]): Promise<unknown> {
    // The caller owns its bytes again at once, before the core has taken them.
    const write = copyValue(writeOf(setter, args, nowSeconds(this.#parts.clock)));
    const [rows] = await this.commit([write]);
    return setter.counts ? (rows ?? 0) : undefined;
  }
}
