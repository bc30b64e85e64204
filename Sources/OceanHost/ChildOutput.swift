import Glibc
import OceanBase

/// The output of a program that runs beside this one.
package struct ChildOutput: ~Copyable {
  private let pid: pid_t
  /// Where the output is read.
  package let descriptor: Int32

  /// Starts a program, which is looked for in the usual directories unless its name is a path.
  ///
  /// - Parameters:
  ///   - input: what it reads; nil for what this process reads.
  ///   - isSilent: whether its complaints are dropped.
  /// - Throws: the system's error.
  package init(_ words: [String], input: Int32? = nil, isSilent: Bool = false) throws(StartError) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw StartError(code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[1]) }
    do throws(StartError) {
      pid = try Self.start(
        words, input: input.map(Stream.descriptor), output: ends[1], complaints: isSilent ? .nothing : nil)
    } catch {
      close(ends[0])
      throw error
    }
    descriptor = ends[0]
  }

  package struct StartError: Error {
    package let code: Int32
  }

  /// What stands for a standard stream of a program.
  enum Stream {
    case descriptor(Int32)
    /// It has no input, or nobody reads what it writes.
    case nothing
  }

  /// Starts a program, which is looked for in the usual directories unless its name is a path.
  ///
  /// - Parameters:
  ///   - input: what it reads; nil for what this process reads.
  ///   - complaints: where its standard error goes; nil for that of this process.
  ///   - isApart: whether a key that interrupts this process at a terminal leaves it alone.
  static func start(
    _ words: [String], input: Stream?, output: Int32, complaints: Stream?, isApart: Bool = false
  ) throws(StartError) -> pid_t {
    guard let program = words.first else { throw StartError(code: EINVAL) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    for (stream, number, mode) in [(input, STDIN_FILENO, O_RDONLY), (complaints, STDERR_FILENO, O_WRONLY)] {
      switch stream {
      case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, number)
      case .nothing: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", mode, 0)
      case nil: break
      }
    }
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if isApart { posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP)) }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, program, &actions, &attributes, &arguments, environ)
    guard code == 0 else { throw StartError(code: code) }
    return pid
  }

  /// Waits for the program's end. One that still writes is ended by that.
  ///
  /// - Returns: whether it ended well.
  package consuming func end() -> Bool {
    close(descriptor)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 { guard errno == EINTR else { return false } }
    return status == 0
  }
}
