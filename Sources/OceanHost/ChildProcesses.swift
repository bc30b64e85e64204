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

  /// How many run at a time.
  private let width: Int
  /// How long one may run.
  private let time: Duration
  /// The octets that are read of what one prints.
  private let limit: Int

  package init(width: Int, time: Duration, limit: Int) {
    (self.width, self.time, self.limit) = (max(width, 1), time, limit)
  }

  /// Runs programs, which are looked for in the usual directories, and read nothing.
  ///
  /// - Parameters:
  ///   - commands: the words of each.
  ///   - report: is told how many have ended.
  /// - Returns: an outcome for each, in their order.
  package func run(_ commands: [[String]], _ report: (Int) -> Void = { _ in }) -> [Outcome] {
    var outcomes = [Outcome?](repeating: nil, count: commands.count)
    var running: [Child] = []
    var (next, done) = (0, 0)
    while done < commands.count {
      while running.count < width, next < commands.count {
        do throws(ChildOutput.StartError) {
          running.append(try Child(commands[next], number: next, until: .now + time))
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
    }
    return outcomes.map { $0 ?? .notStarted(ECANCELED) }
  }

  /// Waits until one of them has printed something, or it is time to look at them.
  private func wait(for children: [Child]) {
    guard !children.isEmpty else { return }
    var ends = children.flatMap(\.openEnds).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
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
    private var printed: [UInt8] = []
    private var complained: [UInt8] = []

    /// Octets of complaints that are kept.
    private static let maxComplaints = 16 << 10

    init(
      _ words: [String], number: Int, until deadline: ContinuousClock.Instant
    ) throws(ChildOutput.StartError) {
      var (out, err): ([Int32], [Int32]) = ([0, 0], [0, 0])
      guard pipe(&out) == 0 else { throw ChildOutput.StartError(code: errno) }
      guard pipe(&err) == 0 else {
        let code = errno
        out.forEach { close($0) }
        throw ChildOutput.StartError(code: code)
      }
      for end in out + err { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      for end in [out[0], err[0]] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
      defer { for end in [out[1], err[1]] { close(end) } }
      do throws(ChildOutput.StartError) {
        pid = try ChildOutput.start(words, input: .nothing, output: out[1], complaints: .descriptor(err[1]))
      } catch {
        for end in [out[0], err[0]] { close(end) }
        throw error
      }
      (self.number, self.deadline) = (number, deadline)
      (output, complaints) = (out[0], err[0])
    }

    var openEnds: [Int32] { [output, complaints].compactMap(\.self) }

    /// Whether it is about to end: a program beside it may hold its standard error open.
    var hasNoMoreOutput: Bool { output == nil }

    /// Reads what is there, and finds out whether it has ended.
    mutating func step(_ limit: Int) -> Outcome? {
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
      for end in openEnds { close(end) }
      (output, complaints) = (nil, nil)
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
