/** A service under test, and cases as data that every service must pass. Independent of the test runner. */

/** Capabilities of some services beside requests. */
export type ServiceRequirement = "logs" | "registryContents";

/**
 * A running service, reached only by requests. Cases create their own accounts, so that many can share one
 * service.
 */
export interface TestedService {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** The host's own admin token. */
  readonly adminToken: string;
  /** Maximum bytes of a call of the commit protocol. */
  readonly callBytes: number;
  /** Seed of random values. Failures print it. */
  readonly seed: number;
  send(request: Request): Promise<Response>;
  /**
   * Whether the host closes the connection without reading more of a request that was refused early. A client
   * that is still sending may then never get the answer.
   */
  readonly closesAtOnce?: boolean | undefined;
  /** The whole log as one text. */
  logs?(): string;
  /** Every value of the registry's tables as one text, with bytes both in hexadecimal and in base64. */
  registryContents?(): Promise<string>;
}

/** A rule that every service must keep. */
export interface ServiceCase {
  readonly name: string;
  readonly requires?: readonly ServiceRequirement[];
  run(service: TestedService): Promise<void>;
}

/** Hands one test to a test runner. */
export type RegisterCase = (name: string, run: () => Promise<void>) => void;

/** A way to run services for cases. */
export interface ServiceTarget {
  readonly name: string;
  readonly provides: readonly ServiceRequirement[];
  /** Runs a case on a new or a shared service. */
  use(run: (service: TestedService) => Promise<void>): Promise<void>;
}

/** Registers the cases that a target can run, and returns the names of the others. */
export function registerServiceCases(
  target: ServiceTarget,
  cases: readonly ServiceCase[],
  register: RegisterCase,
): string[] {
  const left: string[] = [];
  for (const { name, requires = [], run } of cases) {
    if (requires.every((requirement) => target.provides.includes(requirement))) {
      register(`${target.name}: ${name}`, () => target.use(run));
    } else left.push(name);
  }
  if (left.length === cases.length) throw new RangeError(`${target.name}: no case can run`);
  return left;
}
