import { StoreError } from "../errors/mod.ts";

/**
 * A record was put whose counter went back on the chain that it sends on: sending with it would use a message
 * key twice. What was in the cache is still there. Whoever made the record began with an old copy: load and
 * change under the address's lock.
 */
export class RewindError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super("refused", message, options);
  }
}
