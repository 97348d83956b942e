/**
 * The commit protocol: how a backend is used from elsewhere. A call is one encoded plain value, and so is its answer; the
 * HTTP service carries them (`src/http`), and `adapters/remote` speaks them.
 *
 * @module
 */
export { answerCall, type CallAnswer, type CallScope } from "./answer_call.ts";
export { type BackendCall, decodeCall, encodeCommit, encodeQuestion, encodeRead } from "./backend_call.ts";
export { contentsOf } from "./frames.ts";

export { READ_METHODS, type ReadMethod } from "./read_arguments.ts";
export { describeError, errorOf, UNEXPECTED, type WireError } from "./wire_error.ts";
