/**
 * An argument of a wrong type. Only argument checks throw it, so that a service can tell a caller's mistake
 * from its own bug, which throws a plain `TypeError`. Its `name` is `TypeError` as well.
 */
export class ArgumentTypeError extends TypeError {}

/** An argument out of its range. See `ArgumentTypeError`. */
export class ArgumentRangeError extends RangeError {}
