import type { AccountHandle, AccountState, Principal } from "../service/mod.ts";

/** What middleware hands to the routes behind it. */
export interface AppVariables {
  /** Finds the request in the log; the answer carries it. */
  requestId: string;
  /** Behind authentication. */
  principal: Principal;
  /** The account of the path, behind admission to it. */
  account: AccountHandle;
  accountName: string;
  registeredAtMs: number;
  accountState: AccountState;
}

/** The environment of the application. Bindings of a host are its composition root's business. */
export interface AppEnv {
  Variables: AppVariables;
}
