internal import OceanBase
internal import Glibc
internal import Synchronization

/// Why a password file could not be read.
package enum AccountFileError: Error, Hashable, Sendable {
  /// The `errno` of opening or reading it.
  case unreadable(errno: CInt)
  case notRegularFile
  /// More than ``PasswdFile/maxLength`` bytes.
  case tooLarge
  /// The file's file system does not answer.
  case unanswered

  /// The problem as half a sentence, for people.
  package var reason: String {
    switch self {
    case .unreadable(let code): errorText(code)
    case .notRegularFile: "it is not a regular file"
    case .tooLarge: "it is larger than \(PasswdFile.maxLength >> 20) MiB"
    case .unanswered: "its file system does not answer"
    }
  }
}

/// One password file and its newest readable version.
///
/// If a file vanished or became unreadable, the last good version stays in force: a slip in its permissions
/// must not lock everybody out. The health report says so.
final class PasswdFileSource: AccountSource {
  private let path: String
  private let defaultDomain: String?
  private let now: @Sendable () -> Int64
  private let state = Mutex(State())
  /// The state without a look at the file.
  private let latest = Mutex(State())

  private struct State: Sendable {
    var file: PasswdFile?
    /// Why the newest version of the file is not `file`.
    var problem: AccountFileError?
    var stamp: FileStamp?
    /// Whether a write since the file was read would have been noticed.
    var isStampConclusive = false
  }

  init(path: String, defaultDomain: String?, now: @escaping @Sendable () -> Int64) {
    self.path = path
    self.defaultDomain = defaultDomain
    self.now = now
  }

  /// The state after a look at the file. Blocks while it is read; others wait, so that nobody is let in by a
  /// version that is known to be out of date.
  private func refreshed() -> State {
    state.withLock { state in
      do throws(AccountFileError) {
        try refresh(&state)
        state.problem = nil
      } catch {
        state.problem = error
        state.stamp = nil
      }
      latest.withLock { $0 = state }
      return state
    }
  }

  var name: String { path }

  func lookup(_ question: AccountQuestion) -> SourceAnswer {
    guard let file = refreshed().file else { return SourceAnswer(.unavailable) }
    let decoy = file.decoy.map { SourceAnswer.Decoy(password: $0.password, count: $0.count) }
    for name in question.names {
      guard let account = file.account(named: name) else { continue }
      return SourceAnswer(
        .account(account), decoy: decoy, reason: account.status == .refused ? file.refusal(of: name) : nil)
    }
    return SourceAnswer(.nobody, decoy: decoy)
  }

  func health() -> SourceHealth { health(refreshed()) }

  var lastHealth: SourceHealth { health(latest.withLock { $0 }) }

  private func health(_ state: State) -> SourceHealth {
    SourceHealth(
      name: path, counts: state.file.map { .init(active: $0.activeCount, disabled: $0.disabledCount) },
      problem: state.problem.map(SourceProblem.file))
  }

  private func refresh(_ state: inout State) throws(AccountFileError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .unreadable(errno: errno) }
    if state.isStampConclusive, state.stamp == FileStamp(status) { return }

    // The clock is read first: a write during the read is later than this.
    let time = now()
    let (contents, stamp) = try Self.read(path)
    state.stamp = stamp
    state.isStampConclusive = stamp.isConclusive(at: time)
    if let file = state.file, file.isSame(as: contents) { return }
    state.file = PasswdFile(parsing: contents, defaultDomain: defaultDomain)
  }

  private static func read(_ path: String) throws(AccountFileError) -> (contents: SecretBytes, FileStamp) {
    // Non-blocking, in case it is a FIFO.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable(errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile }
    guard status.st_size <= PasswdFile.maxLength else { throw .tooLarge }

    // No more than the reported size is read: a file that grew meanwhile has a new stamp and is read again.
    do throws(ReadError) {
      return (try SecretBytes(reading: descriptor, capacity: Int(status.st_size)), FileStamp(status))
    } catch {
      throw .unreadable(errno: error.code)
    }
  }
}
