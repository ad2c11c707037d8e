/** How a process at the other end ended. Neither field is known when the connection went away first. */
export type ChannelEnd = {
  readonly code?: number;
  readonly signal?: string;
  /** The connection underneath is gone: nobody knows whether the process lives on. */
  readonly connectionLost: boolean;
};

export type ChannelEvents = {
  readonly stdout: (chunk: Buffer) => void;
  readonly stderr: (chunk: Buffer) => void;
  readonly end: (end: ChannelEnd) => void;
};

/** One process on a host with its three streams. */
export interface Channel {
  /** Attaches the only listener; nothing is read before that. */
  listen(events: ChannelEvents): void;
  /** Settles when more may be written. After the end it does nothing: `end` tells. */
  write(data: Buffer | string): Promise<void>;
  /** Hangs up without waiting for anybody. `end` follows, at the latest with the next turn of the event loop. */
  destroy(): void;
}

/** Something on which processes can be started: an SSH connection, this machine. Throws ConnectionError. */
export interface Transport {
  /** The user that `open` without more becomes. */
  readonly loginUser: string;
  readonly isAlive: boolean;
  /** Starts a command line through the user's login shell; it must mean the same to sh, bash, zsh, fish and csh. */
  open(command: string): Promise<Channel>;
  close(): Promise<void>;
}

export type OpenTransport = (signal: AbortSignal) => Promise<Transport>;
