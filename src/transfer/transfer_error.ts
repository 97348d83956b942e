import { CorruptError, RefusedError } from "../errors/mod.ts";

/**
 * Why a transfer file was refused.
 *
 * - `foreign`: it is no transfer file.
 * - `torn`: it ends within a chunk.
 * - `short`: it ends behind a whole chunk, before its end.
 * - `order`: chunks are missing, repeated or in another order.
 * - `damaged`: bytes of it were changed.
 * - `trailing`: bytes follow its end.
 * - `malformed`: its content is no account, although nothing was changed.
 */
export type TransferFileFault = "foreign" | "torn" | "short" | "order" | "damaged" | "trailing" | "malformed";

/** A transfer file cannot be used. Nothing of it can be opened as an account. */
export class TransferFileError extends CorruptError {
  /** What is wrong with the file, for programs. */
  readonly fault: TransferFileFault;

  /**
   * Creates the error with code `corrupt`. The message reads `read transfer file: ` and `state`, which must
   * not contain secrets.
   */
  constructor(fault: TransferFileFault, state: string, options?: ErrorOptions) {
    super(`read transfer file: ${state}`, options);
    this.fault = fault;
  }
}

/** A sealed transfer file needs a passphrase, or another one. */
export class PassphraseError extends RefusedError {}
