import { builtinModule } from "../../ports/mod.ts";

/** The used part of Node's `AsyncLocalStorage`. */
interface AsyncStorage {
  run<R>(store: Frame, work: () => R): R;
  getStore(): Frame | undefined;
}

/** The used part of `node:async_hooks`. */
interface AsyncHooks {
  readonly AsyncLocalStorage: new () => AsyncStorage;
}

/** The value of one context, and the frame in which it was set. */
interface Frame {
  readonly context: AsyncContext<unknown>;
  readonly value: unknown;
  readonly outer: Frame | undefined;
}

/**
 * A value for a piece of work, and for everything that it awaits.
 *
 * All contexts share one storage of the host. On Node 20 and 22 each storage that was ever used makes each
 * `await` of the process slower, for good: a hundred of them make it 150 times as slow and more.
 */
export class AsyncContext<T> {
  readonly #storage: AsyncStorage = sharedStorage();

  /** Runs `work`; `current` is `value` in it, and in everything that it awaits. */
  run<R>(value: T, work: () => R): R {
    return this.#storage.run({ context: this, value, outer: this.#storage.getStore() }, work);
  }

  /** The value of the innermost `run` of this context around the running code. */
  get current(): T | undefined {
    let frame = this.#storage.getStore();
    while (frame !== undefined && frame.context !== this) frame = frame.outer;
    return frame?.value as T | undefined;
  }
}

/** The storage, once there is one. */
const SHARED: { storage?: AsyncStorage } = {};

/**
 * Baileys itself imports the same class, so every host that can run it has one.
 *
 * @throws {TypeError} When the host has none.
 */
function sharedStorage(): AsyncStorage {
  if (SHARED.storage !== undefined) return SHARED.storage;
  const hooks = builtinModule<AsyncHooks>("node:async_hooks");
  if (hooks === undefined) throw new TypeError("use Holdfast: the runtime has no node:async_hooks");
  SHARED.storage = new hooks.AsyncLocalStorage();
  return SHARED.storage;
}
