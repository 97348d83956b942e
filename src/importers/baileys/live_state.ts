import type { BaileysState } from "./state_entry.ts";
import { KEY_TYPES } from "./state_key.ts";

/** An auth state of Baileys whose keys can be listed: `state.keys.list` of its releases from 7.1 on. */
export interface ListableAuthState {
  /** The credentials, as `initAuthCreds` shapes them. */
  readonly creds: object;
  /** The key store. `list` yields every value of a type with its id. */
  readonly keys: { list(type: string): AsyncIterable<readonly [id: string, value: unknown]> };
}

/** An auth state of Baileys itself, through its `list`. No socket may use it. */
export function liveState({ creds, keys }: ListableAuthState): BaileysState {
  return {
    source: "Baileys auth state",
    unit: "key",
    async *entries() {
      yield { name: "creds", key: { kind: "creds" }, read: async () => ({ value: creds, isCopy: false }) };
      for (const type of KEY_TYPES) {
        for await (const [id, value] of keys.list(type)) {
          yield {
            name: `${type}-${id}`,
            key: { kind: "key", type, id },
            read: async () => ({ value, isCopy: false }),
          };
        }
      }
    },
  };
}
