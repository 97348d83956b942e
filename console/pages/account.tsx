import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ActionName } from "../../src/console/model.ts";
import type { Detail, Source } from "../api/source.ts";
import { HealthBadge } from "../parts/health_badge.tsx";
import { Sign } from "../parts/icons.tsx";
import { LiveBanner } from "../parts/live_switch.tsx";
import { FailurePanel, Loading, Placeholder } from "../parts/panel.tsx";
import { AccountView } from "../state/account_view.ts";
import { outageOf, shownLive } from "../state/live.ts";
import { go, hrefOf } from "../state/route.ts";
import { ACTION_WORDS } from "../words/actions.ts";
import { HEALTH_WORDS } from "../words/health.ts";
import { History } from "./account_history.tsx";
import { AccountLimits } from "./account_limits.tsx";
import { Backups, Quarantine, Retired, Tables } from "./account_rows.tsx";
import { Alarms, Caches, Identity, Ownership, Unsaved } from "./account_state.tsx";
import { ActionDialog, type Intent } from "./action_dialog.tsx";

interface AccountProps {
  readonly source: Source;
  readonly name: string;
}

/** Everything that is known of one account. */
export function AccountPage({ source, name }: AccountProps): JSX.Element {
  const view = useMemo(() => new AccountView(source, name), [source, name]);
  const [intent, setIntent] = useState<Intent | undefined>();
  useEffect(() => {
    document.title = `${name} · Holdfast`;
    shownLive.value = view.live;
    view.live.start();
    return () => {
      view.close();
      if (shownLive.peek() === view.live) shownLive.value = undefined;
    };
  }, [view, name]);
  const detail = view.detail.value;
  const isAbsent = view.isAbsent.value;
  const offered = (action: ActionName): boolean => source.info.actions.includes(action);
  const onDone = (action: ActionName): void => {
    if (action === "erase" || action === "retire") go("#/accounts");
    else view.readSoon(0);
  };
  return (
    <>
      <p class="way-back">
        <a href="#/accounts">
          <Sign name="back" />
          All accounts
        </a>
      </p>
      {isAbsent ? (
        <Placeholder isPage title="There is no account of this name">
          <p>
            <code>{name}</code> was erased or retired, or it was never registered.
          </p>
        </Placeholder>
      ) : detail === undefined ? (
        <Waiting view={view} />
      ) : (
        <>
          <LiveBanner live={view.live} asOfMs={view.asOfMs.value} />
          <AccountHead source={source} detail={detail} onIntent={setIntent} />
          {detail.quarantine.length > 0 && <Quarantine detail={detail} />}
          <div class="panels">
            <Ownership detail={detail} />
            <Unsaved detail={detail} />
            <Identity detail={detail} />
          </div>
          <div class="panels">
            <History detail={detail} canHaveTimeline={!source.asksOneByOne} />
          </div>
          <div class="panels is-pairs">
            <div class="stack">
              <AccountLimits detail={detail} />
              <Tables detail={detail} />
              <Alarms detail={detail} />
              {detail.quarantine.length === 0 && <Quarantine detail={detail} />}
            </div>
            <div class="stack">
              <Caches detail={detail} />
              <Backups detail={detail} onIntent={offered("restore") ? setIntent : undefined} />
              <Retired detail={detail} onIntent={offered("undo") ? setIntent : undefined} />
            </div>
          </div>
        </>
      )}
      {intent !== undefined && (
        <ActionDialog
          source={source}
          account={name}
          intent={intent}
          onClose={() => setIntent(undefined)}
          onDone={onDone}
        />
      )}
    </>
  );
}

function Waiting({ view }: { readonly view: AccountView }): JSX.Element {
  const failure = outageOf(view.live.state.value);
  if (failure === undefined) return <Loading text="Reading the account" lines={9} />;
  return (
    <FailurePanel
      isPage
      failure={failure}
      title={failure.kind === "offline" ? "No connection to the service" : "The account cannot be read"}
      onRetry={() => view.live.retryNow()}
    />
  );
}

/** Actions of the account itself. Those of a backup or a retired account stand beside it. */
const HEAD_ACTIONS: readonly ActionName[] = ["flush", "backup", "takeOver", "retire", "limit", "erase"];

/** Whether an action can have an effect in this state. */
function fits(action: ActionName, { owner, health, open }: Detail): boolean {
  if (action === "flush") return open !== undefined;
  if (action === "takeOver") return health !== "deleting" && health !== "held" && owner?.place !== "here";
  if (action === "limit") return health !== "deleting";
  if (action === "backup" || action === "retire") return health !== "deleting" && health !== "unused";
  return true;
}

interface HeadProps {
  readonly source: Source;
  readonly detail: Detail;
  readonly onIntent: (intent: Intent) => void;
}

function AccountHead({ source, detail, onIntent }: HeadProps): JSX.Element {
  const { name, health, reason, phone } = detail;
  const { urgency, means, advice } = HEALTH_WORDS[health];
  const actions = HEAD_ACTIONS.filter(
    (action) => source.info.actions.includes(action) && fits(action, detail),
  );
  return (
    <header class={`account-head is-${urgency}`}>
      <div class="account-title">
        <h1>{name}</h1>
        <HealthBadge health={health} />
        {phone !== undefined && <span class="account-phone">{phone}</span>}
      </div>
      <p class="account-why">
        {reason ?? means}
        {advice !== undefined && <span class="account-advice"> {advice}</span>}
      </p>
      <div class="account-actions">
        {source.canVerify && (
          <a class="button" href={hrefOf(name, "verify")}>
            Verify
          </a>
        )}
        {actions.map((action) => (
          <button
            key={action}
            type="button"
            class={action === "erase" ? "button is-danger-quiet" : "button"}
            onClick={() => onIntent({ action, limits: detail.limits })}
          >
            {ACTION_WORDS[action].label}
          </button>
        ))}
        {source.info.readOnly && <span class="note">Read-only: nothing can be changed here.</span>}
      </div>
    </header>
  );
}
