import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/controls.css";
import "./styles/accounts.css";
import "./styles/account.css";
import "./styles/narrow.css";

import { render } from "preact";
import { App } from "./app.tsx";
import { startClock } from "./state/clock.ts";
import { followKeys } from "./state/keys.ts";
import { followAddress, parseRoute, route } from "./state/route.ts";
import { beginSession } from "./state/session.ts";

beginSession();
route.value = parseRoute(location.hash);
followAddress();
followKeys();
startClock();
const root = document.querySelector("#console");
if (root !== null) render(<App />, root);
