import {
  READ_METHODS as ALL_READS,
  type ReadMethod as AnyRead,
  type Argument,
  READS,
} from "../backend/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";

/** A read that can be called from elsewhere and answers once. */
export type ReadMethod = Exclude<AnyRead, "getAllLidMappings"> | "readOwner";

/** Every such read. */
export const READ_METHODS: readonly ReadMethod[] = [
  ...ALL_READS.filter((method): method is Exclude<AnyRead, "getAllLidMappings"> => !READS[method].streams),
  "readOwner",
];

/** Entries of one batched read. */
const MAX_ENTRIES = 100_000;

/**
 * Checks how many arguments a read from elsewhere has, and how long they are. What is in them the backend checks.
 *
 * @throws {TypeError} When they are not what the read takes.
 */
export function requireReadArguments(method: ReadMethod, args: readonly unknown[]): void {
  const rows: readonly Argument[] = method === "readOwner" ? [] : (READS[method].args as readonly Argument[]);
  const isFitting =
    args.length <= rows.length && !args.some((arg) => Array.isArray(arg) && arg.length > MAX_ENTRIES);
  if (!isFitting) throw new ArgumentTypeError(`read: arguments are not those of ${method}`);
}
