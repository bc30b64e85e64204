/// All that metrics and the page show, at one moment.
package struct MonitorSnapshot: Sendable {
  /// The version of the program.
  package var version: String
  package var hostname: String
  package var isDraining: Bool
  /// Seconds since 1970, as all times here.
  package var now: Int64
  package var started: Int64
  package var counters = MonitorCounters()
  /// The names of the commands, in the order of their numbers.
  package var commandNames: [String] = []
  package var services: [Service] = []
  /// Connections to the monitor that its rules have refused, by the reason.
  package var monitorRefusals: [String: Int] = [:]
  package var certificates: [Certificate] = []
  package var blocked = 0
  /// How often an address was blocked since the start.
  package var blocksMade = 0
  package var pools: [Pool] = []
  package var backends: [Backend] = []
  /// Nil for a server that counts alone.
  package var sharedState: SharedState?
  package var droppedLogLines = 0
  package var plan: RunningPlan
  package var config: ConfigState?
  /// File systems that do not answer, a sentence each.
  package var silences: [String] = []
  /// Nil if names and addresses must not be shown to whoever asks.
  package var people: People?
  package var history: [Decision] = []
  package var activity: [Activity.Bucket] = []

  package init(
    version: String, hostname: String, isDraining: Bool, now: Int64, started: Int64, plan: RunningPlan
  ) {
    (self.version, self.hostname, self.isDraining) = (version, hostname, isDraining)
    (self.now, self.started, self.plan) = (now, started, plan)
  }

  package enum SessionState: String, Sendable, CaseIterable {
    case authorization, transaction, update, closing
  }

  package struct Service: Sendable {
    package var name: String
    /// Such as `192.0.2.10:995 TLS`.
    package var listeners: [String]
    package var maxSessions: Int
    /// By the raw value of ``SessionState``.
    package var sessions: [String: Int]
    /// In the last hour.
    package var refused: Int

    package var sessionCount: Int { sessions.values.reduce(0, +) }

    package init(
      name: String, listeners: [String], maxSessions: Int, sessions: [String: Int], refused: Int
    ) {
      (self.name, self.listeners, self.maxSessions) = (name, listeners, maxSessions)
      (self.sessions, self.refused) = (sessions, refused)
    }
  }

  /// The engine with which several servers count together.
  package struct SharedState: Sendable {
    /// Half a sentence: why this server counts alone; nil if it does not.
    package var trouble: String?
    package var exchanges: Int
    package var failedExchanges: Int
    package var waiting: Int
    package var droppedFailures: Int

    package init(
      trouble: String?, exchanges: Int, failedExchanges: Int, waiting: Int, droppedFailures: Int
    ) {
      (self.trouble, self.exchanges, self.failedExchanges) = (trouble, exchanges, failedExchanges)
      (self.waiting, self.droppedFailures) = (waiting, droppedFailures)
    }
  }

  package struct Certificate: Sendable {
    package var name: String
    package var notAfter: Int64
    /// Why the files' new certificate is not presented; nil if they hold the one that is.
    package var refused: String?

    package init(name: String, notAfter: Int64, refused: String?) {
      (self.name, self.notAfter, self.refused) = (name, notAfter, refused)
    }
  }

  /// Threads, and the work that waits for them.
  package struct Pool: Sendable {
    package var name: String
    package var waiting: Int

    package init(name: String, waiting: Int) { (self.name, self.waiting) = (name, waiting) }
  }

  /// An account source outside of the process.
  package struct Backend: Sendable {
    package var name: String
    /// Half a sentence: why it is away; nil if it answers.
    package var trouble: String?
    /// Answers by what they were, in a fixed order.
    package var results: [(name: String, count: Int)]
    package var duration: Histogram
    /// The logins that it remembers, and those that were let in because of that; nil if it does not remember any.
    package var remembered: (logins: Int, answered: Int)?

    package init(name: String, trouble: String?, results: [(name: String, count: Int)], duration: Histogram) {
      (self.name, self.trouble, self.results, self.duration) = (name, trouble, results, duration)
    }
  }

  package struct RunningPlan: Sendable {
    /// The first digits of its digest.
    package var digest: String
    /// The first digits of its policy: the plan without what lists and certificates hold, and without what is the
    /// node's own; nil if that is not known.
    package var policy: String?
    /// The file that the server runs.
    package var file: String
    /// Nil if the plan is confirmed.
    package var waiting: Waiting?
    /// The next end of a rule, in words.
    package var nextEnd: String?

    package init(
      digest: String, policy: String? = nil, file: String, waiting: Waiting? = nil, nextEnd: String? = nil
    ) {
      (self.digest, self.policy, self.file) = (digest, policy, file)
      (self.waiting, self.nextEnd) = (waiting, nextEnd)
    }

    package struct Waiting: Sendable {
      package var revertsAt: Int64
      /// The plan that comes back.
      package var previous: String

      package init(revertsAt: Int64, previous: String) {
        (self.revertsAt, self.previous) = (revertsAt, previous)
      }
    }
  }

  /// The file that the server was told to run, compared with what it runs.
  package struct ConfigState: Sendable, Hashable {
    /// When it was looked at.
    package var checked: Int64
    /// Half a sentence: why a restart would not run it; nil if it would.
    package var problem: String?
    /// The first digits of the plan that it is; nil if it is none.
    package var digest: String?
    /// Whether it is another plan than the one that runs.
    package var isOther: Bool
    /// Whether the last reload or apply succeeded.
    package var lastReloadSucceeded: Bool

    package init(
      checked: Int64, problem: String?, digest: String?, isOther: Bool, lastReloadSucceeded: Bool
    ) {
      (self.checked, self.problem, self.digest) = (checked, problem, digest)
      (self.isOther, self.lastReloadSucceeded) = (isOther, lastReloadSucceeded)
    }
  }

  /// The clients that are connected, and those that are blocked.
  package struct People: Sendable {
    /// The most that are shown of each.
    package static let limit = 50

    package var sessions: [Session]
    package var blocks: [Block]

    package init(sessions: [Session], blocks: [Block]) { (self.sessions, self.blocks) = (sessions, blocks) }
  }

  package struct Session: Sendable {
    /// Nil before the login.
    package var user: String?
    package var peer: String
    package var service: String
    package var state: String
    package var tls: String?
    package var seconds: Int
    package var bytes: UInt64

    package init(
      user: String?, peer: String, service: String, state: String, tls: String?, seconds: Int, bytes: UInt64
    ) {
      (self.user, self.peer, self.service, self.state) = (user, peer, service, state)
      (self.tls, self.seconds, self.bytes) = (tls, seconds, bytes)
    }
  }

  package struct Block: Sendable {
    package var address: String
    package var until: Int64
    package var failures: Int

    package init(address: String, until: Int64, failures: Int) {
      (self.address, self.until, self.failures) = (address, until, failures)
    }
  }

  /// A plan that was decided on.
  package struct Decision: Sendable {
    package var digest: String
    /// RFC 3339, UTC.
    package var time: String
    package var source: String
    package var author: String?
    package var comment: String?
    package var isTakenBack: Bool

    package init(
      digest: String, time: String, source: String, author: String?, comment: String?, isTakenBack: Bool
    ) {
      (self.digest, self.time, self.source) = (digest, time, source)
      (self.author, self.comment, self.isTakenBack) = (author, comment, isTakenBack)
    }
  }
}
