import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type ApiDocument,
  DOCUMENT_PATH,
  type ListedOperation,
  operationsOf,
  readDocument,
} from "../api/api_document.ts";
import { type Failure, failureOf } from "../api/failure.ts";
import { Mark } from "../parts/icons.tsx";
import { FailurePanel, Loading, Panel } from "../parts/panel.tsx";
import { Prose } from "../parts/prose.tsx";
import { typeOf } from "../words/schema_words.ts";
import { OperationPlace, OperationView } from "./api_operation.tsx";
import { SchemaBody } from "./api_schema.tsx";

type Reading =
  | { readonly phase: "reading" }
  | { readonly phase: "failed"; readonly failure: Failure }
  | { readonly phase: "shown"; readonly document: ApiDocument };

/** The page of the HTTP API: what the service's own OpenAPI document says. */
export function ApiReference(): JSX.Element {
  const [reading, setReading] = useState<Reading>({ phase: "reading" });
  const main = useRef<HTMLElement>(null);
  const read = (): void => {
    setReading({ phase: "reading" });
    readDocument().then(
      (document) => setReading({ phase: "shown", document }),
      (error: unknown) => setReading({ phase: "failed", failure: failureOf(error) }),
    );
  };
  useEffect(read, []);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        To the content
      </button>
      <header class="head">
        <a class="brand" href="./" aria-label="Holdfast console">
          <Mark />
          <span>Holdfast</span>
        </a>
        <nav class="tabs" aria-label="Pages">
          <a href="./">Console</a>
          <a href="api.html" aria-current="page">
            API
          </a>
        </nav>
      </header>
      <main ref={main} id="main" class="reference" tabIndex={-1}>
        {reading.phase === "reading" && <Loading text="Reading the document of the service" />}
        {reading.phase === "failed" && (
          <FailurePanel
            isPage
            failure={reading.failure}
            title="The document of the service cannot be read"
            onRetry={read}
          />
        )}
        {reading.phase === "shown" && <Reference document={reading.document} />}
      </main>
    </>
  );
}

function Reference({ document: api }: { readonly document: ApiDocument }): JSX.Element {
  const { info, openapi, servers = [], tags = [], components } = api;
  const operations = operationsOf(api);
  const groups = groupsOf(tags, operations);
  useEffect(() => {
    document.title = `${info.title} API`;
    showPlace();
    addEventListener("hashchange", showPlace);
    return () => removeEventListener("hashchange", showPlace);
  }, [info.title]);
  return (
    <>
      <header class="page-head">
        <div>
          <h1>{info.title} API</h1>
          {info.summary !== undefined && <p>{info.summary}</p>}
          <p>
            Version {info.version}, from <a href={DOCUMENT_PATH}>its OpenAPI {openapi} document</a>.
          </p>
        </div>
      </header>
      {info.description !== undefined && (
        <p class="reference-about">
          <Prose text={info.description} />
        </p>
      )}
      <div class="panels">
        <Panel title="Authentication">
          <ul class="answers">
            {Object.entries(components?.securitySchemes ?? {}).map(([name, scheme]) => (
              <li key={name}>
                <p>
                  <code class="status">{name}</code> {scheme.type} {scheme.scheme}
                </p>
                {scheme.description !== undefined && (
                  <p>
                    <Prose text={scheme.description} />
                  </p>
                )}
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="Problems">
          <p>
            The body of an error is{" "}
            {components?.schemas?.Problem === undefined ? (
              "a problem"
            ) : (
              <a href="#schema-Problem">a problem</a>
            )}
            . The code beside its status is that of an example.
          </p>
        </Panel>
        <Panel title="Servers">
          <ul class="answers">
            {servers.map(({ url, description = "" }) => (
              <li key={url}>
                <p>
                  <code class="status">{url}</code> <Prose text={description} />
                </p>
              </li>
            ))}
          </ul>
        </Panel>
      </div>
      <Panel title="Operations">
        <nav class="reference-index" aria-label="Operations by tag">
          {groups.map(({ name, operations }) => (
            <div key={name}>
              <h3>{name}</h3>
              <ul>
                {operations.map(({ operationId, method, path, summary }) => (
                  <li key={operationId}>
                    <a href={`#operation-${operationId}`}>{summary}</a>
                    <span class="beside">
                      <OperationPlace method={method} path={path} />
                    </span>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
      </Panel>
      {groups.map(({ name, description, operations }) => (
        <Panel key={name} title={name} note={<Prose text={description} />}>
          {operations.map((operation) => (
            <OperationView key={operation.operationId} operation={operation} />
          ))}
        </Panel>
      ))}
      <Panel title="Schemas">
        {Object.entries(components?.schemas ?? {}).map(([name, schema]) => (
          <details key={name} id={`schema-${name}`} class="schema">
            <summary>
              <code>{name}</code>
            </summary>
            <p class="beside">{typeOf(schema)}</p>
            {schema.description !== undefined && (
              <p>
                <Prose text={schema.description} />
              </p>
            )}
            <SchemaBody schema={schema} />
          </details>
        ))}
      </Panel>
    </>
  );
}

interface Group {
  readonly name: string;
  readonly description: string;
  readonly operations: readonly ListedOperation[];
}

/** The operations by their first tag, in the order of the tags. Tags that the document does not list come last. */
function groupsOf(tags: NonNullable<ApiDocument["tags"]>, operations: readonly ListedOperation[]): Group[] {
  const tagOf = ({ tags: [first = "Others"] }: ListedOperation): string => first;
  const descriptions = new Map(tags.map(({ name, description = "" }) => [name, description]));
  const names = new Set([...descriptions.keys(), ...operations.map(tagOf)]);
  const groups = [...names].map((name) => ({
    name,
    description: descriptions.get(name) ?? "",
    operations: operations.filter((operation) => tagOf(operation) === name),
  }));
  return groups.filter(({ operations }) => operations.length > 0);
}

/** Shows what the address names, which was not there when the browser looked for it, or is closed. */
function showPlace(): void {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (place === null) return;
  if (place instanceof HTMLDetailsElement) place.open = true;
  place.scrollIntoView();
  (place.querySelector("summary") ?? place).focus({ preventScroll: true });
}
