import Glibc
import OceanBase

/// One log, read line by line: a file, which may be compressed, or standard input.
final class LogSource {
  /// The longest line that is read. The server's lines are far shorter.
  static let maxLine = 64 << 10
  private static let bufferSize = 256 << 10

  enum Line {
    /// - Parameters:
    ///   - bytes: valid until the next call.
    ///   - isEnded: whether the line has its end. The last line of a log may be cut off.
    case text(UnsafeRawBufferPointer, isEnded: Bool)
    case tooLong
  }

  /// The log's name, for people.
  let name: String
  /// The file's octets; nil for a pipe.
  let octets: UInt64?
  /// The number of the line that was read last.
  private(set) var number = 0
  private let file: Int32
  private let compression: Compression?
  private var child: ChildOutput?
  private let stamp: FileStamp
  /// Where lines are read: the file, or the program that decompresses it.
  private var input: Int32
  private let buffer: UnsafeMutableRawBufferPointer
  private var unread = 0..<0
  private var isAtEnd = false

  /// - Parameter path: `-` is standard input.
  init(_ path: String) throws(Failure) {
    name = (path == Files.standardInput ? "standard input" : path).escapedForDisplay
    let file =
      path == Files.standardInput ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failure("cannot read \(name): \(errorText(errno))") }
    (self.file, input) = (file, file)
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      close(file)
      throw Failure("cannot read \(name): it is a directory; give the log itself")
    }
    let isRegular = status.st_mode & S_IFMT == S_IFREG
    octets = isRegular ? UInt64(clamping: status.st_size) : nil
    stamp = FileStamp(status)
    var start = [UInt8](repeating: 0, count: Compression.magicOctets)
    let count = isRegular ? pread(file, &start, start.count, 0) : 0
    compression = start.withUnsafeBytes {
      Compression(UnsafeRawBufferPointer(rebasing: $0[..<max(count, 0)]))
    }
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 16)
  }

  deinit {
    if let child = child.take() { _ = child.end() }
    buffer.deallocate()
    close(file)
  }

  /// Whether both are the same file.
  func isSame(as other: LogSource) -> Bool { stamp.isSameFile(as: other.stamp) && octets != nil }

  /// How much of the file has been read.
  var octetsRead: UInt64 {
    // A program that decompresses it shares the position.
    octets == nil ? 0 : UInt64(max(lseek(file, 0, SEEK_CUR), 0))
  }

  /// Goes back to the first line of a file.
  func rewind() throws(Failure) {
    if let child = child.take() { _ = child.end() }
    guard lseek(file, 0, SEEK_SET) == 0 else { throw failure(errno) }
    (unread, isAtEnd, number, input) = (0..<0, false, 0, file)
  }

  /// - Returns: nil at the end.
  func next() throws(Failure) -> Line? {
    guard let line = try find() else { return nil }
    number += 1
    return line
  }

  private func find() throws(Failure) -> Line? {
    var isTooLong = false
    while true {
      let rest = UnsafeRawBufferPointer(rebasing: buffer[unread])
      if let base = rest.baseAddress, let found = memchr(base, 0x0a, rest.count) {
        let length = base.distance(to: UnsafeRawPointer(found))
        unread = unread.lowerBound + length + 1..<unread.upperBound
        if isTooLong || length > Self.maxLine { return .tooLong }
        return .text(UnsafeRawBufferPointer(rebasing: rest[..<length]), isEnded: true)
      }
      if isAtEnd {
        unread = 0..<0
        if isTooLong { return .tooLong }
        return rest.isEmpty ? nil : .text(rest, isEnded: false)
      }
      if rest.count > Self.maxLine {
        isTooLong = true
        unread = 0..<0
      }
      try fill()
    }
  }

  /// Reads more behind what is unread.
  private func fill() throws(Failure) {
    if input == file, let compression { try start(compression) }
    let count = unread.count
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[unread]))
    unread = 0..<count
    let space = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
    while true {
      let read = Glibc.read(input, space.baseAddress, space.count)
      if read < 0, errno == EINTR { continue }
      guard read >= 0 else { throw failure(errno) }
      unread = 0..<count + read
      if read == 0 { try end() } else if number == 0, count == 0, octets == nil { try refusePacked() }
      return
    }
  }

  private func start(_ compression: Compression) throws(Failure) {
    guard lseek(file, 0, SEEK_SET) == 0 else { throw failure(errno) }
    do throws(ChildOutput.StartError) {
      let program = try ChildOutput(compression.command, input: file, isSilent: true)
      input = program.descriptor
      child = consume program
    } catch {
      throw Failure(
        "\(name) is compressed with \(compression.rawValue), which cannot be run here: \(errorText(error.code))"
      )
    }
  }

  private func end() throws(Failure) {
    isAtEnd = true
    guard let child = child.take(), let compression else { return }
    guard child.end() else {
      throw Failure("\(name) is damaged or cut off: \(compression.rawValue) cannot decompress all of it")
    }
  }

  /// What a pipe brings cannot be given to another program any more.
  private func refusePacked() throws(Failure) {
    guard let compression = Compression(UnsafeRawBufferPointer(rebasing: buffer[unread])) else { return }
    throw Failure(
      "\(name) is compressed: decompress it first, with \(compression.command.joined(separator: " "))")
  }

  private func failure(_ code: Int32) -> Failure { Failure("cannot read \(name): \(errorText(code))") }
}
