import Glibc
import OceanEngine
import Testing

/// Lines for a descriptor that may not be read.
@Suite struct LineWriterTests {
  /// A pipe that is full from the start, so that a writer waits.
  private final class FullPipe {
    private static let size = 4096
    private let reader: Int32
    private(set) var writer: Int32
    private var received: [UInt8] = []

    init() {
      var ends: [Int32] = [-1, -1]
      _ = pipe(&ends)
      (reader, writer) = (ends[0], ends[1])
      _ = fcntl(writer, 1031, Int32(Self.size))  // F_SETPIPE_SZ
      let filling = [UInt8](repeating: UInt8(ascii: "-"), count: Self.size - 1) + [UInt8(ascii: "\n")]
      _ = write(writer, filling, filling.count)
    }

    deinit {
      closeWriter()
      close(reader)
    }

    func closeWriter() {
      if writer >= 0 { close(writer) }
      writer = -1
    }

    /// Reads until the lines are as wanted, or to the end.
    ///
    /// - Returns: all lines so far, except the one it was filled with.
    func lines(until areWanted: ([String]) -> Bool) -> [String] {
      while true {
        let lines = String(decoding: received, as: UTF8.self).split(separator: "\n").dropFirst().map(
          String.init)
        if received.last == UInt8(ascii: "\n"), areWanted(lines) { return lines }
        var buffer = [UInt8](repeating: 0, count: Self.size)
        let count = read(reader, &buffer, buffer.count)
        guard count > 0 else { return lines }
        received += buffer[..<count]
      }
    }
  }

  @Test func `who writes waits for nobody and order is kept`() {
    let pipe = FullPipe()
    let writer = LineWriter(to: pipe.writer) { "\($0) lost" }
    for number in 0..<3000 { writer.write("\(number)" + (number % 2 == 0 ? "" : "\n")) }
    #expect(!writer.flush(within: 10))
    #expect(pipe.lines { $0.last == "2999" } == (0..<3000).map(String.init))
    #expect(writer.flush(within: 20_000))
  }

  @Test func `what does not fit is counted where it is missing`() {
    let pipe = FullPipe()
    let writer = LineWriter(to: pipe.writer, capacity: 50) { "\($0) lost" }
    for number in 100..<200 { writer.write("\(number)") }
    #expect(!writer.flush(within: 10))
    // Lines that are written while the thread takes the waiting ones continue after a loss: there may be
    // several losses.
    func next(_ lines: [String]) -> Int {
      lines.reduce(100) { next, line in
        if line.hasSuffix(" lost") { return next + (Int(line.dropLast(5)) ?? 1000) }
        return line == "\(next)" ? next + 1 : 1000
      }
    }
    let lines = pipe.lines { next($0) >= 200 }
    #expect(next(lines) == 200, "\(lines)")
    #expect(lines.count { !$0.hasSuffix(" lost") } >= 12 && lines.contains { $0.hasSuffix(" lost") })
    #expect(writer.flush(within: 20_000))
    // It is too long even alone.
    writer.write(String(repeating: "x", count: 60))
    writer.write("last")
    #expect(writer.flush(within: 20_000))
    writer.write("end")
    #expect(writer.flush(within: 20_000))
    let rest = pipe.lines { $0.last == "end" }.dropFirst(lines.count)
    #expect(rest == ["1 lost", "last", "end"] || rest == ["2 lost", "end"])
  }

  /// Like on a disk that is full for a while.
  @Test func `what cannot be written is counted too`() {
    let pipe = FullPipe()
    signal(SIGPIPE, SIG_IGN)
    let descriptor = dup(pipe.writer)
    defer { close(descriptor) }
    let null = open("/dev/full", O_WRONLY | O_CLOEXEC)
    dup2(null, descriptor)
    close(null)
    let writer = LineWriter(to: descriptor) { "\($0) lost" }
    for number in 0..<5 { writer.write("\(number)") }
    #expect(writer.flush(within: 20_000))
    dup2(pipe.writer, descriptor)
    writer.write("end")
    #expect(pipe.lines { $0.last == "end" } == ["5 lost", "end"])
    #expect(writer.flush(within: 20_000))
  }
}
