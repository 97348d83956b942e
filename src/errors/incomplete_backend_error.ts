/** Maximum number of missing members in a message. */
const MAX_LISTED = 8;

/**
 * The object passed as a backend lacks stores or methods. It is a mistake of the caller, so it extends
 * `TypeError`.
 */
export class IncompleteBackendError extends TypeError {
  /** The missing stores and methods, such as `protocol` or `signal.putSession`. */
  readonly missing: readonly string[];

  /** Creates the error. The message lists the first of `missing` behind `action`. */
  constructor(action: string, missing: readonly string[]) {
    const listed = missing.slice(0, MAX_LISTED).join(", ");
    const rest = missing.length > MAX_LISTED ? ` and ${missing.length - MAX_LISTED} more` : "";
    super(`${action}: the backend lacks ${listed}${rest}`);
    this.name = "IncompleteBackendError";
    this.missing = missing;
  }
}
