import CLinux
import Glibc
package import OceanCompiler

extension Facts.Permissions {
  /// Asks what the user `name` may do; nil if this process can not tell, being neither root nor that user.
  ///
  /// - Parameter others: further uses, which are asked about last: their files may be on a file system that
  ///   does not answer.
  init?(of name: String, _ uses: [String: FactRequest.Use], and others: [String: FactRequest.Use]) {
    guard let user = User(named: name) else { return nil }
    self.init(user, groups: user.groups(name), uses, others)
  }

  /// Asks what this process may do.
  ///
  /// - Parameter others: further uses, which are asked about last.
  init?(ofThisProcess uses: [String: FactRequest.Use], and others: [String: FactRequest.Use]) {
    self.init(nil, groups: [], uses, others)
  }

  private init?(
    _ user: User?, groups: [gid_t], _ uses: [String: FactRequest.Use], _ others: [String: FactRequest.Use]
  ) {
    var kernel = Kernel(user, groups: groups)
    for (path, use) in uses { kernel.ask(path, use) }
    for (path, use) in others where uses[path] == nil { kernel.ask(path, use) }
    guard let paths = kernel.answers else { return nil }
    self.init(group: user?.groupName, paths: paths)
  }

  /// The permissions for the paths of these uses alone.
  func limited(to uses: [String: FactRequest.Use]) -> Facts.Permissions {
    Facts.Permissions(group: group, paths: paths.filter { uses[$0.key] != nil })
  }

  /// Asks the kernel everything at once: each path together with the directories that lead there.
  private struct Kernel {
    /// The user; nil for this process.
    let user: User?
    let groups: [gid_t]
    private typealias Question = KernelQuestions.Question
    private var questions: [Question] = []
    private var numbers: [Question: Int] = [:]
    /// The questions that must all be granted for each path, those about directories first.
    private var needs: [String: [Int]] = [:]

    init(_ user: User?, groups: [gid_t]) {
      self.user = user
      self.groups = groups
    }

    /// Adds the questions about a path. A path that does not exist is left out: nobody may do anything with
    /// it.
    mutating func ask(_ path: String, _ use: FactRequest.Use) {
      var target = path
      var mode =
        switch use {
        case .read: R_OK
        case .write, .connect: W_OK
        case .fill, .change: R_OK | W_OK | X_OK
        case .keep: R_OK | W_OK | (Files.isDirectory(path) ? X_OK : 0)
        }
      if access(path, F_OK) != 0 {
        guard use == .write, errno == ENOENT else { return }
        target = Files.directory(of: path)
        mode = W_OK | X_OK
      }
      let (directories, end) = Files.way(to: target)
      let way = directories.map { Question(path: $0, mode: X_OK) }
      let below: [String] =
        switch use {
        case .read, .write, .connect, .change: []
        case .fill: ["ocean.lock", "mailbox.locks", "locks"]
        case .keep:
          Files.names(in: end).filter { $0 != "." && $0 != ".." }.sorted().prefix(Self.maxKept).map(\.self)
        }
      needs[path] =
        (way + [Question(path: end, mode: mode)]
        + below.map { Question(path: "\(end)/\($0)", mode: R_OK | W_OK) }).map { number(of: $0) }
    }

    /// A server has an index for each mailbox. The owner of the first thousands of them owns the others too.
    private static let maxKept = 4096

    private mutating func number(of question: Question) -> Int {
      if let number = numbers[question] { return number }
      numbers[question] = questions.count
      questions.append(question)
      return questions.count - 1
    }

    /// The permissions by path; nil if the kernel could not be asked.
    var answers: [String: Facts.Permission]? {
      guard let found = KernelQuestions.ask(questions, as: user, groups: groups) else { return nil }
      return needs.compactMapValues { numbers in
        var obstacles: [String] = []
        for number in numbers {
          let path = questions[number].path
          switch found.codes[number] {
          // A missing path will be made.
          case 0, ENOENT: continue
          case EROFS: return .readOnly(at: path)
          case ETIMEDOUT: return nil
          // The paths behind a closed directory fail too, unless each answer is about its path alone.
          default: if obstacles.isEmpty || found.areIndependent { obstacles.append(path) }
          }
        }
        return obstacles.isEmpty ? .granted : .denied(by: obstacles)
      }
    }
  }
}

extension Facts.Place {
  /// Nil if nothing is there, or this process cannot get there.
  package init?(at path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(
      owner: User.name(of: status.st_uid) ?? "\(status.st_uid)",
      group: User.groupName(of: status.st_gid) ?? "\(status.st_gid)",
      mode: Int(status.st_mode & 0o7777), isDirectory: status.st_mode & S_IFMT == S_IFDIR)
  }
}

extension User {
  /// All groups of the user; its own alone if there are more than 1024.
  fileprivate func groups(_ name: String) -> [gid_t] {
    var count: Int32 = 1024
    var groups = [gid_t](repeating: gid, count: Int(count))
    guard getgrouplist(name, gid, &groups, &count) >= 0 else { return [gid] }
    return Array(groups.prefix(Int(count)))
  }

  fileprivate var groupName: String? { Self.groupName(of: gid) }

  static func groupName(of number: gid_t) -> String? {
    var entry = group()
    var found: UnsafeMutablePointer<group>?
    var buffer = [CChar](repeating: 0, count: 64 * 1024)
    guard getgrgid_r(number, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
    return String(cString: entry.gr_name)
  }
}
