import { auditCases } from "./audit_cases.ts";
import { authCases } from "./auth_cases.ts";
import { fuzzCases } from "./fuzz_cases.ts";
import type { ServiceCase } from "./harness.ts";
import { isolationCases } from "./isolation_cases.ts";
import { jsonFuzzCases } from "./json_fuzz_cases.ts";
import { lifecycleCases } from "./lifecycle_cases.ts";
import { limitCases } from "./limit_cases.ts";
import { pageCases } from "./page_cases.ts";
import { routeCases } from "./route_cases.ts";

/** Every case, for every service. */
export const SERVICE_CASES: readonly ServiceCase[] = [
  ...routeCases,
  ...pageCases,
  ...lifecycleCases,
  ...authCases,
  ...auditCases,
  ...isolationCases,
  ...limitCases,
  ...fuzzCases,
  ...jsonFuzzCases,
];
