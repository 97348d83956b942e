import type { AccountHandle, Admission, Principal } from "../service/mod.ts";

/** The variables that middleware sets for the routes. */
export interface AppVariables {
  /** Identifies the request in the log. The answer carries it. */
  requestId: string;
  /** The caller. Set behind authentication. */
  principal: Principal;
  /** The account of the path. Set behind admission to it, as are its name and its registration time. */
  account: AccountHandle;
  /** Name of that account, decoded from the path. */
  accountName: string;
  /** Clock time in milliseconds at which that account was registered. */
  registeredAtMs: number;
  /** The limits that hold for that account. */
  limits: NonNullable<Admission["limits"]>;
}

/** The environment of the application. It uses no bindings of a host. */
export interface AppEnv {
  /** What `context.get` and `context.set` know, in the form that Hono asks for. */
  Variables: AppVariables;
}
