/**
 * An argument that is not of the kind it must be. It is thrown by what checks values of callers, so that a
 * service can tell their mistakes from its own: a `TypeError` that the language throws is no caller's fault.
 * Its name is `TypeError` as well.
 */
export class ArgumentTypeError extends TypeError {}

/** An argument that is out of its range: as `ArgumentTypeError`. */
export class ArgumentRangeError extends RangeError {}
