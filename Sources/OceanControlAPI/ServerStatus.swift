package import OceanPlan

/// What a server is doing, as a whole.
package struct ServerStatus: Sendable, Hashable, Codable {
  package enum State: String, Sendable, Hashable, Codable {
    case serving
    /// The server was asked to stop, and waits for its sessions.
    case draining
  }

  package var formatVersion = ControlAPI.formatVersion
  package var state: State
  /// The digest of the running plan.
  package var plan: Digest
  /// The policy of the running plan, which nodes of a fleet have in common; nil from a server that does not tell.
  package var policy: Digest?
  /// The absolute path of the config or saved plan that it runs.
  package var file: String
  /// Nil if the plan is confirmed.
  package var unconfirmed: UnconfirmedPlan?
  /// Plans that were reverted, the newest first, and are not to run.
  package var takenBack: [RevertedPlan]
  /// Files of plans, or of what was reverted, that cannot be used; nil if there are none.
  package var damaged: [DamagedFile]?
  /// List files in whose place the entries of an earlier plan run; nil if there are none.
  package var heldLists: [HeldList]?
  package var pid: Int32
  /// RFC 3339, UTC.
  package var since: String
  package var uptimeSeconds: Int
  /// Sorted by name.
  package var services: [Service]
  /// The certificates that enabled services present, sorted by name.
  package var certificates: [Certificate]
  /// How many addresses anti-hammering blocks now.
  package var blocked: Int
  /// The account sources that enabled services ask.
  package var accounts: Accounts
  /// How many lines of the access log could not be written since the log was opened; nil without a log.
  package var lostLogLines: Int?
  /// File systems that do not answer now, the one that has been silent longest first.
  package var unanswered: [Unanswered]
  /// The first rules of the running plan that end; nil if none has an end.
  package var nextEnd: Plan.End?
  /// How failures and blocks are counted; nil from a server that counts alone.
  package var sharedState: SharedState?
  /// Nil from a server that does not tell.
  package var program: ServerProgram?
  /// True if nothing that `file` was read from has changed since the running plan was made of it; nil if something has, or
  /// it is not known.
  package var fileUnchanged: Bool?
  /// Nil from a server that does not tell.
  package var counts: ServerCounts?

  package init(
    state: State, plan: Digest, file: String, unconfirmed: UnconfirmedPlan?, takenBack: [RevertedPlan],
    damaged: [DamagedFile]? = nil, heldLists: [HeldList]? = nil, pid: Int32, since: String,
    uptimeSeconds: Int,
    services: [Service], blocked: Int, certificates: [Certificate], accounts: Accounts, lostLogLines: Int?,
    unanswered: [Unanswered], nextEnd: Plan.End? = nil, program: ServerProgram? = nil,
    fileUnchanged: Bool? = nil, policy: Digest? = nil, sharedState: SharedState? = nil,
    counts: ServerCounts? = nil
  ) {
    self.sharedState = sharedState
    self.counts = counts
    self.policy = policy
    self.fileUnchanged = fileUnchanged
    self.program = program
    self.nextEnd = nextEnd
    self.state = state
    self.plan = plan
    self.file = file
    self.unconfirmed = unconfirmed
    self.takenBack = takenBack
    self.damaged = damaged
    self.heldLists = heldLists
    self.pid = pid
    self.since = since
    self.uptimeSeconds = uptimeSeconds
    self.services = services
    self.blocked = blocked
    self.certificates = certificates
    self.accounts = accounts
    self.lostLogLines = lostLogLines
    self.unanswered = unanswered
  }

  /// A list file that could not be used when the server started.
  package struct HeldList: Sendable, Hashable, Codable {
    /// An absolute path.
    package var path: String
    /// Half a sentence: the reason, with the line if one is wrong.
    package var reason: String
    /// The plan whose entries run in its place.
    package var plan: Digest
    /// When that plan was confirmed; RFC 3339, UTC.
    package var confirmed: String

    package init(path: String, reason: String, plan: Digest, confirmed: String) {
      self.path = path
      self.reason = reason
      self.plan = plan
      self.confirmed = confirmed
    }
  }

  /// The engine with which several servers count together.
  package struct SharedState: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable {
      /// It has not answered yet.
      case starting
      case together
      /// It is away, or cannot be used.
      case alone
    }

    /// Where it is: `valkey://10.0.0.5:6379`; nil if no Sentinel has said so yet.
    package var url: String?
    /// The name that Sentinels have for it; nil without Sentinels.
    package var master: String?
    package var state: State
    /// Half a sentence: why this server counts alone; nil if it does not.
    package var reason: String?
    /// When it came to be so; RFC 3339, UTC.
    package var since: String
    /// The engine's own words, `valkey 8.0.1`; nil before it answered.
    package var engine: String?
    /// Half a sentence: why no Sentinel says where the engine is; nil if one does.
    package var sentinelTrouble: String?
    /// How much is not told yet: failures, blocks, and blocks that were lifted.
    package var waiting: Int

    package init(
      url: String?, master: String?, state: State, reason: String?, since: String, engine: String?,
      sentinelTrouble: String?, waiting: Int
    ) {
      (self.url, self.master, self.state, self.reason) = (url, master, state, reason)
      (self.since, self.engine, self.sentinelTrouble, self.waiting) = (
        since, engine, sentinelTrouble, waiting
      )
    }
  }

  package struct Service: Sendable, Hashable, Codable {
    package var name: String
    /// The listeners that are open now, sorted; empty in a server that drains.
    package var listeners: [Plan.Listener]
    /// STLS on listeners without implicit TLS; nil means no TLS at all.
    package var explicit: Plan.Service.TLS.Explicit?
    package var sessions: Int
    package var maxSessions: Int
    /// How many connections were refused in the last hour.
    package var refused: Int

    package init(
      name: String, listeners: [Plan.Listener], explicit: Plan.Service.TLS.Explicit?, sessions: Int,
      maxSessions: Int, refused: Int
    ) {
      self.name = name
      self.listeners = listeners
      self.explicit = explicit
      self.sessions = sessions
      self.maxSessions = maxSessions
      self.refused = refused
    }
  }

  package struct Certificate: Sendable, Hashable, Codable {
    package var name: String
    /// RFC 3339, UTC.
    package var expires: String
    /// The certificate that its files hold now and that may not be presented; nil if they hold the one that
    /// is presented.
    package var refused: RefusedRenewal?

    package init(name: String, expires: String, refused: RefusedRenewal?) {
      self.name = name
      self.expires = expires
      self.refused = refused
    }
  }

  /// A new certificate that was not taken over.
  package struct RefusedRenewal: Sendable, Hashable, Codable {
    /// When the files were looked at; RFC 3339, UTC.
    package var time: String
    /// Half a sentence: the reason. If it is held back, the command is named that uses it.
    package var reason: String
    /// Whether it could be presented, and waits for a decision because it is not a renewal.
    package var heldBack: Bool?

    package init(time: String, reason: String, heldBack: Bool? = nil) {
      self.time = time
      self.reason = reason
      self.heldBack = heldBack
    }
  }

  /// A file system with calls that do not come back.
  package struct Unanswered: Sendable, Hashable, Codable {
    /// The mount point; for the server's own files (accounts, the state directory), the name of the file or
    /// directory.
    package var path: String
    /// The type as in mount(8); nil if it is not known.
    package var type: String?
    /// Seconds since the oldest of the calls began.
    package var seconds: Int
    package var calls: Int
    /// How many jobs wait behind them.
    package var waiting: Int

    package init(path: String, type: String?, seconds: Int, calls: Int, waiting: Int) {
      self.path = path
      self.type = type
      self.seconds = seconds
      self.calls = calls
      self.waiting = waiting
    }
  }

  package struct Accounts: Sendable, Hashable, Codable {
    package var active: Int
    package var disabled: Int
    /// Files whose newest version cannot be read, while the last one that could be read is in force; and sources
    /// outside of the server that are away.
    package var problems: [Problem]
    /// Logins that sources outside of the server remember; nil if no source remembers any.
    package var remembered: Int?

    package init(active: Int, disabled: Int, problems: [Problem]) {
      self.active = active
      self.disabled = disabled
      self.problems = problems
    }

    package struct Problem: Sendable, Hashable, Codable {
      /// The path of the file, or the place of the source.
      package var path: String
      /// Half a sentence: the reason.
      package var reason: String
      /// True for a source that is away: its users cannot log in for now.
      package var isAway: Bool?

      package init(path: String, reason: String, isAway: Bool? = nil) {
        self.path = path
        self.reason = reason
        self.isAway = isAway
      }
    }
  }
}
