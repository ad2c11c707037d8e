import { quote } from "../sh.ts";
import type { Become } from "./connection.ts";
import { ConnectionError, type ConnectionErrorCode } from "./errors.ts";

/** How to start a user's shell. */
export type Entrance = {
  /** For the login shell, whichever it is; says nothing secret. */
  readonly command: string;
  /** Nothing may be written before `greeting` appears on standard output, since a password may be asked for first. */
  readonly conversation?: { readonly greeting: string; readonly prompt: RegExp; readonly password: string | undefined };
};

/** `nonce` makes the greeting and the prompt unmistakable. */
export function entrance(become: Become | undefined, loginUser: string, nonce: string): Entrance {
  if (become === undefined || become.user === loginUser) return { command: "exec /bin/sh" };
  const greeting = `k3sprov-ready-${nonce}`;
  // Greets, then becomes the shell that reads its program from standard input.
  const greet = `echo ${greeting}; exec /bin/sh`;
  const flags = (become.flags ?? []).map(quote);
  const program = quote(become.executable ?? become.method);
  const user = quote(become.user);
  switch (become.method) {
    case "sudo": {
      const own = withoutOurs(become.flags ?? []).map(quote);
      // env: messages must be in English to be understood, and `VAR=x exec` is not for every login shell.
      if (become.password === undefined) {
        return { command: words("exec env LC_ALL=C", program, "-n -H", ...own, "-u", user, "-- /bin/sh") };
      }
      const prompt = `[k3sprov-${nonce}] password: `;
      return {
        command: words(
          "exec env LC_ALL=C",
          program,
          "-S -H -p",
          quote(prompt),
          ...own,
          "-u",
          user,
          "-- /bin/sh -c",
          quote(greet),
        ),
        conversation: { greeting, prompt: new RegExp(`\\[k3sprov-${nonce}\\] password: `), password: become.password },
      };
    }
    case "su": {
      const start = (script: string) => words("exec env LC_ALL=C", program, ...flags, "-s /bin/sh -c", quote(script), user);
      // Root is never asked.
      if (loginUser === "root") return { command: start("exec /bin/sh") };
      return { command: start(greet), conversation: { greeting, prompt: /password: ?$/i, password: become.password } };
    }
    case "doas":
      return { command: words("exec env LC_ALL=C", program, "-n", ...flags, "-u", user, "/bin/sh") };
    default:
      return become.method satisfies never;
  }
}

function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** Ansible's default flags are `-H -S -n`; we say ourselves which of these we mean. */
function withoutOurs(flags: readonly string[]): string[] {
  return flags
    .flatMap((flag) => (/^-[AbEHiKknPSs]+$/.test(flag) ? [`-${flag.slice(1).replaceAll(/[HnS]/g, "")}`] : [flag]))
    .filter((flag) => !["-", "--non-interactive", "--stdin", "--set-home"].includes(flag));
}

type Cause = { readonly code: ConnectionErrorCode; readonly what: string; readonly help?: string };

/** Turns the last words of a shell that never greeted into an error that says what to do. */
export function entranceError(
  label: string,
  become: Become | undefined,
  end: { readonly code?: number; readonly signal?: string },
  said: string,
): ConnectionError {
  const text = said.replaceAll(/\[k3sprov-[0-9a-f]+\] password: /g, "").trim();
  const { code, what, help } = become === undefined ? loginCause(text, end) : becomeCause(become, text, end);
  const quoted = text === "" ? "" : `: ${lastLines(text)}`;
  return new ConnectionError(code, `${label}: ${what}${quoted}`, help === undefined ? {} : { help });
}

function loginCause(text: string, end: { readonly code?: number; readonly signal?: string }): Cause {
  const how = end.signal === undefined ? `exit status ${end.code ?? "unknown"}` : `signal ${end.signal}`;
  if (/not available|nologin/i.test(text)) {
    return { code: "shell-failed", what: "the login user has no shell", help: "use a user that may log in, or set its shell" };
  }
  return {
    code: "shell-failed",
    what: `/bin/sh did not start (${how})`,
    help: "check the user's login shell and forced commands: ssh to the host and run: exec /bin/sh",
  };
}

function becomeCause(become: Become, text: string, end: { readonly code?: number; readonly signal?: string }): Cause {
  const { method, user } = become;
  if (
    /a password is required|interactive authentication is required|no password was provided|Authentication required/i.test(text)
  ) {
    return passwordRequired(become);
  }
  if (
    /incorrect password|try again|Authentication fail|Authentication failure|Permission denied|incorrect authentication/i.test(
      text,
    )
  ) {
    return passwordWrong(become);
  }
  if (/must have a tty|must be run from a terminal|a tty is required|terminal is required/i.test(text)) {
    return {
      code: "become-tty-required",
      what: `${method} insists on a terminal`,
      help: method === "sudo" ? "remove `Defaults requiretty` from the host's sudoers" : `let ${method} work without a password`,
    };
  }
  if (/unknown user|invalid user|user .*(not found|does not exist)|no passwd entry/i.test(text)) {
    return {
      code: "become-user-unknown",
      what: `there is no user ${user} to become`,
      help: "check ansible_become_user, or create the user first",
    };
  }
  if (
    /not in the sudoers|not allowed|may not run|I'm afraid I can't|Operation not permitted|account validation failure/i.test(text)
  ) {
    return {
      code: "become-not-allowed",
      what: `${method} does not let us become ${user}`,
      help: `allow it on the host: visudo, or the rules of ${method}`,
    };
  }
  if (
    /(^|\s)\S*(sudo|su|doas)\S*'?: (not found|No such file|command not found)|can't execute '\S*(sudo|su|doas)'/.test(text) ||
    end.code === 127
  ) {
    return {
      code: "become-missing",
      what: `there is no ${become.executable ?? method} on the host`,
      help: `install ${method}, or log in as ${user}`,
    };
  }
  const how = end.signal === undefined ? `exit status ${end.code ?? "unknown"}` : `signal ${end.signal}`;
  return { code: "shell-failed", what: `${method} did not start a shell as ${user} (${how})` };
}

function passwordRequired(become: Become): Cause {
  if (become.method === "doas") {
    return {
      code: "become-tty-required",
      what: "doas wants a password, which it only reads from a terminal",
      help: "give the login user a `nopass` rule in doas.conf, or use sudo",
    };
  }
  return {
    code: "become-password-required",
    what: `${become.method} wants a password`,
    help: "give it with --ask-become-pass (-K) or ansible_become_password, or allow NOPASSWD on the host",
  };
}

function passwordWrong(become: Become): Cause {
  if (become.password === undefined) return passwordRequired(become);
  return {
    code: "become-password-wrong",
    what: `${become.method} did not accept the password`,
    help: "check --ask-become-pass (-K) or ansible_become_password",
  };
}

/** For prompts: asked although no password was given, or asked a second time. */
export function promptError(label: string, become: Become, again: boolean): ConnectionError {
  const { code, what, help } = again ? passwordWrong(become) : passwordRequired(become);
  return new ConnectionError(code, `${label}: ${what}`, help === undefined ? {} : { help });
}

/** What a host said ends in a one-line message: no control characters, no second line. */
function lastLines(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines
    .slice(-2)
    .join("; ")
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "")
    .slice(0, 300);
}
