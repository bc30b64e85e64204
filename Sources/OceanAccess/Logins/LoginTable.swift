internal import Glibc
internal import OceanBase

/// The last logins of each account, in the file `logins` of the state directory.
///
/// The file is a first line, `ocean logins 1`, and a line for each login, the newest last (``LoginRecord``).
/// The server appends to it. It rewrites the file when it has grown to twice its length: of each account, only
/// the last sessions and failures stay, and if there are more accounts than the table has room for, those with
/// the latest sessions. What fails for an account cannot push another account out.
///
/// A line that has no end was being written when a process or machine stopped, and is ignored. All functions
/// block the thread. One process may write at a time; any number may read.
package struct LoginTable: Sendable {
  /// How much of one account is kept, and of how many accounts.
  package struct Bounds: Sendable {
    package var sessions = 8
    package var failures = 4
    package var accounts = 100_000

    package init() {}
  }

  /// Why the file cannot be used.
  package enum Problem: Error, Sendable, Hashable {
    /// The step, the file, and the `errno`.
    case system(String, path: String, Int32)
    case notRegularFile
    /// The file does not begin as a table does.
    case notATable
    /// So many lines are not as the server writes them.
    case lines(Int)
  }

  /// A table that has been rewritten, for appending.
  package struct Rewritten: Sendable {
    package let descriptor: Int32
    /// The length from which on it is to be rewritten.
    package let limit: Int
    /// What was wrong with the table before, which may have been that it could not be read; it is now
    /// `logins.damaged`. The lines that could be read are in the new one.
    package let damage: Problem?
  }

  /// A file up to this long is not rewritten because of its length.
  static let leastLimit = 1 << 20
  private static let header = Array("ocean logins 1\n".utf8)

  package let path: String
  let bounds: Bounds

  package init(in directory: String, bounds: Bounds = Bounds()) {
    path = "\(directory)/logins"
    self.bounds = bounds
  }

  // MARK: - Reading

  /// The logins of an account, the newest first.
  package struct LastLogins: Sendable, Hashable {
    package var sessions: [LoginRecord] = []
    package var failures: [LoginRecord] = []
    /// How many lines of the file cannot be read; some may have been of this account.
    package var unreadable = 0
  }

  /// Finds the last logins of an account; if the file is missing, it finds nothing.
  ///
  /// - Parameter names: the names that the account may have.
  package func logins(of names: Set<String>) throws(Problem) -> LastLogins {
    var found = LastLogins()
    guard let descriptor = try open() else { return found }
    defer { close(descriptor) }
    let names = names.map { Array($0.utf8) }
    try forEachLine(of: descriptor) { line in
      guard let head = LoginRecord.head(of: line) else { return found.unreadable += 1 }
      guard names.contains(where: head.account.elementsEqual) else { return }
      guard let record = LoginRecord(line) else { return found.unreadable += 1 }
      if record.session == nil { found.failures.append(record) } else { found.sessions.append(record) }
    }
    found.sessions = found.sessions.suffix(bounds.sessions).reversed()
    let untried = found.failures.last { $0.kind == .untried }
    let failures = found.failures.filter { $0.kind == .failure }.suffix(bounds.failures)
    found.failures = (failures + [untried].compactMap(\.self)).sorted { $0.time < $1.time }.reversed()
    return found
  }

  // MARK: - Rewriting

  /// Replaces the file with one that has only what is kept. The descriptor is the caller's.
  package func rewritten() throws(Problem) -> Rewritten {
    var damage: Problem?
    var selection = LoginSelection(bounds)
    var old: Int32?
    do throws(Problem) {
      old = try open()
      if let old { try forEachLine(of: old) { selection.count($0) } }
    } catch .system(let step, let path, let code) where old != nil || code != EACCES {
      if let old { close(old) }
      throw .system(step, path: path, code)
    } catch {
      damage = error
      if let old { close(old) }
      old = nil
    }
    defer { if let old { close(old) } }
    if selection.unreadable > 0 { damage = .lines(selection.unreadable) }
    selection.choose()
    let (descriptor, length) = try write(&selection, from: old, settingAside: damage != nil)
    return Rewritten(descriptor: descriptor, limit: max(2 * length, Self.leastLimit), damage: damage)
  }

  private func write(
    _ selection: inout LoginSelection, from old: Int32?, settingAside isDamaged: Bool
  ) throws(Problem) -> (descriptor: Int32, length: Int) {
    let new = path + ".new"
    // A process that was killed may have left a file there.
    unlink(new)
    // Members of the group may use the control socket, which shows sessions as well.
    let descriptor = Glibc.open(new, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard descriptor >= 0 else { throw failure("open", new) }
    do throws(Problem) {
      var output = Self.header
      var length = 0
      func flush() throws(Problem) {
        length += output.count
        do throws(WriteError) { try writeAll(output, to: descriptor) } catch {
          throw .system("write", path: new, error.code)
        }
        output.removeAll(keepingCapacity: true)
      }
      if let old {
        guard lseek(old, 0, SEEK_SET) == 0 else { throw failure("read", path) }
        try forEachLine(of: old) { (line) throws(Problem) in
          guard selection.keepsNext() else { return }
          output += line
          output.append(LoginRecord.lineEnd)
          if output.count >= Self.chunk { try flush() }
        }
      }
      try flush()
      guard fsync(descriptor) == 0 else { throw failure("sync", new) }
      if isDamaged, rename(path, path + ".damaged") != 0, errno != ENOENT { throw failure("rename", path) }
      guard rename(new, path) == 0 else { throw failure("rename", new) }
      return (descriptor, length)
    } catch {
      close(descriptor)
      unlink(new)
      throw error
    }
  }

  // MARK: - The file

  /// Opens the file; nil if it is missing.
  private func open() throws(Problem) -> Int32? {
    do throws(RegularFileError) {
      return try openRegularFile(path, O_RDONLY)
    } catch .system(ENOENT) {
      return nil
    } catch .system(let code) {
      throw .system("open", path: path, code)
    } catch {
      throw .notRegularFile
    }
  }

  private static let chunk = 256 << 10

  /// Calls `body` with every line that has an end, without the first line and without the ends. Octets that fill
  /// a chunk without the end of a line count as a line.
  private func forEachLine(
    of descriptor: Int32, _ body: (UnsafeRawBufferPointer) throws(Problem) -> Void
  ) throws(Problem) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
    defer { buffer.deallocate() }
    var filled = 0
    var isAtStart = true
    while true {
      let count = read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("read", path)
      }
      filled += count
      var rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<filled])
      if isAtStart, filled >= Self.header.count || count == 0 {
        guard rest.starts(with: Self.header) else {
          // A file that was being made, by a process that was killed.
          if count == 0, Self.header.starts(with: rest) { return }
          throw .notATable
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[Self.header.count...])
        isAtStart = false
      }
      if count == 0 { return }
      if isAtStart { continue }
      while let end = rest.firstIndex(of: LoginRecord.lineEnd, from: 0) {
        if end > 0 { try body(UnsafeRawBufferPointer(rebasing: rest[..<end])) }
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
      }
      if rest.count == buffer.count {
        try body(rest)
        rest = UnsafeRawBufferPointer(rebasing: rest[rest.count...])
      }
      filled = rest.count
      if filled > 0, let start = rest.baseAddress {
        buffer.baseAddress?.copyMemory(from: start, byteCount: filled)
      }
    }
  }

  private func failure(_ step: String, _ path: String) -> Problem { .system(step, path: path, errno) }
}

extension LoginTable.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let step, let path, let code): "cannot \(step) \(path): \(errorText(code))"
    case .notRegularFile: "it is not a regular file"
    case .notATable: "it is not a table of logins of this version"
    case .lines(1): "one of its lines is wrong; the others were read"
    case .lines(let count): "\(count) of its lines are wrong; the others were read"
    }
  }
}
