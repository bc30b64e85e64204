import Glibc
import OceanBase

/// Programs that run side by side, each with a deadline, and what they print.
package struct ChildProcesses {
  /// What became of a program.
  package enum Outcome: Sendable, Hashable {
    /// It ended.
    case ended(Ending)
    /// It did not end in time, and was killed.
    case late
    /// It printed more than is read, and was killed.
    case tooLong
    /// It could not be started: an error of the system.
    case notStarted(Int32)
  }

  package struct Ending: Sendable, Hashable {
    /// 128 and the number of the signal that killed it, as in a shell.
    package var status: Int32
    package var output: [UInt8]
    /// What it printed to standard error.
    package var complaints: [UInt8]

    package init(status: Int32, output: [UInt8], complaints: [UInt8]) {
      (self.status, self.output, self.complaints) = (status, output, complaints)
    }
  }

  /// A program, and what it reads.
  package struct Command: Sendable, Hashable {
    package var words: [String]
    package var input: [UInt8]

    package init(_ words: [String], input: [UInt8] = []) { (self.words, self.input) = (words, input) }
  }

  /// How many run at a time.
  private let width: Int
  /// How long one may run.
  private let time: Duration
  /// The octets that are read of what one prints.
  private let limit: Int
  /// Whether a key that interrupts this process at a terminal leaves them alone.
  private let areApart: Bool

  package init(width: Int, time: Duration, limit: Int, areApart: Bool = false) {
    (self.width, self.time, self.limit, self.areApart) = (max(width, 1), time, limit, areApart)
  }

  /// Runs programs, which are looked for in the usual directories.
  ///
  /// - Parameters:
  ///   - patience: if there is one, all run at once, and each is given its input only when all have printed a line. If one ends
  ///     before, or that takes longer, none is given any.
  ///   - report: is told how many have ended.
  /// - Returns: an outcome for each, in their order.
  package func run(
    _ commands: [Command], jointlyWithin patience: Duration? = nil, _ report: (Int) -> Void = { _ in }
  ) -> [Outcome] {
    let width = patience == nil ? width : max(commands.count, 1)
    let end = patience.map { .now + $0 } ?? ContinuousClock.now
    var outcomes = [Outcome?](repeating: nil, count: commands.count)
    var running: [Child] = []
    var (next, done) = (0, 0)
    var isHeld = patience != nil
    while done < commands.count {
      while running.count < width, next < commands.count {
        do throws(ChildOutput.StartError) {
          running.append(
            try Child(
              commands[next], number: next, until: .now + time, isHeld: isHeld, isApart: areApart))
        } catch {
          outcomes[next] = .notStarted(error.code)
          done += 1
          report(done)
        }
        next += 1
      }
      wait(for: running)
      var rest: [Child] = []
      for var child in running {
        if let outcome = child.step(limit) {
          outcomes[child.number] = outcome
          done += 1
          report(done)
        } else {
          rest.append(child)
        }
      }
      running = rest
      guard isHeld else { continue }
      let isTooLate = done > 0 || .now > end
      if isTooLate || running.allSatisfy(\.hasPrintedLine) {
        isHeld = false
        for index in running.indices { running[index].release(withInput: !isTooLate) }
      }
    }
    return outcomes.map { $0 ?? .notStarted(ECANCELED) }
  }

  /// Waits until one of them has printed something, or it is time to look at them.
  private func wait(for children: [Child]) {
    guard !children.isEmpty else { return }
    var ends = children.flatMap(\.openEnds).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    ends += children.compactMap(\.writableEnd).map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
    let left = children.map { ContinuousClock.now.duration(to: $0.deadline) }.min() ?? .zero
    let milliseconds = Int32(clamping: left.components.seconds) &* 1000 &+ 50
    // One that has closed its output ends soon, and nothing tells when.
    let isEnding = children.contains { $0.openEnds.isEmpty || $0.hasNoMoreOutput }
    poll(&ends, nfds_t(ends.count), isEnding ? 5 : min(max(milliseconds, 5), 1000))
  }

  private struct Child {
    let number: Int
    let deadline: ContinuousClock.Instant
    private let pid: pid_t
    private var output: Int32?
    private var complaints: Int32?
    private var input: Int32?
    private var unread: ArraySlice<UInt8>
    private var isHeld: Bool
    private var printed: [UInt8] = []
    private var complained: [UInt8] = []

    /// Octets of complaints that are kept.
    private static let maxComplaints = 16 << 10

    init(
      _ command: Command, number: Int, until deadline: ContinuousClock.Instant, isHeld: Bool, isApart: Bool
    ) throws(ChildOutput.StartError) {
      var (out, err, into): ([Int32], [Int32], [Int32]) = ([0, 0], [0, 0], [])
      guard pipe(&out) == 0 else { throw ChildOutput.StartError(code: errno) }
      guard pipe(&err) == 0 else {
        let code = errno
        out.forEach { close($0) }
        throw ChildOutput.StartError(code: code)
      }
      if isHeld || !command.input.isEmpty {
        // A socket, because writing to a pipe that nobody reads would end this process.
        into = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &into) == 0 else {
          let code = errno
          (out + err).forEach { close($0) }
          throw ChildOutput.StartError(code: code)
        }
      }
      for end in out + err + into { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      for end in [out[0], err[0]] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
      defer { for end in [out[1], err[1]] + into.dropFirst() { close(end) } }
      do throws(ChildOutput.StartError) {
        pid = try ChildOutput.start(
          command.words, input: into.last.map { .descriptor($0) } ?? .nothing, output: out[1],
          complaints: .descriptor(err[1]), isApart: isApart)
      } catch {
        for end in [out[0], err[0]] + into.prefix(1) { close(end) }
        throw error
      }
      (self.number, self.deadline, self.isHeld) = (number, deadline, isHeld)
      (output, complaints, input) = (out[0], err[0], into.first)
      unread = command.input[...]
    }

    var hasPrintedLine: Bool { printed.contains(UInt8(ascii: "\n")) }

    /// The end that takes more of its input.
    var writableEnd: Int32? { isHeld || unread.isEmpty ? nil : input }

    /// Gives it its input, or the end of it.
    mutating func release(withInput: Bool) {
      isHeld = false
      if !withInput { unread = [] }
      feed()
    }

    /// Writes what it takes of its input.
    private mutating func feed() {
      guard let end = input, !isHeld else { return }
      while !unread.isEmpty {
        let count = unread.withUnsafeBytes {
          send(end, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN { return }
        // Nobody reads any more: its end says why.
        guard count > 0 else { break }
        unread.removeFirst(count)
      }
      close(end)
      input = nil
    }

    var openEnds: [Int32] { [output, complaints].compactMap(\.self) }

    /// Whether it is about to end: a program beside it may hold its standard error open.
    var hasNoMoreOutput: Bool { output == nil }

    /// Reads what is there, and finds out whether it has ended.
    mutating func step(_ limit: Int) -> Outcome? {
      feed()
      Self.read(&output, into: &printed)
      Self.read(&complaints, into: &complained)
      if complained.count > Self.maxComplaints {
        complained.removeLast(complained.count - Self.maxComplaints)
      }
      if printed.count > limit { return killed(.tooLong) }
      if output == nil {
        var status: Int32 = 0
        let ended = waitpid(pid, &status, WNOHANG)
        if ended != 0 {
          Self.read(&complaints, into: &complained)
          closeAll()
          let code = ended < 0 ? 127 : status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
          return .ended(Ending(status: code, output: printed, complaints: complained))
        }
      }
      return ContinuousClock.now >= deadline ? killed(.late) : nil
    }

    private mutating func killed(_ outcome: Outcome) -> Outcome {
      kill(pid, SIGKILL)
      closeAll()
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0 { guard errno == EINTR else { break } }
      return outcome
    }

    private mutating func closeAll() {
      for end in openEnds + [input].compactMap(\.self) { close(end) }
      (output, complaints, input) = (nil, nil, nil)
    }

    /// Reads all that is there; closes the end once there will be no more.
    private static func read(_ end: inout Int32?, into bytes: inout [UInt8]) {
      guard let descriptor = end else { return }
      var chunk = [UInt8](repeating: 0, count: 64 << 10)
      // What comes without end is looked at between chunks.
      for _ in 0..<16 {
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count > 0 {
          bytes += chunk[..<count]
        } else if count < 0, errno == EINTR {
          continue
        } else if count < 0, errno == EAGAIN {
          return
        } else {
          close(descriptor)
          end = nil
          return
        }
      }
    }
  }
}
