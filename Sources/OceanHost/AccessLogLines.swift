import FoundationEssentials
import Glibc
import OceanBase
import OceanCompiler
package import OceanPlan
import OceanSyntax

/// Reads access logs to be replayed, line by line: a log may be larger than memory.
package struct AccessLogLines {
  /// The first bytes of a gzip file (RFC 1952 §2.3.1).
  private static let gzip: [UInt8] = [0x1f, 0x8b]
  private static let maxPlaces = 3

  package private(set) var replay: Replay
  /// How many lines are not of an access log. A full disk leaves half a line, and so does cutting a log in
  /// two.
  package private(set) var unreadable = 0
  private var places: [String] = []
  private var hasLines = false

  package init(_ replay: Replay) { self.replay = replay }

  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - unpacked: the command that decompresses the file into standard input.
  package mutating func read(_ path: String, unpacked: String) throws(Failure) {
    let (stream, name) = try open(path)
    defer { fclose(stream) }
    let decoder = JSONDecoder()
    var (buffer, capacity, number) = (nil as UnsafeMutablePointer<CChar>?, 0, 0)
    defer { free(buffer) }
    while true {
      errno = 0
      let count = getline(&buffer, &capacity, stream)
      guard count >= 0, let buffer else { break }
      number += 1
      let bytes = Data(bytes: buffer, count: count)
      if number == 1, bytes.starts(with: Self.gzip) {
        throw Failure("\(name) is compressed: zcat \(Files.absolute(path).shellQuoted) | \(unpacked)")
      }
      guard bytes.contains(where: { $0 > 32 }) else { continue }
      if let line = try? decoder.decode(Replay.Line.self, from: bytes) {
        hasLines = true
        replay.add(line)
      } else {
        unreadable += 1
        if places.count < Self.maxPlaces { places.append("\(name):\(number)") }
      }
    }
    guard ferror(stream) == 0 else {
      throw Failure("cannot read \(name): \(errorText(errno))")
    }
  }

  /// - Throws: if there was something to read, and no line of it is of an access log.
  package func requireLines() throws(Failure) {
    guard !hasLines, let place = places.first else { return }
    throw Failure("\(place): this is not a line of an access log, and neither is any other")
  }

  /// How many lines could not be read; nil if all could.
  package var summary: String? {
    if unreadable == 0 { return nil }
    let more = unreadable > places.count ? ", and \(unreadable - places.count) more" : ""
    return "not read: \(counted(unreadable, "broken line")), \(places.joined(separator: ", "))\(more)"
      .escapedForDisplay
  }

  private func open(_ path: String) throws(Failure) -> (UnsafeMutablePointer<FILE>, name: String) {
    let name = path == Files.standardInput ? "standard input" : path
    let stream = path == Files.standardInput ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re")
    guard let stream else { throw Failure("cannot read \(name): \(errorText(errno))") }
    var status = stat()
    guard fstat(fileno(stream), &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      fclose(stream)
      throw Failure("cannot read \(name): it is a directory; give the log itself")
    }
    return (stream, name)
  }
}
