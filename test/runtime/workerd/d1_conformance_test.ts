import { env } from "cloudflare:workers";
import { test } from "vitest";
import { sentCases } from "../../kit/connected_cases.ts";
import { d1Target } from "../../kit/d1.ts";
import { registerTargets } from "../../kit/register.ts";
import { dose } from "../../support/dose.ts";

registerTargets([d1Target(env.DB)], test, { cases: dose({ short: sentCases, long: undefined }) });
