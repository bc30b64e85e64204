import Glibc
import Logging
import NIOCore
import NIOPosix
import OceanAddresses
import OceanBase
import OceanPlan
import OceanPOP3
import Synchronization

/// One line of JSON for each session, refusal and failed login.
///
/// Lines are collected in memory and written by a thread of the log's own, so that a slow disk delays no
/// session. If that thread falls behind by more than `capacity`, lines are dropped and counted.
final class AccessLog: Sendable {
  private static let capacity = 4 << 20
  private static let delay = TimeAmount.milliseconds(200)

  private struct Pending {
    var bytes: [UInt8] = []
    var dropped = 0
    var isWriting = false
  }

  private struct File {
    let descriptor: Int32
    /// Whether the last line lacks its end.
    var isTorn = false
    /// Why the file that now has the name is not written to, as last reported.
    var problem: OpenError?
  }

  /// Why the file of that name cannot be the log.
  enum OpenError: Error, Hashable {
    case system(Int32)
    /// Opening it could keep a thread waiting for ever, or take the lines elsewhere.
    case notRegularFile

    /// Half a sentence for people.
    var reason: String {
      switch self {
      // Opening a symbolic link fails with ELOOP; opening a FIFO that nobody reads, with ENXIO.
      case .system(ELOOP), .system(ENXIO), .notRegularFile: "it is not a regular file"
      case .system(let code): errorText(code)
      }
    }
  }

  private let path: String
  private let pending = Mutex(Pending())
  private let lost = Atomic(0)
  /// A pool of one thread: writes stay in order, and nothing else waits behind them.
  private let writer: NIOThreadPool
  private let file: Mutex<File>
  private let logger: Logger

  /// - Throws: if the file cannot be opened, or is not a regular file.
  init(path: String, logger: Logger) throws(OpenError) {
    self.path = path
    self.logger = logger
    file = Mutex(File(descriptor: try Self.open(path)))
    writer = NIOThreadPool(numberOfThreads: 1)
    writer.start()
  }

  deinit {
    // The pool's thread would keep it alive.
    writer.shutdownGracefully { _ in }
    file.withLock { _ = Glibc.close($0.descriptor) }
  }

  private static func open(_ path: String) throws(OpenError) -> Int32 {
    // O_NONBLOCK: opening a FIFO would keep the thread waiting for a reader.
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let fd = Glibc.open(path, flags, 0o640)
    guard fd >= 0 else { throw .system(errno) }
    var status = stat()
    guard fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      _ = Glibc.close(fd)
      throw .notRegularFile
    }
    _ = fcntl(fd, F_SETFL, O_APPEND)
    return fd
  }

  /// The number of lines that could not be written so far.
  var lostLines: Int { lost.load(ordering: .relaxed) }

  /// Writes what is left and closes the file.
  func close() async {
    write()
    try? await writer.shutdownGracefully()
  }

  // MARK: - Lines

  /// What is known of a session when it begins; the rest is filled in until it ends.
  struct Record: Sendable {
    let service: String
    /// The client.
    let peer: IPAddress
    /// The proxy that forwards the client, if there is one.
    var proxy: IPAddress?
    let local: Endpoint
    let started: NIODeadline
    let plan: String
    /// The TLS version; nil without TLS.
    var tls: String?
    var user: String?
    var retrieved = 0
    /// How often a message was wanted and could not be sent, except because it had been removed.
    var failed = 0
    var bytes: UInt64 = 0
    var deleted = 0
  }

  func session(_ record: Record, outcome: String, on loop: any EventLoop) {
    append(event: "session", record, user: record.user, outcome: outcome, on: loop)
  }

  /// - Parameter rule: where the rule that decided is written, if a rule decided.
  func refused(_ record: Record, outcome: String, rule: String?, on loop: any EventLoop) {
    append(event: "refused", record, user: nil, outcome: outcome, rule: rule, on: loop)
  }

  func loginFailed(_ record: Record, user: String, failure: LoginFailure, on loop: any EventLoop) {
    append(event: "login_failed", record, user: user, outcome: failure.outcome, on: loop)
  }

  private func append(
    event: String, _ record: Record, user: String?, outcome: String, rule: String? = nil,
    on loop: any EventLoop
  ) {
    var line = JSONLine()
    line.add("time", Timestamp.text(nanoseconds: SystemClock.wall.now))
    line.add("event", event)
    line.add("service", record.service)
    line.add("peer", record.peer.description)
    if let proxy = record.proxy { line.add("proxy", proxy.description) }
    line.add("local", record.local.description)
    line.add("tls", record.tls)
    line.add("user", user)
    line.add("outcome", outcome)
    if let rule { line.add("rule", rule) }
    line.add("retrieved", record.retrieved)
    if record.failed > 0 { line.add("failed", record.failed) }
    line.add("bytes", record.bytes)
    line.add("deleted", record.deleted)
    line.add("seconds", milliseconds: (loop.now - record.started).nanoseconds / 1_000_000)
    line.add("plan", record.plan)
    let bytes = line.finish()

    let mustWrite = pending.withLock { pending in
      guard pending.bytes.count + bytes.count <= Self.capacity else {
        pending.dropped += 1
        lost.wrappingAdd(1, ordering: .relaxed)
        return false
      }
      pending.bytes += bytes
      defer { pending.isWriting = true }
      return !pending.isWriting
    }
    // Not at once: lines that other sessions add meanwhile go out in the same write.
    if mustWrite { loop.scheduleTask(in: Self.delay) { [self] in write() } }
  }

  // MARK: - Writing

  private func write() {
    writer.submit { [self] _ in
      let (bytes, dropped) = pending.withLock { pending in
        defer { pending = Pending() }
        return (pending.bytes, pending.dropped)
      }
      if dropped > 0 { logger.error("access log fell behind", metadata: ["lost_lines": "\(dropped)"]) }
      if !bytes.isEmpty { write(bytes) }
    }
  }

  private func write(_ bytes: [UInt8]) {
    file.withLock { file in
      reopenIfRotated(&file)
      // A full disk may have taken half a line: the next line must not be glued to it.
      var rest = (file.isTorn ? [UInt8(ascii: "\n")] + bytes : bytes)[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
        if count < 0 {
          if errno == EINTR { continue }
          let lines = rest.count { $0 == UInt8(ascii: "\n") }
          lost.wrappingAdd(lines, ordering: .relaxed)
          logger.error(
            "cannot write the access log",
            metadata: ["path": "\(path)", "lost_lines": "\(lines)", "error": "\(errorText(errno))"])
          return
        }
        if let last = rest.prefix(count).last { file.isTorn = last != UInt8(ascii: "\n") }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Opens the file that now has the name, if it is a different file, or creates it. While that file cannot
  /// be the log, lines go to the file that had the name before: after a rotation they are found there.
  private func reopenIfRotated(_ file: inout File) {
    var named = stat()
    var held = stat()
    if stat(path, &named) == 0, fstat(file.descriptor, &held) == 0, named.st_ino == held.st_ino,
      named.st_dev == held.st_dev
    {
      file.problem = nil
      return
    }
    do {
      let new = try Self.open(path)
      _ = Glibc.close(file.descriptor)
      file = File(descriptor: new)
    } catch {
      guard file.problem != error else { return }
      file.problem = error
      logger.error(
        "cannot open the access log that has the name now; lines go to the file that had it before",
        metadata: ["path": "\(path)", "error": "\(error.reason)"])
    }
  }
}

extension LoginFailure {
  /// The outcome as the access log writes it.
  fileprivate var outcome: String {
    switch self {
    case .credentials: "wrong_credentials"
    case .inUse: "in_use"
    case .temporary: "temporary_failure"
    case .permanent: "permanent_failure"
    }
  }
}
