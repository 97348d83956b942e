import type { Backend } from "../backend/mod.ts";
import { requireFunction, requireObject, SealedError } from "../errors/mod.ts";
import { type RotationStatus, readRotation, rotationStep } from "./rotation_status.ts";

/** Options of `rotateKey`. */
export interface RotateKeyOptions {
  /** Called after each step. */
  readonly onStep?: ((status: RotationStatus) => void) | undefined;
}

/**
 * Seals every value of an open account by the current key of its `sealing`, in small commits, while the
 * account is in use. When it resolves, the former keys are no longer needed for this account.
 *
 * It does nothing where everything is sealed by that key. If it rejects or the process ends, open the account
 * with the same keys and call it again: it goes on with what is left. The first rotation of an account that
 * was not sealed ends, on files, with `VACUUM` and a truncated log, which hold up other writers of the file.
 *
 * @throws {SealedError} When the backend of the account does not seal.
 * @throws {FencedError} When another owner has opened the account.
 * @throws {StoreError} What the backend says.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { rotateKey, sealing } from "@holdfast/store/sealing";
 *
 * const former = crypto.getRandomValues(new Uint8Array(32));
 * const next = crypto.getRandomValues(new Uint8Array(32));
 * const backend = memoryBackend({ sealing: sealing({ keys: { former, next }, current: "next" }) });
 * await using account = await openAccount({ backend });
 * await rotateKey(account);
 * ```
 */
export async function rotateKey(
  account: { readonly store: Pick<Backend, "commit" | "getMessageSegment"> },
  { onStep }: RotateKeyOptions = {},
): Promise<RotationStatus> {
  requireObject("rotate key: account", account);
  const { store } = account;
  requireFunction("rotate key: account.store.commit", store?.commit);
  requireFunction("rotate key: account.store.getMessageSegment", store?.getMessageSegment);
  for (;;) {
    const status = await readRotation(store);
    if (status === undefined) throw new SealedError("rotate key: the backend of the account does not seal");
    if (status.isDone) return status;
    await store.commit(rotationStep());
    onStep?.((await readRotation(store)) ?? status);
  }
}
