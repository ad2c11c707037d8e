import {
  type JsonObject,
  MissingPrerequisite,
  type Output,
  type ProbeContext,
  type Questions,
  stateModule,
} from "../contract.ts";
import { bool, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { byteCount } from "../support/downloads/byte-count.ts";
import { checksumIn, wantedChecksum } from "../support/downloads/checksum.ts";
import { hostAsksForLists, listHere, listQuestion } from "../support/downloads/checksum-list.ts";
import { downloadHere } from "../support/downloads/control-download.ts";
import { type Download, downloadScript } from "../support/downloads/download-script.ts";
import { downloaderQuestion, toolFor } from "../support/downloads/downloader.ts";
import { httpError, printedFields } from "../support/downloads/fields.ts";
import {
  contentsTurnedOut,
  type Digest,
  type Placement,
  placementQuestions,
  placementResult,
  planPlacement,
  predictPlacement,
} from "../support/downloads/place-download.ts";
import { fileNameOf, type HttpRequest, httpRequest, requestParameters, withoutPassword } from "../support/downloads/request.ts";
import { applyPlans } from "../support/files/apply-plans.ts";
import { writtenFields } from "../support/files/atomic-write.ts";
import { attributeParameters, wantedAttributes } from "../support/files/attributes.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import type { SingleFile } from "../support/files/single-file.ts";

const params = parameters({
  url: { ...str(), required: true, description: "What to download: http:// or https://." },
  dest: {
    ...path(),
    required: true,
    description: "Where to: a file, or an existing directory, in which the file is called as at the end of the URL.",
  },
  checksum: {
    ...str(),
    default: "",
    description:
      "What the file must be: `sha256:HEX`, or `sha256:URL` of a file that lists checksums as sha256sum writes them. Also md5, sha1, sha224, sha384, sha512.",
  },
  force: {
    ...bool(),
    default: false,
    aliases: ["thirsty"],
    description: "Without a checksum: download although a file is there, and replace it if it is another one.",
  },
  backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
  tmp_dest: { ...path(), description: "Directory of the host to download into, instead of the one that the file belongs in." },
  max_size: { ...str(), description: "Refuse what is larger: bytes, or with a unit (`500M`, `2G`). Ours; Ansible has no limit." },
  decompress: { ...bool(), default: true, description: "Unpack what the server sends packed with gzip (Content-Encoding)." },
  url_username: { ...str(), aliases: ["username"], description: "User to log in as." },
  url_password: { ...str(), aliases: ["password"], secret: true, description: "That user's password." },
  ...requestParameters,
  ...attributeParameters,
});

type Params = ParametersOf<typeof params>;

type Input = {
  readonly request: HttpRequest;
  readonly file: SingleFile;
  /** Known without asking anybody. */
  readonly wanted: Digest | undefined;
  /** Where to ask, and what a control node that has asked was told. */
  readonly list:
    | { readonly algorithm: Digest["algorithm"]; readonly request: HttpRequest; readonly text: string | undefined }
    | undefined;
  readonly download: Pick<Download, "tmpDest" | "maxSize" | "decompress">;
};

type Data = Placement & {
  readonly wanted: Digest | undefined;
  readonly isCertain: boolean;
  readonly by: Download["by"] | undefined;
};

export const getUrl = stateModule<Params, Input, Questions, Data>({
  name: "get_url",
  summary: "Downloads a file to the host.",
  description: [
    "The host downloads with curl or GNU wget, plain HTTP without a password also with busybox' wget. When it has no tool that can do all that is asked, the control node downloads the file once for all hosts and hands it over.",
    'With a checksum it is known beforehand whether the file has to be downloaded: only when it differs, whatever `force` says. A file of checksums is asked for by the host with curl, elsewhere by the control node, also in check mode. Without a checksum a file that is there stays, unless `force` is set: then check mode says "may change", and apply counts it as changed only when the contents differ.',
    "Everything is downloaded into a directory that only its user can read, continued up to three times after a broken connection, compared with the checksum and then put in place in one step, with its owner and mode. A failed download leaves the old file.",
    "Proxies are those of the task's `environment`, else of the environment that the host's session has; where the control node downloads, those of the task, else of the control node's own environment. `no_proxy` lists names (with all that end in them), addresses, networks (`10.0.0.0/8`), each with or without a port, and `*`.",
    "Differences to Ansible: no redirect is followed from https to http; Authorization and Cookie go to the URL's own server only, as do user, password and client certificate; passwords and header fields are never in the list of processes; the server's Content-Disposition does not name the file; ftp and file URLs are refused.",
  ],
  parameters: params,
  example: `- name: Download the package list's key
  get_url:
    url: http://deb.debian.org/debian/dists/bookworm/Release.gpg
    dest: /var/tmp/Release.gpg
    mode: "0644"
    timeout: 30`,
  returns: {
    dest: "path of the file",
    url: "the URL",
    status_code: "HTTP status, when something was downloaded",
    response: "what went wrong, in HTTP's words",
    msg: "OK and the number of bytes, or that the file was there",
    elapsed: "seconds of the download",
    checksum_src: "SHA-1 of what was downloaded",
    checksum_dest: "SHA-1 of the file after the download",
    md5sum: "MD5 of what was downloaded",
    size: "size in bytes",
    backup_file: "path of the backup, if one was made",
    mode: 'permissions, like "0644"',
    owner: "user that owns it",
    group: "group that owns it",
    uid: "number of the user",
    gid: "number of the group",
    state: "file",
  },

  async prepare(given, _control, context) {
    const { traits } = context;
    const request = httpRequest(given, context);
    const checksum = given.checksum === "" ? undefined : wantedChecksum(given.checksum);
    const listRequest = checksum?.kind === "url" ? httpRequest({ ...given, url: checksum.url }, context) : undefined;
    const file: SingleFile = {
      dest: given.dest,
      name: fileNameOf(given.url) ?? "index.html",
      wanted: wantedAttributes(given),
      directoryMode: undefined,
      options: {
        force: given.force,
        backup: given.backup,
        validate: undefined,
        follow: true,
        unsafeWrites: given.unsafe_writes,
        isSecret: false,
      },
    };
    return {
      request,
      file,
      wanted: checksum?.kind === "value" ? checksum : undefined,
      list:
        checksum === undefined || listRequest === undefined
          ? undefined
          : {
              algorithm: checksum.algorithm,
              request: listRequest,
              text: hostAsksForLists(traits) ? undefined : await listHere(listRequest),
            },
      download: {
        tmpDest: given.tmp_dest === undefined ? undefined : hostPath(given.tmp_dest, traits),
        maxSize: given.max_size === undefined ? undefined : byteCount("max_size", given.max_size),
        decompress: given.decompress,
      },
    };
  },

  probe: (input, context) =>
    questionSet([
      ...placementQuestions(input.file, input.wanted?.algorithm ?? input.list?.algorithm, context),
      downloaderQuestion,
      ...(input.list !== undefined && input.list.text === undefined && foreseen(input.list.request, context) === undefined
        ? [listQuestion(input.list.request)]
        : []),
    ]),

  plan(state, input, context) {
    const known = new Known(state);
    const wanted = wantedDigest(input, known, context);
    const change = planPlacement(input.file, wanted, known, context);
    if (change === undefined) return undefined;
    const { maxSize } = input.download;
    const by = toolFor(known.of(downloaderQuestion), input.request, {
      repeats: true,
      ...(maxSize === undefined ? {} : { maxSize }),
    });
    return { ...change, data: { ...change.data, wanted, by, isCertain: change.maybe === undefined } };
  },

  async supply(change, { request, download }) {
    if (change.data.place === undefined || change.data.by !== undefined) return change;
    return { ...change, data: { ...change.data, by: await downloadHere(request, download.maxSize, download.decompress) } };
  },

  apply({ data }, { request, download }, { traits }) {
    if (data.place === undefined) return applyPlans(data.keep === undefined ? [] : [data.keep], traits);
    if (data.by === undefined) throw new Error("bug: nobody has downloaded the file");
    return downloadScript(
      { ...download, url: request.url, usesProxy: request.usesProxy, by: data.by, wanted: data.wanted },
      data,
      traits,
    );
  },
  predict: ({ data }, _state, _input, { traits }) => predictPlacement(data, data.isCertain, data.wanted, traits),
  provides: ({ data }) => [`path:${data.target}`],
  result: (state, { file, request }, context) => ({
    url: withoutPassword(request.url),
    msg: "file already exists",
    ...placementResult(file, new Known(state), context),
  }),
  applied: (output, { request }) => applied(output, withoutPassword(request.url)),
  turnedOut: (before, after, { file }, context) => contentsTurnedOut(file, new Known(before), new Known(after), context),
});

/** A file that asking needs and that only an earlier task of the dry run would make. */
function foreseen({ caPath, clientCert, clientKey }: HttpRequest, { paths }: ProbeContext): string | undefined {
  return [caPath, clientCert, clientKey].find((path) => path !== undefined && paths?.exists(path) === true);
}

function wantedDigest({ wanted, list, request }: Input, known: Known, context: ProbeContext): Digest | undefined {
  if (list === undefined) return wanted;
  const missing = foreseen(list.request, context);
  if (missing !== undefined) throw new MissingPrerequisite(`path:${missing}`, `${missing} is needed to ask for the checksum`);
  const text = list.text ?? known.of(listQuestion(list.request));
  const name = fileNameOf(request.url) ?? "index.html";
  return { algorithm: list.algorithm, digest: checksumIn(text, name, list.algorithm, withoutPassword(list.request.url)) };
}

function applied(output: Output, url: string): JsonObject {
  const fields = printedFields(output);
  const status = fields.get("status");
  if (status === undefined) return output.rc === 0 ? { msg: "file already exists but file attributes changed" } : {};
  const size = fields.get("size");
  const [sha1, md5] = [fields.get("sha1"), fields.get("md5")];
  const code = Number(status);
  return {
    url,
    status_code: code,
    ...(code >= 400 ? { response: httpError(code) } : {}),
    ...(size === undefined ? {} : { msg: `OK (${size} bytes)` }),
    ...(fields.has("elapsed") ? { elapsed: Number(fields.get("elapsed")) } : {}),
    ...(sha1 === undefined ? {} : { checksum_src: sha1, checksum_dest: sha1 }),
    ...(md5 === undefined ? {} : { md5sum: md5 }),
    ...writtenFields(output),
  };
}
