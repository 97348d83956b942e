/** A service under test, and cases that any of them must pass, as data: no test runner is known here. */

/** What some services can be asked for beside requests. */
export type ServiceRequirement = "logs" | "registryContents";

/**
 * A running service, reached by requests alone. Cases make accounts of their own, so that many may share one.
 */
export interface TestedService {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** The host's own admin token. */
  readonly adminToken: string;
  /** Most bytes of a call of the commit protocol. */
  readonly callBytes: number;
  /** Seed of what is drawn; a failure names it. */
  readonly seed: number;
  send(request: Request): Promise<Response>;
  /** Everything that was logged, as one text. */
  logs?(): string;
  /**
   * Every value of the registry's tables, as one text: texts as they are, bytes in hexadecimal digits and in
   * base64.
   */
  registryContents?(): Promise<string>;
}

/** Something that must hold of a service. */
export interface ServiceCase {
  readonly name: string;
  readonly requires?: readonly ServiceRequirement[];
  run(service: TestedService): Promise<void>;
}

/** Hands one test to a test runner. */
export type RegisterCase = (name: string, run: () => Promise<void>) => void;

/** How services are made for cases. */
export interface ServiceTarget {
  readonly name: string;
  readonly provides: readonly ServiceRequirement[];
  /** Runs a case on a service: a new one, or one that lives longer. */
  use(run: (service: TestedService) => Promise<void>): Promise<void>;
}

/** Registers the cases that a target can run, and answers the names of those that it cannot. */
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
