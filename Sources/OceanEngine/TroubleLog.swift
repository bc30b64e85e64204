import Logging
import NIOCore
import Synchronization

/// Logs what goes wrong with mail, of which clients are told in two words at most.
///
/// Each trouble is logged once in an hour: a client tries again every minute, and the owner of a Maildir can
/// put any number of unreadable files into it. So in each hour there is room for some troubles of each
/// mailbox, and for a total of all. Where that is used up, this is logged once.
final class TroubleLog: Sendable {
  private static let hour = TimeAmount.hours(1)
  static let maxOfOne = 8
  static let maxOfAll = 1000

  private struct Hour {
    var start: NIODeadline?
    /// What was logged, by the owner of the mail.
    var said: [String: Set<String>] = [:]
    var count = 0
  }

  private enum Verdict {
    case say
    case sayMore
    case sayNoMore
    case keepQuiet
  }

  private let logger: Logger
  private let now: @Sendable () -> NIODeadline
  private let hour = Mutex(Hour())

  init(logger: Logger, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
    (self.logger, self.now) = (logger, now)
  }

  /// - Parameters:
  ///   - message: what the trouble is about, the same for all troubles of the kind.
  ///   - owner: the owner of the mail: troubles of one do not hide those of others.
  ///   - reason: what is wrong with which file. A reason that was logged in this hour is not logged again.
  func report(
    _ message: String, of owner: String, reason: String, _ metadata: @autoclosure () -> Logger.Metadata = [:],
    level: Logger.Level = .warning
  ) {
    let verdict = verdict(of: owner, "\(message) \(reason)")
    switch verdict {
    case .keepQuiet: break
    case .say:
      logger.log(
        level: level, "\(message)", metadata: metadata().merging(["reason": "\(reason)"]) { own, _ in own })
    case .sayMore:
      logger.warning(
        "there are more problems here than are logged within an hour",
        metadata: metadata().merging(["for_example": "\(message): \(reason)"]) { own, _ in own })
    case .sayNoMore:
      logger.warning("there are more problems with mail than are logged within an hour")
    }
  }

  private func verdict(of owner: String, _ text: String) -> Verdict {
    let now = now()
    return hour.withLock { hour in
      if hour.start.map({ now - $0 >= Self.hour }) ?? true { hour = Hour(start: now) }
      guard hour.count <= Self.maxOfAll else { return .keepQuiet }
      let said = hour.said[owner]?.count ?? 0
      guard said <= Self.maxOfOne, hour.said[owner, default: []].insert(text).inserted else {
        return .keepQuiet
      }
      hour.count += 1
      if hour.count > Self.maxOfAll { return .sayNoMore }
      return said < Self.maxOfOne ? .say : .sayMore
    }
  }
}
