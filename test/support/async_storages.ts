/**
 * Ends what Baileys leaves behind in a process: each of its sockets has an `AsyncLocalStorage`, and on Node
 * 20 and 22 each of them that was ever used makes each `await` of the process slower, for good.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** What has followed the storages of this process. */
export interface UsedStorages extends Disposable {
  /** Disables every storage that was used since the last call. One that is used again works again. */
  end(): void;
}

/** Follows which storages are used, until it is disposed, which disables them as well. */
export function followAsyncStorages(): UsedStorages {
  const { run } = AsyncLocalStorage.prototype;
  const used = new Set<AsyncLocalStorage<unknown>>();
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of the original.
  AsyncLocalStorage.prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: any): any {
    used.add(this);
    return Reflect.apply(run, this, args);
  };
  const end = (): void => {
    for (const storage of used) storage.disable();
    used.clear();
  };
  return {
    end,
    [Symbol.dispose]: () => {
      AsyncLocalStorage.prototype.run = run;
      end();
    },
  };
}
