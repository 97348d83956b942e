import type { Account } from "../../account/mod.ts";
import { messageLog } from "../../message_log/mod.ts";
import { summarizeError } from "../../write_behind/mod.ts";
import type { Hook } from "./hook.ts";
import type { SocketLike } from "./library.ts";
import { childrenOf, type NodeLike } from "./node.ts";
import { RetryBaseKeys, type RetryManagerLike } from "./retry_base_keys.ts";
import { RetryCounts } from "./retry_counts.ts";

/** The socket option. */
export interface RetryOptions {
  readonly msgRetryCounterCache: RetryCounts;
}

/** The used part of a socket. */
interface RetrySocket extends SocketLike {
  readonly messageRetryManager?: RetryManagerLike | null;
}

/**
 * Remembers how often messages were sent or requested again, and the base keys of sessions that were used.
 *
 * Baileys counts its requests in a manager of each socket and never reads the cache for them. So a message
 * that cannot be decrypted gets its stored count in the manager first. Other messages cost no query.
 */
export async function retries(account: Account): Promise<Hook<RetryOptions>> {
  const baseKeys = new RetryBaseKeys(account);
  const counts = new RetryCounts(account, await messageLog(account), baseKeys.asked);
  /** Message ids by ciphertext: Baileys passes the content of a node to the repository as the same object. */
  const ids = new WeakMap<object, string>();
  let manager: RetryManagerLike | undefined;

  async function restore(ciphertext: Uint8Array): Promise<void> {
    const id = ids.get(ciphertext);
    if (id === undefined || manager === undefined || manager.getRetryCount(id) > 0) return;
    const counting = manager;
    try {
      const count = await counts.greatestOf(id);
      if (counting.getRetryCount(id) > 0) return;
      for (let times = 0; times < count; times += 1) counting.incrementRetryCount(id);
    } catch (error) {
      const { code, message } = summarizeError(error);
      account.host.logger.log("warn", "baileys: a count of retries is not read", { code, error: message });
    }
  }

  return {
    options: { msgRetryCounterCache: counts },
    repository: (inner) => ({
      ...inner,
      ...baseKeys.observed(inner),
      decryptMessage: async (options) => {
        try {
          return await inner.decryptMessage(options);
        } catch (error) {
          await restore(options.ciphertext);
          throw error;
        }
      },
      decryptGroupMessage: async (options) => {
        try {
          return await inner.decryptGroupMessage(options);
        } catch (error) {
          await restore(options.msg);
          throw error;
        }
      },
    }),
    follow: (socket: RetrySocket) => {
      const note = (node: NodeLike): void => {
        const { id } = node.attrs;
        for (const { content } of childrenOf(node, "enc")) {
          if (id !== undefined && content instanceof Uint8Array) ids.set(content, id);
        }
      };
      socket.ws.prependListener("CB:message", note);
      manager = socket.messageRetryManager ?? undefined;
      const unwrap = manager === undefined ? () => {} : baseKeys.wrap(manager);
      return () => {
        socket.ws.off("CB:message", note);
        unwrap();
        manager = undefined;
      };
    },
  };
}
