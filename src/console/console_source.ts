import type {
  AccountDetail,
  AccountPage,
  ActionAnswer,
  ActionName,
  ActionRequest,
  ConsoleInfo,
  VerifyEvents,
} from "./model.ts";

/** A page of accounts that is asked for. */
export interface AccountsQuery {
  /** The last name of the page before. */
  readonly after: string | undefined;
  /** 1 … 1,000. */
  readonly limit: number;
}

/** Takes the events of a check. It throws when no one reads them any more. */
export interface VerifyListener {
  progress(event: VerifyEvents["progress"]): void;
  /** Resolves when its reader has room for the next one. */
  finding(event: VerifyEvents["finding"]): Promise<void>;
}

/** An action on an account that a person asked for. */
export interface AskedAction extends ActionRequest {
  readonly account: string;
  readonly action: ActionName;
  /** The id of the token by which it was asked. */
  readonly by: string;
}

/** Where the console's answers come from: a service in this process, or a database that is looked at. */
export interface ConsoleSource {
  info(): Promise<Omit<ConsoleInfo, "version" | "nowMs">>;
  accounts(query: AccountsQuery): Promise<AccountPage>;
  /** @throws {ServiceError} `not-found`, when there is no such account. */
  account(name: string): Promise<AccountDetail>;
  /** Checks every row of an account. @returns The last event. */
  verify(name: string, listener: VerifyListener): Promise<VerifyEvents["done"]>;
  /** Carries an action out. `undefined` where the console only looks. */
  readonly act?: ((asked: AskedAction) => Promise<ActionAnswer>) | undefined;
}
