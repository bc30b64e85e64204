import Glibc
import OceanBase
import Synchronization
import TestSupport
import Testing

@testable import OceanStore

/// A Maildir and a state directory that exist as long as this object.
final class Fixture: Sendable {
  private let directory: TemporaryDirectory
  var root: String { directory.path }
  var maildir: String { root + "/mail" }

  init() {
    guard let directory = try? TemporaryDirectory() else { preconditionFailure("no temporary directory") }
    self.directory = directory
    for directory in ["", "/new", "/cur", "/tmp"] { mkdir(maildir + directory, 0o700) }
  }

  /// A store whose clock runs ahead of the files' by some seconds: beyond two, every stamp is settled.
  func store(
    cacheBytes: Int = 64 << 20, ahead seconds: Int64 = 0, index: IndexFile = IndexFile(.none),
    watchedFrom: Int = 4096
  ) throws -> MaildirStore {
    try MaildirStore(lockDirectory: root, cacheBytes: cacheBytes, index: index, watchedFrom: watchedFrom) {
      SystemClock.files.now + seconds * 1_000_000_000
    }
  }

  /// A store with a different clock.
  func store(now: @escaping @Sendable () -> Int64) throws -> MaildirStore {
    try MaildirStore(lockDirectory: root, cacheBytes: 64 << 20, now: now)
  }

  /// A store as after a restart: it knows only what the index contains.
  func indexed(
    _ location: IndexLocation? = nil, ahead seconds: Int64 = 10, watchedFrom: Int = 4096,
    write: @escaping WriteFunction = writeSome
  ) throws -> MaildirStore {
    let index = IndexFile(location ?? .directory(root), write: write)
    return try store(ahead: seconds, index: index, watchedFrom: watchedFrom)
  }

  var indexPath: String { IndexLocation.directory(root).path(for: maildir) ?? "" }

  func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
  }

  func replace(_ path: String, with bytes: some Collection<UInt8>) {
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "cannot write \(path)")
    Array(bytes).withUnsafeBytes { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
  }

  func write(_ name: String, _ content: String = "a\n") { write(Array(name.utf8), Array(content.utf8)) }

  /// - Parameter name: relative to the Maildir, any bytes.
  func write(_ name: [UInt8], _ content: [UInt8]) {
    let path = maildir.utf8CString.dropLast() + [0x2f] + name.map { CChar(bitPattern: $0) } + [0]
    let descriptor = open(Array(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "cannot write \(name)")
    var written = 0
    while written < content.count {
      let count = content[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      precondition(count > 0)
      written += count
    }
    close(descriptor)
  }

  /// Waits, at most some milliseconds, until files get a stamp that differs from those written so far.
  func awaitNextStamp() {
    let now = SystemClock.files.now
    while SystemClock.files.now == now { sched_yield() }
  }

  func rename(_ from: String, _ to: String) {
    let result = Glibc.rename(maildir + "/" + from, maildir + "/" + to)
    precondition(result == 0, "cannot rename \(from)")
  }

  func remove(_ name: String) { Glibc.remove(maildir + "/" + name) }

  /// The messages that this process has open.
  func openFiles() -> [String] {
    (0..<1024).compactMap { descriptor in
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      guard readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count - 1) > 0 else { return nil }
      return buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }
    .filter { $0.hasPrefix(maildir + "/new/") || $0.hasPrefix(maildir + "/cur/") }.sorted()
  }

  func exists(_ name: String) -> Bool {
    var status = stat()
    return lstat(maildir + "/" + name, &status) == 0
  }
}

/// The clock that stamps files, some seconds ahead.
final class ShiftedClock: Sendable {
  private let ahead: Atomic<Int64>

  init(ahead seconds: Int64) { ahead = Atomic(seconds * 1_000_000_000) }

  func advance(seconds: Int64) { ahead.wrappingAdd(seconds * 1_000_000_000, ordering: .relaxed) }

  var now: @Sendable () -> Int64 {
    { [self] in SystemClock.files.now + ahead.load(ordering: .relaxed) }
  }
}

extension Mailbox {
  func uidl(_ index: Int) -> String {
    withUnsafeTemporaryAllocation(byteCount: 255, alignment: 1) { space in
      String(decoding: space[..<copyUIDL(of: index, to: space)], as: UTF8.self)
    }
  }

  var uidls: [String] { (0..<count).map(uidl) }

  var sizes: [UInt64] { (0..<count).map(octets) }

  func content(_ index: Int) throws -> [UInt8] {
    let file = try openMessage(index)
    var content: [UInt8] = []
    // Small and of odd length, so that reading takes several calls.
    var buffer = [UInt8](repeating: 0, count: 4093)
    while true {
      let count = try buffer.withUnsafeMutableBytes {
        try file.read(into: $0, at: UInt64(content.count))
      }
      if count == 0 { return content }
      content += buffer[..<count]
    }
  }

  func text(_ index: Int) throws -> String { String(decoding: try content(index), as: UTF8.self) }
}
