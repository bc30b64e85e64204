import Dispatch
import OceanHost
import Synchronization

/// A user of the control socket.
struct ChangeClient: Sendable {
  let uid: UInt32
  /// Nil if the user has none, or it could not be found in time.
  let name: String?

  init(uid: UInt32, name: String?) {
    self.uid = uid
    self.name = name
  }

  /// Looks the user's name up, beside all changes: a directory service may not answer, and a plan that nobody
  /// confirms must be reverted all the same.
  ///
  /// - Parameter lookup: asks for the name of a user.
  init(
    uid: UInt32, within time: DispatchTimeInterval = .seconds(2),
    lookup: @escaping @Sendable (UInt32) -> String? = { User.name(of: $0) }
  ) async {
    let name = await withCheckedContinuation { continuation in
      let answer = Answer(continuation)
      Self.lookups.async { answer.give(lookup(uid)) }
      Self.clock.asyncAfter(deadline: .now() + time) { answer.give(nil) }
    }
    self.init(uid: uid, name: name)
  }

  /// One thread for all lookups, as those that hang may be many.
  private static let lookups = DispatchQueue(label: "users")
  private static let clock = DispatchQueue(label: "users.time")

  /// The first answer counts.
  private final class Answer: Sendable {
    private let continuation: Mutex<CheckedContinuation<String?, Never>?>

    init(_ continuation: CheckedContinuation<String?, Never>) { self.continuation = Mutex(continuation) }

    func give(_ name: String?) { continuation.withLock { $0.take() }?.resume(returning: name) }
  }
}
