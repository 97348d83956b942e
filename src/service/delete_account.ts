import type { AccountService } from "./account_handle.ts";

/** A registered account. */
export interface RegistrationKey {
  readonly name: string;
  /** Clock time in milliseconds. */
  readonly registeredAtMs: number;
}

/**
 * Deletes an account: revokes its tokens, deletes its state, and removes its name from the registry, in this
 * order. Does nothing if the name belongs to a later registration.
 *
 * @throws {StoreError | ServiceError} When its state cannot be deleted. The account stays marked as being
 *   deleted, so that the rest of its state is not used. Deleting it again continues.
 */
export async function deleteAccount(
  service: AccountService,
  { name, registeredAtMs }: RegistrationKey,
): Promise<void> {
  const { registry } = service;
  if (!(await registry.beginDelete(name, registeredAtMs))) return;
  await service.account(name, registeredAtMs).deleteAccount();
  await registry.endDelete(name, registeredAtMs);
}
