/**
 * The protocol version of this release. Raise it once in a release whose wire differs from the previous one,
 * and set `since: PROTOCOL_VERSION` on each new write, read and member. A service speaks its own version and
 * the previous one.
 */
export const PROTOCOL_VERSION = 2;

/** The media type of calls and answers. */
export const CALL_TYPE = "application/vnd.holdfast.call";

/** The first version. */
export const FIRST_VERSION = 1;
