import CLinux
import Logging
import NIOCore
import NIOPosix
import OceanAccess
import OceanAddresses
import OceanBase
import OceanControlAPI
import OceanPlan
import OceanPOP3
import OceanStore
import Synchronization

/// What all sessions of the process share.
final class Environment: Sendable {
  let store: MaildirStore
  let troubles: TroubleLog
  let loginLog: LoginLog
  let lastLogins: LastLogins
  let admission: AdmissionController
  /// Nil for a server that counts alone.
  let shared: SharedStateLink?
  /// Threads for files. A session has at most one job here.
  let files: FilePool
  let hashing: HashingPool
  let shortage: AcceptPause.Shortage
  let descriptors: Descriptors
  private let blocks: BlockJournal
  private let loops: [NIOLoopBoundBox<LoopState>]
  private let logger: Logger
  private let sessionIDs = Atomic<UInt64>(0)
  /// How many connections have come or gone: in all, and when memory was last given back.
  private let comings = Atomic(0)
  private let comingsBefore = Atomic(0)
  /// How often an address was blocked.
  let blocksMade = Atomic(0)

  /// - Throws: a store error, if the state directory cannot be used.
  init(
    _ plan: Plan, files: FilePool, hashing: NIOThreadPool, loops: [NIOLoopBoundBox<LoopState>],
    descriptors: Descriptors, logger: Logger
  ) throws {
    let troubles = TroubleLog(logger: logger)
    self.troubles = troubles
    let state = plan.server.state
    let visiting: MaildirStore.Visiting = { FileThread.calling?.elsewhere = $0 ? state : nil }
    store = try MaildirStore(plan, visiting: visiting) { maildir, note in
      // A full disk concerns all indexes alike.
      let owner = if case .indexNotSaved = note { "indexes" } else { maildir }
      let level: Logger.Level = if case .abandonedRemoved = note { .notice } else { .warning }
      troubles.report(note.subject, of: owner, reason: note.reason, level: level)
    }
    loginLog = LoginLog(logger: logger)
    lastLogins = LastLogins(in: state, logger: logger)
    shared =
      plan.server.sharedState.isUsed
      ? SharedStateLink(plan, on: loops[0].eventLoop, logger: logger) : nil
    admission =
      shared.map {
        AdmissionController(plan, AddressAdmission(plan, hammering: $0.failures, connections: $0.connections))
      }
      ?? AdmissionController(plan)
    blocks = BlockJournal(
      directory: plan.server.state, hammering: admission.hammering, files: files, logger: logger)
    blocks.restore(blockForSeconds: plan.server.antiHammering.blockSeconds, at: .now)
    self.files = files
    self.hashing = HashingPool(hashing, v6PrefixLength: plan.server.limits.ipv6Prefix)
    self.descriptors = descriptors
    shortage = AcceptPause.Shortage(logger: logger)
    self.loops = loops
    self.logger = logger
  }

  /// The next session's id, from 1; an id is never used twice.
  func newSessionID() -> UInt64 { sessionIDs.wrappingAdd(1, ordering: .relaxed).newValue }

  /// Notes that a connection came, or went.
  func noteConnection() { comings.wrappingAdd(1, ordering: .relaxed) }

  /// Gives back to the system what connections have left of the heaps; to be called about every twenty
  /// seconds. This takes some time, and delays threads that ask for memory meanwhile, so nothing is done if
  /// no connection came or went.
  func returnMemory() {
    let now = comings.load(ordering: .relaxed)
    guard comingsBefore.exchange(now, ordering: .relaxed) != now else { return }
    linux_return_memory()
  }

  /// Counts a login that failed because of a wrong password.
  ///
  /// - Returns: whether it counts, and whether the address is blocked now.
  func countFailure(
    of peer: IPAddress, _ credentials: Credentials, at now: ClockReading
  ) -> AntiHammering.Outcome {
    let outcome = admission.hammering.failed(
      peer, user: credentials.user.utf8, password: credentials.password, at: now)
    guard case .blocked(let block, isNew: true) = outcome else { return outcome }
    blocksMade.wrappingAdd(1, ordering: .relaxed)
    blocks.append([.blocked(block)])
    logger.notice(
      "blocked",
      metadata: [
        "address": "\(block.prefix.short)", "failures": "\(block.failures)",
        "until": "\(Timestamp.text(block.until / 1_000_000_000))",
      ])
    for bound in loops { bound.eventLoop.execute { bound.value.cutOff(block.prefix) } }
    return outcome
  }

  /// Lifts the blocks of some addresses; nil lifts all.
  func unblock(_ prefixes: [IPPrefix]?, at now: ClockReading) -> [Block] {
    let lifted =
      prefixes.map { $0.flatMap { admission.hammering.unblock($0, at: now) } }
      ?? admission.hammering.unblockAll(at: now)
    forget(lifted)
    return lifted
  }

  /// Takes over what other servers have told.
  func take(_ news: SharedState.News) {
    blocks.append(
      (news.blocked + news.prolonged).map { .blocked($0) } + news.lifted.map { .lifted($0.prefix) })
    for request in news.requests { kick(request) }
    guard !news.blocked.isEmpty else { return }
    let prefixes = news.blocked.map(\.prefix)
    // A server that was away may be told of many at once.
    logger.notice(
      "blocked by other servers",
      metadata: [
        "count": "\(prefixes.count)",
        "addresses": "\(prefixes.prefix(8).map(\.short).joined(separator: ", "))",
      ])
    for bound in loops {
      bound.eventLoop.execute { for prefix in prefixes { bound.value.cutOff(prefix) } }
    }
  }

  /// Ends the sessions that another server was asked to end, if they were open then.
  private func kick(_ request: SharedState.News.Request) {
    guard let selection = try? ControlAPI.decode(SessionSelection.self, from: Array(request.text.utf8)) else {
      return
    }
    let age = TimeAmount.milliseconds(max(request.age, 0))
    for bound in loops { bound.eventLoop.execute { _ = bound.value.kick(selection, olderThan: age) } }
  }

  /// Takes over a plan's limits for failed logins.
  func apply(_ plan: Plan, at now: ClockReading) {
    forget(admission.hammering.apply(plan.hammeringLimits, at: now))
  }

  private func forget(_ lifted: [Block]) { blocks.append(lifted.map { .lifted($0.prefix) }) }
}
