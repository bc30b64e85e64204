import Foundation

/// A program as a child process. Its output goes to files, so that it never waits for a reader.
///
/// It leads a session of its own. What it started ends with it, unless that has left the session.
final class Command {
  let name: String
  let pid: pid_t
  private let outputPath: String
  private let errorPath: String
  private(set) var status: ExitStatus?

  enum ExitStatus: Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// - Parameters:
  ///   - program: a path, or a name to be looked for in PATH.
  ///   - input: what the program finds on its standard input.
  ///   - directory: where the files are that hold its output.
  init(
    _ program: String, _ arguments: [String], input: String = "", environment: [String: String] = [:],
    directory: URL
  ) throws {
    guard let path = Self.find(program) else {
      throw Failure("\(program) is not installed; Tests/setup installs what the tests need")
    }
    name = URL(filePath: path).lastPathComponent
    let base = directory.appending(path: "\(name).\(UUID().uuidString.prefix(8))").path
    (outputPath, errorPath) = (base + ".out", base + ".err")
    try input.write(toFile: base + ".in", atomically: false, encoding: .utf8)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, base + ".in", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT, 0o600)
    // The program must not get what other tests have open in this process: some count what a server may have. What is
    // closed here is closed in the child alone: others rely on it that a child they start has their descriptors.
    _ = addCloseFrom(&actions, 3)

    // Threads of the tests may block signals that the program must get.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // POSIX_SPAWN_SETSID, which the module Glibc leaves out.
    let newSession: Int16 = 0x80
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | newSession)

    let merged = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    var pid: pid_t = 0
    let code = Self.withCStrings([path] + arguments) { argv in
      Self.withCStrings(merged.map { "\($0.key)=\($0.value)" }) { envp in
        posix_spawn(&pid, path, &actions, &attributes, argv, envp)
      }
    }
    guard code == 0 else { throw Failure("cannot start \(path): \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  deinit {
    if status == nil { kill(pid, SIGKILL) }
    reap(0)
  }

  static func find(_ program: String) -> String? {
    if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("never empty") }
      return body(base)
    }
  }

  /// The output so far.
  var output: String {
    (try? String(decoding: Data(contentsOf: URL(filePath: outputPath)), as: UTF8.self)) ?? ""
  }
  /// The output so far.
  var errorOutput: String {
    (try? String(decoding: Data(contentsOf: URL(filePath: errorPath)), as: UTF8.self)) ?? ""
  }

  func signal(_ number: Int32) {
    if status == nil { kill(pid, number) }
  }

  var isRunning: Bool {
    reap(WNOHANG)
    return status == nil
  }

  /// Waits for the program to end.
  @discardableResult
  func wait(within seconds: Double = 120) throws -> ExitStatus {
    _ = try? eventually("\(name) ends", within: seconds) { isRunning ? nil : true }
    guard let status else {
      throw Failure("\(name) did not end within \(seconds) s:\n\(output)\(errorOutput)")
    }
    return status
  }

  private func reap(_ options: Int32) {
    guard status == nil else { return }
    // Until it is reaped, no other process has its number, or that of its group.
    var ended = siginfo_t()
    guard waitid(P_PID, id_t(pid), &ended, WEXITED | WNOWAIT | options) == 0, ended.si_signo == SIGCHLD else {
      return
    }
    kill(-pid, SIGKILL)
    var raw: Int32 = 0
    guard waitpid(pid, &raw, 0) == pid else { return }
    status = raw & 0x7f == 0 ? .exited(raw >> 8 & 0xff) : .signalled(raw & 0x7f)
  }
}

/// Adds that the child closes all descriptors from one on. The module Glibc leaves it out.
@_silgen_name("posix_spawn_file_actions_addclosefrom_np")
private func addCloseFrom(
  _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: CInt
) -> CInt

/// One sentence: what a test could not do.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Asks again and again until there is an answer; fails when the time is up.
@discardableResult
func eventually<R>(_ what: String, within seconds: Double = 30, _ attempt: () throws -> R?) throws -> R {
  let deadline = ContinuousClock.now + .seconds(seconds)
  var pause: UInt32 = 1000
  while true {
    if let result = try attempt() { return result }
    guard ContinuousClock.now < deadline else { throw Failure("not within \(seconds) s: \(what)") }
    usleep(pause)
    pause = min(pause * 2, 20_000)
  }
}
