/**
 * The commit protocol: how a backend is used from elsewhere. The HTTP service carries calls and answers
 * (`src/http`), and `adapters/remote` calls.
 *
 * @module
 */
export { answerCall, type CallAnswer, type CallScope } from "./answer_call.ts";
export { contentsOf } from "./frames.ts";
export { decodePlainValue, encodePlainValue } from "./plain_value.ts";
export { PROTOCOL } from "./protocol.ts";
export { CALL_TYPE, PROTOCOL_VERSION } from "./version.ts";
export type { BackendCall, Wire, WireMethod } from "./wire.ts";
export { describeError, errorOf, UNEXPECTED } from "./wire_error.ts";
