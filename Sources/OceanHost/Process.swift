import CLinux
import Glibc
import NIOCore
import OceanBase
import OceanCompiler
package import OceanPlan

/// Prepares the process before it starts its first thread.
package enum Process {
  /// Becomes the plan's user, and gives up what a server does not need.
  ///
  /// Capabilities and ids belong to threads, so there must be only one thread.
  package static func prepare(_ plan: Plan) throws(Failure) {
    // The kernel may list a thread that has just ended for a moment.
    for _ in 1...1000 where ocean_thread_count() > 1 { usleep(1000) }
    switch ocean_thread_count() {
    case 1: break
    case -1:
      throw Failure("cannot give up privileges: /proc/self/task cannot be read; is /proc mounted?")
    default: throw Failure("cannot give up privileges: threads are running already")
    }
    if let name = plan.server.user {
      guard let user = User(named: name) else {
        throw Failure("there is no user '\(name)' on this host (server.user)")
      }
      try become(user, name)
    }
    guard ocean_harden_process() else {
      throw Failure("cannot forbid core dumps and new privileges: \(errorText(errno))")
    }
    // The latter two are sent to servers that reopen their logs then, and would end this one.
    for number in [SIGPIPE, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
  }

  /// The path of this program, for commands that somebody pastes.
  package static var path: String { Files.real("/proc/self/exe") ?? "ocean" }

  /// Raises the number of files the process may have open to the most the system allows, and returns it.
  package static func raiseFileLimit() -> Int {
    let limit = Int(ocean_raise_file_limit())
    return limit > 0 ? limit : .max
  }

  /// Opens descriptors 0 to 2 if they are closed: the next file opened would get the number, and be written
  /// to.
  package static func holdStandardDescriptors() {
    for fd in STDIN_FILENO...STDERR_FILENO where fcntl(fd, F_GETFD) < 0 {
      // Using the descriptor still fails, as it would have.
      _ = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  private static func become(_ user: User, _ name: String) throws(Failure) {
    if geteuid() == user.uid, geteuid() != 0 { return }
    guard geteuid() == 0 else {
      throw Failure("only root can become the user '\(name)': start as root, or as that user")
    }
    let step = ocean_become_user(name, user.uid, user.gid)
    guard step == OCEAN_PRIVILEGE_OK else {
      throw Failure("cannot become the user '\(name)': \(errorText(errno))")
    }
  }

  /// Allows one server per state directory. The lock goes with the process, however it ends.
  package static func lockState(_ server: Plan.Server) throws(Failure) {
    let directory = server.state
    let path = directory + "/ocean.lock"
    let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600)
    guard fd >= 0 else {
      let code = errno
      var reason = errorText(code)
      if code == EACCES, let user = server.user {
        // If the directory is not the cause, the cause is what another user's server has left in it.
        let command =
          access(directory, W_OK | X_OK) == 0 ? "chown -R \(user)" : "install -d -o \(user) -m 750"
        reason += "; as root: \(command) \(shellWord(directory))"
      }
      let subject = server.user.map { "the user '\($0)' " } ?? ""
      throw Failure("\(subject)cannot write to the state directory \(directory): \(reason)")
    }
    guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
      close(fd)
      throw Failure("another ocean uses the state directory \(directory)")
    }
    // The descriptor stays open until the process ends.
  }

  /// How many cores work for this process: the machine's, less what its control group or its affinity
  /// withholds.
  package static var usableCores: Int {
    let allowed = Int(ocean_usable_cores())
    return allowed > 0 ? min(System.coreCount, allowed) : System.coreCount
  }

  /// The sockets that systemd passed (sd_listen_fds(3)); empty if they are for another process.
  package static func takeListenDescriptors() -> [Int32] {
    defer {
      unsetenv("LISTEN_PID")
      unsetenv("LISTEN_FDS")
      unsetenv("LISTEN_FDNAMES")
    }
    guard let pid = getenv("LISTEN_PID").flatMap({ Int32(String(cString: $0)) }), pid == getpid(),
      let count = getenv("LISTEN_FDS").flatMap({ Int32(String(cString: $0)) }), (1...1024).contains(count)
    else { return [] }
    return (3..<(3 + count)).map { fd in
      _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
      return fd
    }
  }
}
