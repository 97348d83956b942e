/**
 * The commit protocol, for the use of a remote backend. The HTTP service (`src/http`) transports calls and
 * answers; `adapters/remote` is the client.
 *
 * @module
 */
export { answerCall, type CallAnswer, type CallScope } from "./answer_call.ts";
export { CallSizeError, MAX_CALL_BYTES } from "./call_limits.ts";
export { CALLER_WIRE, CallerWire } from "./caller_wire.ts";
export { contentsOf, framesOf } from "./frames.ts";
export { decodePlainValue, encodePlainValue } from "./plain_value.ts";
export { PROTOCOL } from "./protocol.ts";
export { CALL_TYPE, PROTOCOL_VERSION } from "./version.ts";
export type { BackendCall, WireMethod, WireReadCall } from "./wire.ts";
export { describeError, errorOf, UNEXPECTED } from "./wire_error.ts";
