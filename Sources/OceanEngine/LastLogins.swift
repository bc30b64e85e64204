import Logging
import NIOCore
import OceanAccess
import OceanBase

/// Remembers the last logins of each account, for `ocean mailbox who`.
///
/// What is remembered goes to disk once a second, by a thread of its own: a server that is killed forgets at most
/// a second. What cannot be written is lost, and counted in the log.
final class LastLogins: Sendable {
  /// About 12,000 logins, which is what the disk may be behind.
  private static let capacity = 1 << 20
  private static let delay = TimeAmount.seconds(1)

  private let writer: LineWriter<LoginFile>
  private let lookUps = LogRate(perSecond: 10)

  /// - Parameter directory: the server's state directory.
  init(in directory: String, logger: Logger) {
    writer = LineWriter(
      to: LoginFile(LoginTable(in: directory), logger: logger) { SystemClock.boot.seconds },
      capacity: Self.capacity)
  }

  /// Writes what is left.
  func close() async { await writer.close() }

  /// Remembers a session that has ended, if somebody was logged in.
  func ended(_ record: AccessLog.Record, outcome: String, on loop: any EventLoop) {
    guard let user = record.user else { return }
    let session = LoginRecord.Session(
      milliseconds: (loop.now - record.started).nanoseconds / 1_000_000, retrieved: record.retrieved,
      octets: record.bytes, deleted: record.deleted)
    append(record, user, outcome: outcome, session, on: loop)
  }

  /// Remembers a failed login. Only accounts that exist have a place here, so that nobody can fill it.
  func failed(
    _ record: AccessLog.Record, _ account: String, outcome: String, on loop: any EventLoop
  ) {
    append(record, account, outcome: outcome, nil, on: loop)
  }

  /// Whether the account of a name may be looked up whose owner gave no password: anybody can send names, so that
  /// happens ten times in a second at most.
  func mayLookUp(at now: NIODeadline) -> Bool {
    if case .log = lookUps.verdict(at: now) { true } else { false }
  }

  private func append(
    _ record: AccessLog.Record, _ account: String, outcome: String, _ session: LoginRecord.Session?,
    on loop: any EventLoop
  ) {
    let login = LoginRecord(
      time: SystemClock.wall.now / 1_000_000, account: account, service: record.service, peer: record.peer,
      tls: record.tls, outcome: outcome, session: session, app: record.app, reason: record.reason)
    // Not at once: what other sessions add meanwhile goes out in the same write.
    if writer.append(login.line) { loop.scheduleTask(in: Self.delay) { [writer] in writer.start() } }
  }
}
