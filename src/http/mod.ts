/**
 * The HTTP application of the service: routes to accounts and tokens, and problems.
 * `createApp` creates it over an `AccountService`, and any host with `fetch` semantics serves it.
 *
 * @module
 */

export { accountOfSegment } from "./account_segment.ts";
export { readLimits } from "./admin_routes.ts";
export { bearerOf } from "./admission.ts";
export { bodyOf } from "./answer_body.ts";
export type { AppLimits } from "./app_context.ts";
export type { AppEnv, AppVariables } from "./app_env.ts";
export type {
  AccountCreated,
  AccountList,
  AppType,
  AuditList,
  Health,
  ServiceIndex,
  TokenIssued,
  TokenList,
  TokenRequest,
  TokenSummary,
} from "./app_schema.ts";
export { audited } from "./audited.ts";
export { type AppOptions, createApp } from "./create_app.ts";
export type { METHOD_OF } from "./method_of.ts";
export {
  errorOfProblem,
  faultOf,
  type Problem,
  type ProblemCode,
  problemOf,
  problemResponse,
  STATUS_OF,
} from "./problem.ts";
export { readJson } from "./read_body.ts";
export { RequestError, type RequestErrorCode } from "./request_error.ts";
