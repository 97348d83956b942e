import { StoreError } from "../errors/mod.ts";

/**
 * The counter of a put record went back on its sending chain, so that sending would use a message key twice.
 * The cache is unchanged. The caller changed an old copy: load and change records under the address's lock.
 */
export class RewindError extends StoreError {
  /** Creates the error with code `refused`. `message` reads `action: state` and must not contain secrets. */
  constructor(message: string, options?: ErrorOptions) {
    super("refused", message, options);
  }
}
