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
    guard let program = words.first else { throw StartError(code: EINVAL) }
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw StartError(code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input { posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    if isSilent { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) }
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, program, &actions, nil, &arguments, environ)
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      throw StartError(code: code)
    }
    self.pid = pid
    descriptor = ends[0]
  }

  package struct StartError: Error {
    package let code: Int32
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
