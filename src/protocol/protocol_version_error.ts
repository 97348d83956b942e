import { IncompatibleError } from "../errors/mod.ts";

/**
 * A call in a protocol version that is not spoken here. Nothing of it was looked at, and nothing was changed.
 */
export class ProtocolVersionError extends IncompatibleError {}
