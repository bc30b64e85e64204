import Logging
import NIOCore
import OceanAddresses
import OceanBase
import OceanPlan
import OceanPOP3

/// One line of JSON for each session, refusal and failed login.
///
/// Lines are collected in memory and written by a thread of the log's own, so that a slow disk delays no
/// session. If that thread falls behind by more than `capacity`, lines are dropped and counted.
final class AccessLog: Sendable {
  private static let capacity = 4 << 20
  private static let delay = TimeAmount.milliseconds(200)

  private let writer: LineWriter<AccessLogFile>

  /// - Throws: if the file cannot be opened, or is not a regular file.
  init(path: String, logger: Logger) throws(RegularFileError) {
    writer = LineWriter(to: try AccessLogFile(path: path, logger: logger), capacity: Self.capacity)
  }

  /// The number of lines that could not be written so far.
  var lostLines: Int { writer.lostLines }

  /// Writes what is left and closes the file.
  func close() async { await writer.close() }

  // MARK: - Lines

  /// What is known of a session when it begins; the rest is filled in until it ends.
  struct Record: Sendable {
    let service: String
    /// The client.
    let peer: IPAddress
    /// The proxy that forwards the client, if there is one.
    var proxy: IPAddress?
    let local: Endpoint
    let started: NIODeadline
    let plan: String
    /// The TLS version; nil without TLS.
    var tls: String?
    var user: String?
    /// The label of the app password; nil for the account's own password.
    var app: String?
    /// Why the right password may not be used, in half a sentence.
    var reason: String?
    var retrieved = 0
    /// How often a message was wanted and could not be sent, except because it had been removed.
    var failed = 0
    var bytes: UInt64 = 0
    var deleted = 0
  }

  func session(_ record: Record, outcome: String, on loop: any EventLoop) {
    append(event: "session", record, user: record.user, outcome: outcome, on: loop)
  }

  /// - Parameter rule: where the rule that decided is written, if a rule decided.
  func refused(_ record: Record, outcome: String, rule: String?, on loop: any EventLoop) {
    append(event: "refused", record, user: nil, outcome: outcome, rule: rule, on: loop)
  }

  /// - Parameter user: nil if the client gave no name.
  func loginFailed(_ record: Record, user: String?, outcome: String, on loop: any EventLoop) {
    append(event: "login_failed", record, user: user, outcome: outcome, on: loop)
  }

  private func append(
    event: String, _ record: Record, user: String?, outcome: String, rule: String? = nil,
    on loop: any EventLoop
  ) {
    var line = JSONLine()
    line.add("time", Timestamp.text(nanoseconds: SystemClock.wall.now))
    line.add("event", event)
    line.add("service", record.service)
    line.add("peer", record.peer.description)
    if let proxy = record.proxy { line.add("proxy", proxy.description) }
    line.add("local", record.local.description)
    line.add("tls", record.tls)
    line.add("user", user)
    if let app = record.app { line.add("app", app) }
    line.add("outcome", outcome)
    if let reason = record.reason { line.add("reason", reason) }
    if let rule { line.add("rule", rule) }
    line.add("retrieved", record.retrieved)
    if record.failed > 0 { line.add("failed", record.failed) }
    line.add("bytes", record.bytes)
    line.add("deleted", record.deleted)
    line.add("seconds", milliseconds: (loop.now - record.started).nanoseconds / 1_000_000)
    line.add("plan", record.plan)
    // Not at once: lines that other sessions add meanwhile go out in the same write.
    if writer.append(line.finish()) { loop.scheduleTask(in: Self.delay) { [writer] in writer.start() } }
  }
}

extension LoginFailure {
  /// The outcome as the access log writes it.
  var outcome: String {
    switch self {
    case .credentials: "wrong_credentials"
    case .inUse: "in_use"
    case .temporary: "temporary_failure"
    case .permanent: "permanent_failure"
    }
  }
}

extension PastConnection {
  init(_ record: AccessLog.Record) {
    self.init(
      service: record.service, client: record.peer, proxy: record.proxy, local: record.local,
      tls: record.tls.flatMap { TLSVersion(parsing: $0) }, isLoggedIn: record.user != nil)
  }
}
