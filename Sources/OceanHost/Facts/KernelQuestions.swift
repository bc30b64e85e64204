import CLinux
import Glibc

/// Asks the kernel many questions about files at once, in a process of its own: a file system that does not
/// answer blocks only that process.
struct KernelQuestions {
  struct Question: Hashable {
    let path: String
    /// The mode of access(2).
    let mode: Int32
  }

  struct Answers {
    /// The errno of each question: 0 if it is granted, ETIMEDOUT if there was no answer.
    let codes: [Int32]
    /// Whether an answer is about the path alone, and not also about the directories that lead there.
    let areIndependent: Bool
  }

  /// Milliseconds for all questions together. A slower answer is of no use to somebody who waits for a config
  /// to be checked.
  private static let timeout: Int32 = 2000

  /// Nil if the kernel could not be asked: this process is neither root nor that user, or has no child.
  ///
  /// - Parameter user: the user that asks; nil for this process.
  static func ask(_ questions: [Question], as user: User?, groups: [gid_t] = []) -> Answers? {
    guard !questions.isEmpty else { return Answers(codes: [], areIndependent: true) }
    var asker = ocean_asker()
    asker.group_count = -1
    if let user, geteuid() != user.uid {
      guard geteuid() == 0 else { return nil }
      (asker.uid, asker.gid, asker.group_count) = (user.uid, user.gid, Int32(groups.count))
    }
    let isOther = asker.group_count >= 0
    var codes = [Int32](repeating: 0, count: questions.count)
    let paths = questions.map { strdup($0.path) }
    defer { paths.forEach { free($0) } }
    guard paths.allSatisfy({ $0 != nil }) else { return nil }
    let isAnswered = groups.withUnsafeBufferPointer { groups in
      asker.groups = groups.baseAddress
      return ocean_may_access(
        &asker, paths.map { UnsafePointer($0) }, questions.map(\.mode), &codes, Int32(questions.count),
        timeout)
    }
    return isAnswered ? Answers(codes: codes, areIndependent: isOther && asker.are_independent) : nil
  }
}
