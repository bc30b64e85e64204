internal import Glibc
internal import OceanBase
internal import Synchronization

/// The newest readable version of a password file, for all parts of the process that ask for it.
///
/// Only one thread at a time reads a file from beginning to end, whoever asks; others wait for what it finds. What was
/// read stays in memory for as long as somebody has the reader.
///
/// A look at a file that has not changed is one stat(2). If lines were appended, only these are read. Whether anything
/// else has changed as well, which no stamp can tell, is then asked of the lines of the account in question: they are read
/// and compared. A name that has no line waits until the whole file was compared.
package final class PasswdFileReader: Sendable {
  private let path: String
  private let defaultDomain: String?
  /// Never held while the file is asked, which may not answer.
  private let state = Mutex(State())
  /// Held by the thread that looks for lines that were appended.
  private let looking = Mutex(())
  /// Held by the thread that reads the file from beginning to end.
  private let reading = Mutex(())

  private struct State: Sendable {
    var version: PasswdFileVersion?
    /// Why the newest version of the file is not `version`.
    var problem: AccountFileError?
    /// The stamp for which `version` holds.
    var stamp: FileStamp?
    /// Whether the file was read from beginning to end at a time when every later write changes the stamp.
    var isConclusive = false
    /// How often reading from beginning to end was begun.
    var begun = 0
    /// How often that has ended.
    var ended = 0
    /// Whether a thread waits to read it from beginning to end once the stamp is conclusive.
    var isFollowed = false
  }

  /// What is known of a file after a look at it.
  struct Finding: Sendable {
    let version: PasswdFileVersion?
    let problem: AccountFileError?
    /// Nil if the version is the file's. Otherwise the stamp of the file whose appended lines it has; elsewhere the file
    /// may have changed.
    fileprivate let unproven: FileStamp?
  }

  private init(_ path: String, _ defaultDomain: String?) {
    (self.path, self.defaultDomain) = (path, defaultDomain)
  }

  // MARK: - Readers of the process

  private struct Key: Hashable {
    let path: String
    let defaultDomain: String?
  }

  private struct Known {
    weak var reader: PasswdFileReader?
  }

  private static let readers = Mutex<[Key: Known]>([:])

  /// The reader of a file: the one that somebody has already, or a new one.
  package static func of(_ path: String, defaultDomain: String?) -> PasswdFileReader {
    readers.withLock { readers in
      let key = Key(path: path, defaultDomain: defaultDomain)
      if let known = readers[key]?.reader { return known }
      let reader = PasswdFileReader(path, defaultDomain)
      readers = readers.filter { $0.value.reader != nil }
      readers[key] = Known(reader: reader)
      return reader
    }
  }

  // MARK: - Looks

  /// The state at the last look. Never blocks.
  var latest: Finding { state.withLock { Self.finding($0) } }

  /// Looks at the file. Blocks while it is read.
  ///
  /// - Parameter now: the wall clock, in nanoseconds since 1970.
  func look(now: @escaping @Sendable () -> Int64) -> Finding {
    if let finding = unchanged() { return finding }
    guard let finding = looking.withLock({ _ in unchanged() ?? appended() }) else { return whole(now: now) }
    if finding.unproven != nil { follow(now: now) }
    return finding
  }

  /// What is known, if the stamp says that the file is as it was read.
  private func unchanged() -> Finding? {
    let known = state.withLock { $0 }
    guard known.version != nil, known.isConclusive, known.stamp == FileStamp(ofFileAt: path) else {
      return nil
    }
    return Self.finding(known)
  }

  /// What is known, with lines that were appended since; nil if anything else has changed.
  private func appended() -> Finding? {
    let known = state.withLock { $0 }
    var status = stat()
    guard known.version != nil, stat(path, &status) == 0, let version = extended(known, status) else {
      return nil
    }
    let stamp = FileStamp(status)
    state.withLock { state in
      // What was read from beginning to end meanwhile says more.
      guard state.ended == known.ended else { return }
      state.version = version
      (state.stamp, state.isConclusive, state.problem) = (stamp, false, nil)
    }
    return Finding(version: version, problem: nil, unproven: stamp)
  }

  /// Reads the file from beginning to end, or waits for a thread that began to do so after this was called.
  func whole(now: @Sendable () -> Int64) -> Finding {
    let begun = state.withLock { $0.begun }
    return reading.withLock { _ in
      let current = state.withLock { state -> Finding? in
        if state.begun > begun { return Self.finding(state) }
        state.begun += 1
        return nil
      }
      return current ?? read(now: now)
    }
  }

  /// Looks at the file, and compares the whole if anything but its end may have changed. Blocks.
  func proven(now: @escaping @Sendable () -> Int64) -> Finding {
    let finding = look(now: now)
    return finding.unproven == nil ? finding : whole(now: now)
  }

  /// The answer to a question after a look at the file. Blocks.
  func answer(_ question: AccountQuestion, now: @escaping @Sendable () -> Int64) -> SourceAnswer {
    let finding = look(now: now)
    guard let version = finding.version else { return SourceAnswer(.unavailable) }
    guard let stamp = finding.unproven else { return version.answer(question) }
    if let name = question.names.first, version.account(named: name) != nil,
      hasLines(of: name, version, stamp)
    {
      return version.answer(question)
    }
    return whole(now: now).version?.answer(question) ?? SourceAnswer(.unavailable)
  }

  private static func finding(_ state: State) -> Finding {
    Finding(version: state.version, problem: state.problem, unproven: nil)
  }

  /// Reads the file once nobody can write to it without changing its stamp.
  private func follow(now: @escaping @Sendable () -> Int64) {
    let isFirst = state.withLock { state in
      defer { state.isFollowed = true }
      return !state.isFollowed
    }
    guard isFirst else { return }
    let isStarted = SystemThread.startDetached { [weak self] in
      usleep(2_600_000)
      guard let self else { return }
      state.withLock { $0.isFollowed = false }
      _ = whole(now: now)
    }
    if !isStarted { state.withLock { $0.isFollowed = false } }
  }

  /// Begins to read the file on a thread of its own, if it was not read yet. Does not wait for that.
  ///
  /// - Throws: if the file cannot be opened.
  func begin(now: @escaping @Sendable () -> Int64) throws(AccountFileError) {
    let descriptor = try Self.open(path).descriptor
    defer { close(descriptor) }
    var byte: UInt8 = 0
    guard Glibc.pread(descriptor, &byte, 1, 0) >= 0 else { throw .unreadable(errno: errno) }
    guard state.withLock({ $0.version == nil && $0.begun == 0 }) else { return }
    // Without a thread, the first login reads it.
    _ = SystemThread.startDetached { [self] in _ = whole(now: now) }
  }

  /// The file parsed as a whole, with all that there is to say about its lines. Blocks.
  ///
  /// - Parameter now: the wall clock, in nanoseconds since 1970.
  package func parsed(now: @escaping @Sendable () -> Int64) throws(AccountFileError) -> PasswdFile {
    let finding = proven(now: now)
    if let problem = finding.problem { throw problem }
    if let version = finding.version, version.tail == nil { return version.base }
    let result = reading.withLock { _ in
      Result { () throws(AccountFileError) in
        let (descriptor, status) = try Self.open(path)
        defer { close(descriptor) }
        return try Self.contents(descriptor, status)
      }
    }
    return PasswdFile(parsing: try result.get(), defaultDomain: defaultDomain)
  }

  // MARK: - Reading

  /// Reads the file and notes what was found.
  private func read(now: () -> Int64) -> Finding {
    let known = state.withLock { $0.version }
    // The clock is read first: a write during the read is later than this.
    let time = now()
    let result = Result { () throws(AccountFileError) in
      let (descriptor, status) = try Self.open(path)
      defer { close(descriptor) }
      return (try version(descriptor, status, known), FileStamp(status))
    }
    return state.withLock { state in
      state.ended += 1
      switch result {
      case .success(let (version, stamp)):
        state.version = version
        (state.stamp, state.problem, state.isConclusive) = (stamp, nil, stamp.isConclusive(at: time))
      case .failure(let error):
        (state.problem, state.stamp, state.isConclusive) = (error, nil, false)
      }
      return Self.finding(state)
    }
  }

  /// - Parameter known: a version that the file may still be, or begin with.
  private func version(
    _ descriptor: CInt, _ status: stat, _ known: PasswdFileVersion?
  ) throws(AccountFileError) -> PasswdFileVersion {
    if let known, status.st_size >= known.base.length,
      Int(status.st_size) - known.base.length <= PasswdFileVersion.maxTailLength, known.isAppendable,
      try Self.begins(descriptor, with: known.base)
    {
      return try Self.extended(known, descriptor, Int(status.st_size), defaultDomain)
    }
    return PasswdFileVersion(parsing: try Self.contents(descriptor, status), defaultDomain: defaultDomain)
  }

  /// The version of a file that has grown, or that may not have changed at all; nil if its stamp says otherwise, or if it
  /// does not go on where the version ends.
  private func extended(_ state: State, _ status: stat) -> PasswdFileVersion? {
    let stamp = FileStamp(status)
    guard let version = state.version, version.isAppendable, let last = state.stamp,
      last.isSameFile(as: stamp), stamp.size > last.size || stamp == last,
      stamp.size - version.base.length <= PasswdFileVersion.maxTailLength,
      let (descriptor, opened) = try? Self.open(path)
    else { return nil }
    defer { close(descriptor) }
    guard FileStamp(opened) == stamp,
      Self.isSame(descriptor, as: version.base, in: max(0, version.base.length - 4096)..<version.base.length)
    else { return nil }
    return try? Self.extended(version, descriptor, stamp.size, defaultDomain)
  }

  /// The version with the rest of the file.
  private static func extended(
    _ version: PasswdFileVersion, _ descriptor: CInt, _ size: Int, _ defaultDomain: String?
  ) throws(AccountFileError) -> PasswdFileVersion {
    let rest = try octets(descriptor, version.base.length..<size)
    if rest.count == version.tail?.length ?? 0,
      rest.withUnsafeBytes({ version.tail?.isSame(as: $0, at: 0) ?? true })
    {
      return version
    }
    return PasswdFileVersion(base: version.base, appended: rest, defaultDomain: defaultDomain)
  }

  /// Whether the lines of an account are in the file as they are in the version.
  private func hasLines(of name: AccountName, _ version: PasswdFileVersion, _ stamp: FileStamp) -> Bool {
    // What was appended has just been read.
    let places = version.base.places(of: name)
    guard let (descriptor, status) = try? Self.open(path) else { return false }
    defer { close(descriptor) }
    guard FileStamp(status) == stamp else { return false }
    // The end of the line before belongs to it.
    return places.allSatisfy { place in
      Self.isSame(descriptor, as: version.base, in: max(0, place.lowerBound - 1)..<place.upperBound)
    }
  }

  private static func isSame(_ descriptor: CInt, as file: PasswdFile, in range: Range<Int>) -> Bool {
    guard let found = try? octets(descriptor, range), found.count == range.count else { return false }
    return found.withUnsafeBytes { file.isSame(as: $0, at: range.lowerBound) }
  }

  /// Whether the file begins with all of a version's whole lines.
  private static func begins(_ descriptor: CInt, with base: PasswdFile) throws(AccountFileError) -> Bool {
    let size = 256 << 10
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer {
      if let start = buffer.baseAddress { explicit_bzero(start, size) }
      buffer.deallocate()
    }
    var position = 0
    while position < base.length {
      let count = pread(descriptor, buffer.baseAddress, min(size, base.length - position), position)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(errno: errno) }
      guard count > 0, base.isSame(as: UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: position)
      else {
        return false
      }
      position += count
    }
    return true
  }

  private static func octets(_ descriptor: CInt, _ range: Range<Int>) throws(AccountFileError) -> SecretBytes
  {
    try SecretBytes(capacity: range.count) { memory throws(AccountFileError) in
      var count = 0
      while count < range.count {
        let more = pread(
          descriptor, memory.baseAddress.map { $0 + count }, range.count - count, range.lowerBound + count)
        if more < 0, errno == EINTR { continue }
        guard more >= 0 else { throw .unreadable(errno: errno) }
        if more == 0 { break }
        count += more
      }
      return count
    }
  }

  private static func open(_ path: String) throws(AccountFileError) -> (descriptor: CInt, status: stat) {
    // Non-blocking, in case it is a FIFO.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(errno: errno) }
    var status = stat()
    do throws(AccountFileError) {
      guard fstat(descriptor, &status) == 0 else { throw .unreadable(errno: errno) }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegularFile }
      guard status.st_size <= PasswdFile.maxLength else { throw .tooLarge }
    } catch {
      close(descriptor)
      throw error
    }
    return (descriptor, status)
  }

  private static func contents(_ descriptor: CInt, _ status: stat) throws(AccountFileError) -> SecretBytes {
    // No more than the reported size is read: a file that grew meanwhile has a new stamp and is read again.
    try octets(descriptor, 0..<Int(status.st_size))
  }
}
