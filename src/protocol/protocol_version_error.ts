import { IncompatibleError } from "../errors/mod.ts";

/** A call in an unsupported protocol version. The call was not decoded, and nothing was changed. */
export class ProtocolVersionError extends IncompatibleError {}
