/**
 * The protocol version that this release speaks. Raise it once per release whose wire differs from the
 * release before, and give every kind of write, read and member that is new in it `since: PROTOCOL_VERSION`.
 * A service speaks its own version and the one before.
 */
export const PROTOCOL_VERSION = 2;

/** The media type of calls and answers. */
export const CALL_TYPE = "application/vnd.holdfast.call";

/** The first version there ever was. */
export const FIRST_VERSION = 1;
