import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Source } from "./api/source.ts";
import { AccountPage } from "./pages/account.tsx";
import { Accounts } from "./pages/accounts.tsx";
import { Help } from "./pages/help.tsx";
import { Opening, SignIn } from "./pages/sign_in.tsx";
import { Tokens } from "./pages/tokens.tsx";
import { VerifyPage } from "./pages/verify.tsx";
import { Mark, Sign } from "./parts/icons.tsx";
import { LiveSwitch } from "./parts/live_switch.tsx";
import { FailurePanel, Placeholder } from "./parts/panel.tsx";
import type { AccountList } from "./state/account_list.ts";
import { announcement, notice } from "./state/announcer.ts";
import { shownLive } from "./state/live.ts";
import { type Route, route } from "./state/route.ts";
import { session, signInAgain, signOut } from "./state/session.ts";

/** The whole console. */
export function App(): JSX.Element {
  const state = session.value;
  useEffect(() => {
    if (state.phase !== "open") document.title = "Holdfast";
  }, [state.phase]);
  return (
    <>
      {state.phase === "signedOut" && <SignIn failure={state.failure} />}
      {state.phase === "opening" && <Opening />}
      {state.phase === "unreachable" && (
        <main class="sign-in" tabIndex={-1}>
          <div class="sign-in-card">
            <p class="sign-in-mark">
              <Mark />
              Holdfast
            </p>
            <FailurePanel
              isPage
              failure={state.failure}
              title={
                state.failure.kind === "offline"
                  ? "No connection to the service"
                  : "The service cannot answer"
              }
              onRetry={signInAgain}
            />
            <button type="button" class="button" onClick={() => signOut()}>
              Sign out
            </button>
          </div>
        </main>
      )}
      {state.phase === "open" && <Console source={state.source} accounts={state.accounts} />}
      <div class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

interface ConsoleProps {
  readonly source: Source;
  readonly accounts: AccountList;
}

function Console({ source, accounts }: ConsoleProps): JSX.Element {
  const place = route.value;
  const main = useRef<HTMLElement>(null);
  const key = "account" in place ? `${place.page} ${place.account}` : place.page;
  const first = useRef(true);
  useLayoutEffect(() => {
    // The first page is where the browser has put the focus.
    if (first.current) first.current = false;
    else {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [key]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        To the content
      </button>
      <Head source={source} place={place} />
      <main ref={main} id="main" tabIndex={-1}>
        <NoticeBar />
        <Page key={key} source={source} accounts={accounts} place={place} />
      </main>
      <footer class="foot">
        <a href="#/help">Help and keys</a>
        {source.info.version !== "" && <span>Holdfast {source.info.version}</span>}
        {source.info.schemaVersion !== undefined && <span>Schema {source.info.schemaVersion}</span>}
      </footer>
    </>
  );
}

function Page({ source, accounts, place }: ConsoleProps & { readonly place: Route }): JSX.Element {
  switch (place.page) {
    case "accounts":
      return <Accounts source={source} list={accounts} address={place.query} />;
    case "account":
      return <AccountPage source={source} name={place.account} />;
    case "verify":
      return <VerifyPage source={source} name={place.account} />;
    case "tokens":
      if (source.info.kind === "service") return <Tokens source={source} />;
      return (
        <Placeholder isPage title="There are no tokens here">
          <p>A service has tokens. What is shown here is read directly from its database.</p>
        </Placeholder>
      );
    case "help":
      return <Help />;
    case "missing":
      return (
        <Placeholder isPage title="There is no such page">
          <p>
            <a href="#/accounts">Go to the accounts</a>
          </p>
        </Placeholder>
      );
  }
}

function Head({ source, place }: Pick<ConsoleProps, "source"> & { readonly place: Route }): JSX.Element {
  const { info } = source;
  const isOfAccounts = place.page === "accounts" || place.page === "account" || place.page === "verify";
  const live = shownLive.value;
  return (
    <header class="head">
      <a class="brand" href="#/accounts">
        <Mark />
        <span>Holdfast</span>
      </a>
      <span class="shown" title={info.shown}>
        {info.shown}
      </span>
      {info.readOnly && <span class="read-only">Read-only</span>}
      <nav class="tabs" aria-label="Console">
        <a href="#/accounts" aria-current={isOfAccounts ? "page" : undefined}>
          Accounts
        </a>
        {info.kind === "service" && (
          <a href="#/tokens" aria-current={place.page === "tokens" ? "page" : undefined}>
            Tokens
          </a>
        )}
      </nav>
      <div class="head-end">
        {live !== undefined && <LiveSwitch live={live} />}
        <button type="button" class="button is-plain" onClick={() => signOut()}>
          Sign out
        </button>
      </div>
    </header>
  );
}

/** The outcome of the last action, until it is dismissed. */
function NoticeBar(): JSX.Element {
  const shown = notice.value;
  return (
    <div role="status">
      {shown !== undefined && (
        <div class={`banner is-${shown.tone}`}>
          <Sign name={shown.tone === "done" ? "done" : "warning"} />
          <p>{shown.text}</p>
          <button
            type="button"
            class="button is-plain is-square"
            onClick={() => {
              notice.value = undefined;
            }}
          >
            <Sign name="close" />
            <span class="unseen">Dismiss</span>
          </button>
        </div>
      )}
    </div>
  );
}
