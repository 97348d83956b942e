import { type Backend, requirePlain } from "../../../backend/mod.ts";
import type { KeyOptions } from "./target.ts";

/**
 * A backend whose values can be read. Closes it otherwise.
 *
 * @throws {SealedError} When the account is sealed and there are no keys.
 */
export async function readable(backend: Backend, { sealing }: KeyOptions): Promise<Backend> {
  if (sealing !== undefined) return backend;
  try {
    await requirePlain(backend);
    return backend;
  } catch (error) {
    await backend.close();
    throw error;
  }
}
