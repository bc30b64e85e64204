internal import OceanBase

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
  private let reader: PasswdFileReader
  private let now: @Sendable () -> Int64

  init(path: String, defaultDomain: String?, now: @escaping @Sendable () -> Int64) {
    self.path = path
    self.now = now
    reader = .of(path, defaultDomain: defaultDomain)
  }

  var name: String { path }

  func lookup(_ question: AccountQuestion) -> SourceAnswer { reader.answer(question, now: now) }

  func health() -> SourceHealth { health(reader.proven(now: now)) }

  var lastHealth: SourceHealth { health(reader.latest) }

  /// The state of the source, as far as it can be told without reading a file that was not read yet: whether it can be
  /// opened. Then reading begins.
  func begin() -> SourceHealth {
    do throws(AccountFileError) {
      try reader.begin(now: now)
      return SourceHealth(name: path, counts: lastHealth.counts, problem: nil)
    } catch {
      return SourceHealth(name: path, counts: nil, problem: .file(error))
    }
  }

  private func health(_ finding: PasswdFileReader.Finding) -> SourceHealth {
    SourceHealth(
      name: path,
      counts: finding.version.map { .init(active: $0.activeCount, disabled: $0.disabledCount) },
      problem: finding.problem.map(SourceProblem.file))
  }
}
