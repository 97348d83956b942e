/**
 * The HTTP service: accounts, their devices and numbers, and the commit protocol that lets a client anywhere keep its state here.
 * `createApp` makes it; a host serves it and says where accounts are.
 *
 * @module
 */

export { bodyOf } from "./answer_body.ts";
export type { AppLimits } from "./app_context.ts";
export type { AppEnv, AppVariables } from "./app_env.ts";
export type {
  AccountCreated,
  AccountList,
  AppSchema,
  AppType,
  CommandRequest,
  Health,
  PageQuery,
  TokenIssued,
  TokenList,
  TokenRequest,
  TokenSummary,
} from "./app_schema.ts";
export { type AppOptions, createApp } from "./create_app.ts";

export { faultOf, type Problem, problemOf, problemResponse, requestErrorOf } from "./problem.ts";
