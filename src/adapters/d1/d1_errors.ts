import { AmbiguousError, BackendError, BusyError, StoreError } from "../../errors/mod.ts";
import { mapObjectError } from "../durable_object/mod.ts";

/** The engine's code in a message of the platform. Without one, the database itself has not answered. */
const CODE = /\bSQLITE_[A-Z_]+/;

/** The database has refused the request before it ran it (developers.cloudflare.com/d1, "Debug D1"). */
const OVERLOADED = /\boverloaded\b|too many requests queued|requests queued for too long/i;

/** Refused before anything was sent, or by the limits of the account. */
const NOT_APPLIED = /\bD1_TYPE_ERROR\b|exceeded (?:maximum DB size|.*\bstorage limit)/i;

/**
 * Maps an error of the binding to an error of the store, with its cause. SQLite's messages name tables and
 * columns, never values. A commit that failed otherwise than by an error of SQLite is ambiguous: connections
 * are lost, and databases reset, after a batch was applied, too.
 */
export function mapD1Error(thrown: unknown, action: "read" | "commit"): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const message = thrown instanceof Error ? thrown.message : "";
  const options = { cause: thrown };
  if (CODE.test(message)) return mapObjectError(thrown, action);
  if (OVERLOADED.test(message)) return new BusyError(`${action}: the database is overloaded`, options);
  if (action === "read" || NOT_APPLIED.test(message))
    return new BackendError(`${action}: failed (the platform)`, options);
  return new AmbiguousError("commit: the answer was lost", options);
}
