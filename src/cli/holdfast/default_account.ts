/**
 * The default name of an account. A database is opened by it, too, when no account is asked for: opening
 * registers none.
 */
export const DEFAULT_ACCOUNT = "default";
