import { guardPromises, guards, reasonToSkip } from "../commands/command.ts";
import { actionModule, type Json, type JsonObject, ModuleFailure, type Output } from "../contract.ts";
import { bool, choice, int, listOf, type ParametersOf, parameters, path, raw, str } from "../parameters.ts";
import { httpError, printedFields } from "../support/downloads/fields.ts";
import { fileNameOf, httpRequest, requestParameters, withoutPassword } from "../support/downloads/request.ts";
import { requestBody } from "../support/downloads/request-body.ts";
import { cookieFields, decoded, headerFields, jsonField } from "../support/downloads/response.ts";
import { storeResponse } from "../support/downloads/store-response.ts";
import { CONTENT_LIMIT, CONTENT_MARK, type UriCall, uriScript } from "../support/downloads/uri-script.ts";
import { parametersWithoutFlags, wantedAttributes } from "../support/files/attributes.ts";
import { hostPath } from "../support/files/host-path.ts";

const params = parameters(
  {
    url: { ...str(), required: true, description: "What to ask: http:// or https://." },
    method: { ...str(), default: "GET", description: "HTTP method, in capitals." },
    body: { ...raw(), description: "What to send; a mapping or list is written as `body_format` says." },
    body_format: {
      ...choice("raw", "json", "form-urlencoded", "form-multipart"),
      default: "raw",
      description:
        "How `body` is written; all but raw set Content-Type. A part of form-multipart is a text, or `filename` (of the control node), `content` and `mime_type`.",
    },
    src: { ...path(), description: "A file to send instead of `body`, of the control node or, with `remote_src`, of the host." },
    remote_src: { ...bool(), default: false, description: "`src` is on the host." },
    status_code: { ...listOf(int()), default: [200], description: "Statuses that are a success." },
    return_content: { ...bool(), default: false, description: "Return what came as `content`, whatever it is." },
    dest: { ...path(), description: "File of the host, or a directory, to put what came." },
    follow_redirects: {
      ...choice("all", "none", "no", "safe", "urllib2", "yes"),
      default: "safe",
      description:
        "`safe`: those of GET and HEAD. `all`: of every method; POST becomes GET after 301, 302 and 303. `none`: no redirect.",
    },
    creates: { ...path(), description: "A path or pattern; when something there exists, nothing is asked." },
    removes: { ...path(), description: "A path or pattern; when nothing there exists, nothing is asked." },
    unix_socket: { ...path(), description: "Socket of the host to ask through, instead of the network. Needs curl." },
    force: { ...bool(), default: false, description: "Ask every cache on the way to ask the server again." },
    url_username: { ...str(), aliases: ["user"], description: "User to log in as." },
    url_password: { ...str(), aliases: ["password"], secret: true, description: "That user's password." },
    ...requestParameters,
    timeout: { ...requestParameters.timeout, default: 30 },
    ...parametersWithoutFlags,
  },
  { mutuallyExclusive: [["body", "src"]] },
);

type Params = ParametersOf<typeof params>;
type Input = {
  readonly params: Params;
  readonly call: UriCall;
  readonly creates: string | undefined;
  readonly removes: string | undefined;
};

const FOLLOW = { all: "all", yes: "all", safe: "safe", urllib2: "safe", none: "none", no: "none" } as const;

export const uri = actionModule<Params, Input, ReturnType<typeof guards>>({
  name: "uri",
  summary: "Asks a web server, from the host.",
  description: [
    "The host asks with curl or GNU wget. Where it has neither, `delegate_to: localhost` asks from the control node.",
    "The answer's header fields are part of the result, in lower case and with underscores. `json` is there when the server says that it sends JSON, `content` with `return_content` and when the status was not expected.",
    'In check mode it asks only where `creates` or `removes` say so: nothing is sent. With `dest` it says "would run".',
    "Differences to Ansible: no redirect is followed from https to http; Authorization and Cookie go to the URL's own server only, as do user, password and client certificate; passwords, header fields and bodies are never in the list of processes.",
  ],
  parameters: params,
  example: `- name: Ask whether the mirror answers
  uri:
    url: http://deb.debian.org/debian/dists/bookworm/Release
    method: HEAD
    timeout: 30
  register: mirror
- name: Show what it says
  debug:
    var: mirror.status
`,
  returns: {
    status: "HTTP status; -1 when nobody answered",
    url: "where the answer came from in the end",
    redirected: "true when that is not where the question went first",
    msg: "OK and the number of bytes, or what went wrong",
    json: "what came, when it is JSON",
    content: "what came, as text",
    cookies: "cookies that were set, by name",
    cookies_string: "the same as a Cookie header has them",
    elapsed: "seconds it took",
    path: "where what came was put",
    content_type: "like every header field of the answer",
  },
  changesHost: true,
  mayChange: ({ params: given }) => given.dest !== undefined,

  async prepare(given, control, context) {
    const { traits } = context;
    const base = httpRequest(given, context);
    if (!/^[A-Z][A-Z-]*$/.test(given.method))
      throw new ModuleFailure(`the method "${given.method}" must be in capitals, like GET`);
    if (given.status_code.some((code) => code < 100 || code > 599))
      throw new ModuleFailure("status_code must be between 100 and 599");
    const built =
      given.src !== undefined && !given.remote_src
        ? { content: await control.read(control.find(given.src, "files")), contentType: undefined }
        : given.body === undefined || given.body === null
          ? undefined
          : await requestBody(given.body, given.body_format, control);
    const has = (name: string): boolean => Object.keys(given.headers ?? {}).some((one) => one.toLowerCase() === name);
    const contentType = built?.contentType;
    const more = [
      ...(contentType === undefined || has("content-type") ? [] : [["Content-Type", contentType] as const]),
      ...(given.force && !has("cache-control") ? [["Cache-Control", "no-cache"] as const] : []),
    ];
    const store = given.dest === undefined ? undefined : hostPath(given.dest, traits);
    return {
      params: given,
      creates: given.creates,
      removes: given.removes,
      call: {
        request: { ...base, headers: [...base.headers, ...more] },
        method: given.method,
        follow: FOLLOW[given.follow_redirects],
        unixSocket: given.unix_socket === undefined ? undefined : hostPath(given.unix_socket, traits),
        body:
          given.src !== undefined && given.remote_src
            ? { hostFile: hostPath(given.src, traits) }
            : built && { content: built.content },
        returnsContent: given.return_content,
        statusCodes: given.status_code,
        store:
          store === undefined
            ? undefined
            : storeResponse(store, fileNameOf(given.url) ?? "index.html", wantedAttributes(given), traits),
      },
    };
  },

  probe: (input) => guards({ ...input, chdir: undefined }),
  skip: (state, input, context) => reasonToSkip(state, input, context),
  promises: (state) => guardPromises(state),
  run: ({ call }) => uriScript(call),
  result: (output, { params: given }, elapsedMs) => answered(output, given, Math.floor(elapsedMs / 1000)),
});

function answered(output: Output, given: Params, elapsed: number): JsonObject {
  const { fields, content } = parts(output);
  const url = withoutPassword(fields.get("url") ?? given.url);
  const stopped =
    fields.get("stopped") ?? (output.rc === 0 ? undefined : output.stderr.toString("utf8").trim() || `exit status ${output.rc}`);
  const status = Number(fields.get("status") ?? -1);
  const head = fields.get("head") ?? "";
  const headers = headerFields(head);
  const contentType = headers["content_type"];
  const text = content === undefined ? undefined : decoded(content, contentType);
  const isExpected = given.status_code.includes(status);
  const stored = fields.get("stored") === "1";
  const destination = fields.get("path");
  const common: Record<string, Json> = {
    ...headers,
    ...cookieFields(head),
    status,
    url,
    redirected: Number(fields.get("hops") ?? 0) > 0,
    elapsed,
    changed: stored,
    ...(destination === undefined ? {} : { path: destination }),
  };
  if (stopped !== undefined) {
    const msg = status === -1 ? `Status code was -1 and not ${list(given.status_code)}: Request failed: ${stopped}` : stopped;
    return { ...common, failed: true, msg };
  }
  const shown = {
    ...(text === undefined || (isExpected && !given.return_content) ? {} : { content: text }),
    ...(text === undefined ? {} : jsonField(contentType, text)),
  };
  if (!isExpected) {
    return {
      ...common,
      ...shown,
      failed: true,
      msg: `Status code was ${status} and not ${list(given.status_code)}: ${httpError(status)}`,
    };
  }
  if (fields.has("too_large")) {
    const msg = `the answer is larger than ${CONTENT_LIMIT} bytes, too much to return; give dest and leave return_content out`;
    return { ...common, failed: true, msg };
  }
  const msg = status >= 400 ? httpError(status) : `OK (${headers["content_length"] ?? "unknown"} bytes)`;
  return { ...common, ...shown, msg };
}

const list = (codes: readonly number[]): string => `[${codes.join(", ")}]`;

function parts(output: Output): { readonly fields: ReadonlyMap<string, string>; readonly content: Buffer | undefined } {
  // A header may hold the mark's text too, but never right after a NUL.
  const at = output.stdout.indexOf(`\0${CONTENT_MARK}`);
  if (at < 0) return { fields: printedFields(output), content: undefined };
  const fields = printedFields({ ...output, stdout: output.stdout.subarray(0, at) });
  return { fields, content: output.stdout.subarray(at + 1 + CONTENT_MARK.length) };
}
