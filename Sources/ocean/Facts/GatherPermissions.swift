import CLinux
import Glibc
import OceanCompiler

extension Facts.Permissions {
  /// What the user `name` may do; nil if this process can not tell, being neither root nor that user.
  init?(of name: String, _ uses: [String: FactRequest.Use]) {
    guard let user = User(named: name) else { return nil }
    var kernel = Kernel(user, groups: user.groups(name))
    for (path, use) in uses { kernel.ask(path, use) }
    guard let paths = kernel.answers else { return nil }
    self.init(group: user.groupName, paths: paths)
  }

  /// Asks the kernel everything at once, with each path about the directories that lead there.
  private struct Kernel {
    let user: User
    let groups: [gid_t]
    private var questions: [Question] = []
    private var numbers: [Question: Int] = [:]
    /// Of each path the questions of which all must be granted, those about directories first.
    private var needs: [String: [Int]] = [:]

    private struct Question: Hashable {
      let path: String
      let mode: Int32
    }

    init(_ user: User, groups: [gid_t]) {
      self.user = user
      self.groups = groups
    }

    /// A path that does not exist is left out: nobody may do anything with it.
    mutating func ask(_ path: String, _ use: FactRequest.Use) {
      var target = path
      var mode = use == .read ? R_OK : use == .write ? W_OK : W_OK | X_OK
      if access(path, F_OK) != 0 {
        guard use == .write, errno == ENOENT else { return }
        target = Files.directory(of: path)
        mode = W_OK | X_OK
      }
      guard let real = Files.real(target) else { return }
      needs[path] =
        (Files.directories(leadingTo: real).map { Question(path: $0, mode: X_OK) }
        + [Question(path: target, mode: mode)]).map { number(of: $0) }
    }

    private mutating func number(of question: Question) -> Int {
      if let number = numbers[question] { return number }
      numbers[question] = questions.count
      questions.append(question)
      return questions.count - 1
    }

    /// By path; nil if the kernel was not to be asked.
    var answers: [String: Facts.Permission]? {
      guard let granted = isGranted else { return nil }
      return needs.mapValues { numbers in
        let refused = numbers.first { granted.indices.contains($0) && !granted[$0] }
        return refused.map { .denied(by: questions[$0].path) } ?? .granted
      }
    }

    private var isGranted: [Bool]? {
      if questions.isEmpty { return [] }
      if geteuid() == user.uid {
        return questions.map { faccessat(AT_FDCWD, $0.path, $0.mode, AT_EACCESS) == 0 }
      }
      guard geteuid() == 0 else { return nil }
      var answers = [Bool](repeating: false, count: questions.count)
      let paths = questions.map { strdup($0.path) }
      defer { paths.forEach { free($0) } }
      guard paths.allSatisfy({ $0 != nil }) else { return nil }
      let isAnswered = ocean_may_access(
        user.uid, user.gid, groups, Int32(groups.count), paths.map { UnsafePointer($0) },
        questions.map(\.mode),
        &answers, Int32(questions.count))
      return isAnswered ? answers : nil
    }
  }
}

extension User {
  /// All of its groups; its own alone if they are more than fit.
  fileprivate func groups(_ name: String) -> [gid_t] {
    var count: Int32 = 1024
    var groups = [gid_t](repeating: gid, count: Int(count))
    guard getgrouplist(name, gid, &groups, &count) >= 0 else { return [gid] }
    return Array(groups.prefix(Int(count)))
  }

  fileprivate var groupName: String? {
    var entry = group()
    var found: UnsafeMutablePointer<group>?
    var buffer = [CChar](repeating: 0, count: 64 * 1024)
    guard getgrgid_r(gid, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
    return String(cString: entry.gr_name)
  }
}
