import { requireFunction } from "../../errors/mod.ts";
import type { Logger } from "../../ports/mod.ts";
import { logError } from "../../write_behind/mod.ts";

/**
 * What can end the work of an account's sockets.
 *
 * - `loggedOut`: WhatsApp has unlinked this device, or the socket's own `logout` has. Its socket has ended,
 *   and another one would be refused. The state is kept: delete it with `account.erase()`, or keep it.
 * - `fenced`: another process has opened the account. The socket was ended, and this process saves nothing
 *   any more.
 */
export type HoldfastEvent = "loggedOut" | "fenced";

/** Called once for an event. An error of it is logged and ignored. */
export type HoldfastListener = () => void | Promise<void>;

/** The listeners of one account's events. */
export class HoldfastEvents {
  readonly #logger: Logger;
  readonly #listeners: Readonly<Record<HoldfastEvent, Set<HoldfastListener>>> = {
    loggedOut: new Set(),
    fenced: new Set(),
  };

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Adds a listener and returns a function that removes it. */
  on(event: HoldfastEvent, listener: HoldfastListener): () => void {
    requireFunction("listen: listener", listener);
    if (!Object.hasOwn(this.#listeners, event)) throw new TypeError("listen: unknown event");
    const listeners = this.#listeners[event];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Calls the listeners of an event. Never throws, and leaves no rejected promise. */
  emit(event: HoldfastEvent): void {
    for (const listener of [...this.#listeners[event]]) void this.#call(event, listener);
  }

  async #call(event: HoldfastEvent, listener: HoldfastListener): Promise<void> {
    try {
      await listener();
    } catch (error) {
      logError(this.#logger, "baileys: a listener failed", error, { event });
    }
  }
}
